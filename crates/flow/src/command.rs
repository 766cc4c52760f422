//! What goes into the machine and what comes out of it.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Body, Error, Listen, Undo};

/// One execution of a task within a run. Unique in the run, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivationId(pub u64);

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimerKind {
    /// A `wait` task.
    Wait,
    /// The delay before a retry.
    Retry,
    /// The timeout of a task, of an attempt or of the run.
    Timeout,
}

/// What happened outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Input {
    /// A call came back.
    CallEnded {
        /// The task that called.
        activation: ActivationId,
        /// Its value or its fault.
        #[serde(with = "outcome")]
        result: Result<Value, Error>,
    },
    /// A timer is due.
    TimerFired {
        /// The task that set it.
        activation: ActivationId,
        /// Which of its timers.
        timer: TimerKind,
    },
    /// An event a task listens for.
    EventArrived {
        /// The task that listens.
        activation: ActivationId,
        /// The event, structured CloudEvents JSON.
        event: Value,
    },
    /// Someone cancels the run.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// `Result` as `{"ok": ..}` or `{"error": ..}`.
mod outcome {
    use super::{Deserialize, Error, Serialize, Value};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    enum Out<'a> {
        Ok(&'a Value),
        Error(&'a Error),
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum In {
        Ok(Value),
        Error(Error),
    }

    pub(super) fn serialize<S: Serializer>(result: &Result<Value, Error>, to: S) -> Result<S::Ok, S::Error> {
        match result {
            Ok(value) => Out::Ok(value),
            Err(error) => Out::Error(error),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Result<Value, Error>, D::Error> {
        Ok(match In::deserialize(from)? {
            In::Ok(value) => Ok(value),
            In::Error(error) => Err(error),
        })
    }
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make a call.
    Call {
        /// The task that calls.
        activation: ActivationId,
        /// JSON pointer of the task.
        task: Arc<str>,
        /// Stable key of (task, iteration): the same for each attempt of a retry, different for any other execution.
        key: String,
        /// Attempt, from 1; those of all enclosing retries count.
        attempt: u32,
        /// What to call.
        call: Call,
        /// The task's metadata, expressions evaluated.
        metadata: Value,
        /// What undoes it, in words, when it has an undo: the undo is armed.
        undo: Option<String>,
    },
    /// Give up a call whose result no longer matters.
    CancelCall {
        /// The task that called.
        activation: ActivationId,
    },
    /// Wake a task later.
    SetTimer {
        /// The task.
        activation: ActivationId,
        /// JSON pointer of the task.
        task: Arc<str>,
        /// Which of its timers.
        timer: TimerKind,
        /// When.
        due: Timestamp,
    },
    /// A timer is no longer needed.
    CancelTimer {
        /// The task.
        activation: ActivationId,
        /// Which of its timers.
        timer: TimerKind,
    },
    /// Deliver events that match.
    Listen {
        /// The task that listens.
        activation: ActivationId,
        /// JSON pointer of the task.
        task: Arc<str>,
        /// What it listens for.
        listen: Listen,
        /// The task's metadata, expressions evaluated.
        metadata: Value,
    },
    /// Deliver no more events.
    StopListening {
        /// The task that listened.
        activation: ActivationId,
    },
    /// Publish an event.
    Emit {
        /// JSON pointer of the task.
        task: Arc<str>,
        /// The event, structured CloudEvents JSON, complete.
        event: Value,
    },
    /// Something was undone, or could not be; for journals and timelines.
    Undo(Undo),
    /// A task was entered or left; for timelines and tests.
    Trace(Trace),
    /// The run is over. Always the last command.
    End(End),
}

/// A task was entered or left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// JSON pointer of the task.
    pub task: Arc<str>,
    /// What happened.
    pub kind: TraceKind,
}

/// What happened to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceKind {
    /// It began.
    Entered,
    /// Its `if` was not met.
    Skipped,
    /// It completed.
    Completed,
    /// It raised an error, or one passed through it.
    Faulted,
    /// It was cancelled.
    Cancelled,
}

/// What to call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Call {
    /// An HTTP request.
    Http(HttpCall),
    /// A function that the definition does not define itself.
    Function {
        /// Name.
        name: String,
        /// Arguments.
        with: Value,
    },
}

/// An HTTP request, everything evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpCall {
    /// Method, in capitals.
    pub method: String,
    /// Absolute URI, or a path for the one who calls to resolve.
    pub uri: String,
    /// Headers.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// Query parameters to be appended; a name may occur more than once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Authentication policy as the DSL writes it (`basic`, `bearer`, `digest`, `oauth2`, `oidc`), secrets filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Value>,
    /// What the task's result is made of.
    pub output: HttpOutput,
    /// Whether answers of the 300s are results rather than errors.
    #[serde(default)]
    pub redirect: bool,
}

/// What the result of an HTTP call is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HttpOutput {
    /// The body, deserialised.
    #[default]
    Content,
    /// The body, base64.
    Raw,
    /// Request, status, headers and body.
    Response,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With an output.
    Completed {
        /// The run's output.
        output: Value,
    },
    /// With an error nobody caught.
    Faulted {
        /// The error; `instance` points to the task.
        error: Error,
    },
    /// By someone from outside.
    Cancelled {
        /// Why.
        reason: String,
    },
}

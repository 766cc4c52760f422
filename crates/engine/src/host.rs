//! The edge of the engine: who carries out what a run decides.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use throughline_flow as flow;
use throughline_store::{Effect, RunId};

/// A call a run has decided on; its intent is durable.
#[derive(Debug, Clone)]
pub struct CallRequest {
    /// The run that calls.
    pub run: RunId,
    /// The tenant the run belongs to.
    pub tenant: String,
    /// Flow name.
    pub flow: String,
    /// The run's business key, if any.
    pub business_key: Option<String>,
    /// JSON pointer of the task.
    pub task: String,
    /// Same for every attempt of one (run, task, iteration), different for any other: `<run>:<task key>`.
    pub idempotency_key: String,
    /// 1 for the first attempt made by the flow's retry policy.
    pub attempt: u32,
    /// An earlier execution or attempt of this call may have taken effect: look before sending.
    pub in_doubt: bool,
    /// What to call.
    pub call: flow::Call,
    /// The task's metadata, expressions evaluated.
    pub metadata: Value,
}

/// How a call ended.
#[derive(Debug)]
pub enum CallOutcome {
    /// It returned a value or a fault that is known.
    Known {
        /// What the run sees.
        result: Result<Value, flow::Error>,
        /// Rows that become durable together with the outcome.
        effects: Vec<Effect>,
    },
    /// The request went out and no answer came: the effect may or may not have happened. The engine asks again with
    /// `in_doubt` set, after a delay.
    Unknown {
        /// What is known about the failure, for people.
        reason: String,
        /// How long to wait before looking, when the system said so.
        retry_after: Option<Duration>,
    },
}

impl CallOutcome {
    /// A plain value without effects.
    pub fn value(value: Value) -> Self {
        Self::Known { result: Ok(value), effects: Vec::new() }
    }

    /// A fault without effects.
    pub fn fault(error: flow::Error) -> Self {
        Self::Known { result: Err(error), effects: Vec::new() }
    }
}

/// Carries out calls and supplies what the pure machine may not fetch itself.
pub trait Host: Send + Sync + 'static {
    /// Executes one call. Must not panic; must end within a bounded time.
    fn call(&self, request: Arc<CallRequest>) -> BoxFuture<'static, CallOutcome>;
    /// The value of a secret a definition declares, if this installation has it.
    fn secret(&self, name: &str) -> Option<Value>;
}

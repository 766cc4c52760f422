//! What the engine writes into a run's journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_flow as flow;
use throughline_store::{Entry, EntryKind, RunId};

use crate::host::Host;

/// Body of a `Started` entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's input, as given.
    pub input: Value,
}

/// The same, to be written.
#[derive(Serialize)]
pub(crate) struct Started<'a> {
    pub(crate) input: &'a Value,
}

/// Body of a `CallIntent` entry: what is about to be called. Holds no arguments: they follow from the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CallIntent {
    /// Activation of the task.
    pub activation: u64,
    /// JSON pointer of the task.
    pub task: String,
    /// Stable key of task and iteration.
    pub key: String,
    /// Attempt, from 1.
    pub attempt: u32,
    /// What is called, for people: a capability name, or method, host and path.
    pub call: String,
    /// What undoes it, when it has an undo: from this entry on, it may have to be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

/// Body of a `Note` entry about undoing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UndoNote {
    /// In words.
    pub text: String,
    /// What happened.
    pub undo: flow::Undo,
}

/// Body of every entry that moved the machine: an outcome, a timer, an event, a cancellation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepRecord {
    /// What came in.
    pub input: flow::Input,
    /// How often the call was repeated because its outcome was unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeats: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Makes an entry of a serialisable body.
pub(crate) fn entry(at: Timestamp, kind: EntryKind, body: &impl Serialize) -> Entry {
    let body = serde_json::to_vec(body).expect("journal bodies are plain JSON data");
    Entry { at, kind, body }
}

/// Describes a call without its arguments, query or secrets.
pub(crate) fn describe(call: &flow::Call) -> String {
    match call {
        flow::Call::Http(http) => {
            let uri = http.uri.split(['?', '#']).next().unwrap_or_default();
            format!("{} {uri}", http.method.to_uppercase())
        }
        flow::Call::Function { name, .. } => name.clone(),
    }
}

/// The environment of one step: everything the pure machine may know besides its state.
pub(crate) fn with_env<T>(
    run: RunId,
    created_at: Timestamp,
    now: Timestamp,
    step: i64,
    host: &dyn Host,
    f: impl FnOnce(&flow::Env<'_>) -> T,
) -> T {
    let id = run.to_string();
    let seed = (run.0 as u64) ^ (step as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let secrets = |name: &str| host.secret(name);
    f(&flow::Env { now, seed, run_id: &id, started_at: created_at, secrets: &secrets })
}

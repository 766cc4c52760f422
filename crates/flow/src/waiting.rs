//! What a run waits for.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{ActivationId, Listen, TimerKind};

/// One thing that can move a run on.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The task that waits.
    pub activation: ActivationId,
    /// JSON pointer of the task.
    pub task: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// What for.
    pub what: WaitingFor,
    /// The task's metadata, expressions evaluated.
    pub metadata: Value,
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitingFor {
    /// The end of a call.
    Call {
        /// What is called: the function's name, or method and URI without its query.
        call: String,
    },
    /// A timer.
    Timer {
        /// When it fires.
        due: Timestamp,
        /// What it is for.
        kind: TimerKind,
    },
    /// Events.
    Event {
        /// Which.
        listen: Listen,
    },
}

//! A run's timeline as the API shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_hub::timeline::{Fault, Step, What};
use utoipa::ToSchema;

/// An error a step or run ended with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultView {
    /// Type, an address.
    #[serde(rename = "type")]
    pub type_: String,
    /// Status.
    pub status: u16,
    /// The system's own code, or the class of the error.
    pub title: String,
    /// In words.
    pub detail: String,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It has begun and not ended.
    Open,
    /// It ended well.
    Done,
    /// It ended with an error.
    Fault,
    /// The run ended without waiting for it.
    Abandoned,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// The run was created.
    Created,
    /// The run began.
    Begun,
    /// Something was called.
    Call,
    /// A time came.
    Time,
    /// An event arrived.
    Event,
    /// Someone cancelled the run.
    Cancelled,
    /// Something was undone, could not be, or was kept.
    Undo,
    /// A remark.
    Note,
    /// A journal entry that does not read back.
    Unreadable,
}

/// One thing that happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// JSON pointer of the task; empty for the run as a whole.
    pub task: String,
    /// What it is.
    pub kind: StepKind,
    /// What was called, came or was said: a capability, an address, an event type, `retry`, a reason.
    pub what: String,
    /// How it stands.
    pub state: StepState,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub began: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended: Option<Timestamp>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Attempt of a call by the flow's retry policy, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How often a call's outcome was unknown and had to be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u32>,
    /// The error it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultView>,
}

impl From<Fault> for FaultView {
    fn from(fault: Fault) -> Self {
        Self { type_: fault.type_, status: fault.status, title: fault.title, detail: fault.detail }
    }
}

impl StepView {
    /// What is open in a run that has ended will not be answered any more.
    pub(crate) fn of_ended(mut self) -> Self {
        if self.state == StepState::Open {
            self.state = StepState::Abandoned;
        }
        self
    }
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        let state = match (&step.fault, step.ended) {
            (Some(_), _) => StepState::Fault,
            (None, Some(_)) => StepState::Done,
            (None, None) => StepState::Open,
        };
        let mut attempt_and_looks = (None, None);
        let (kind, what) = match step.what {
            What::Created => (StepKind::Created, String::new()),
            What::Begun => (StepKind::Begun, String::new()),
            What::Call { target, attempt, looks } => {
                attempt_and_looks = (Some(attempt), (looks > 0).then_some(looks));
                (StepKind::Call, target)
            }
            What::Time { kind } => (StepKind::Time, kind.to_owned()),
            What::Event { type_, source, id } => (StepKind::Event, format!("{type_} {source} {id}")),
            What::Cancelled { reason } => (StepKind::Cancelled, reason),
            What::Undo { by, text } => (StepKind::Undo, format!("{text} ({by})")),
            What::Note { text } => (StepKind::Note, text),
            What::Unreadable => (StepKind::Unreadable, String::new()),
        };
        Self {
            task: step.task,
            kind,
            what,
            state,
            began: step.began,
            ended: step.ended,
            duration_ms: step.ended.map(|e| e.as_millisecond() - step.began.as_millisecond()),
            attempt: attempt_and_looks.0,
            looks: attempt_and_looks.1,
            fault: step.fault.map(Into::into),
        }
    }
}

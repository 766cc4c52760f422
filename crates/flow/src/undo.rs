//! Undoing: what a definition says of it, and what the machine tells of it.

use std::sync::Arc;

use jaq_json::Val;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::expression::Expression;

/// The event by which a person decides about a run that waits for a decision: its data name the question (`question`) and
/// say what to do (`decision`: `unwind`, `retry` or `keep`), perhaps who decided (`by`) and why (`comment`).
pub const DECIDED: &str = "throughline.run.decided.v1";

/// Where such an event names the question it answers.
pub(crate) const QUESTION: &str = ".data.question";

/// What becomes of what a run has done when it faults: `document.metadata.onFault`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnFault {
    /// It is undone, in reverse order.
    #[default]
    Unwind,
    /// A person decides whether it is undone or kept.
    Park,
    /// It is kept, and the run ends.
    Continue,
}

/// The words for it.
pub(crate) const ON_FAULT: [(&str, OnFault); 3] =
    [("unwind", OnFault::Unwind), ("park", OnFault::Park), ("continue", OnFault::Continue)];

/// `onFault` as written: a word, or an expression over `$error` that gives one.
#[derive(Debug)]
pub(crate) enum FaultRule {
    Fixed(OnFault),
    Expression(Expression),
}

impl Default for FaultRule {
    fn default() -> Self {
        Self::Fixed(OnFault::default())
    }
}

impl OnFault {
    /// Reads the word an expression gave.
    pub(crate) fn read(value: &Val) -> Option<Self> {
        let text = crate::data::as_text(value)?;
        ON_FAULT.iter().find(|(word, _)| *word == text).map(|(_, rule)| *rule)
    }
}

/// Something about undoing happened; for journals and timelines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    /// JSON pointer of the task whose action it is about.
    pub task: Arc<str>,
    /// Stable key of the action.
    pub key: String,
    /// What undoes it: the functions called, in words.
    pub by: String,
    /// What happened.
    pub step: UndoStep,
}

/// What happened to an undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum UndoStep {
    /// It was carried out.
    Undone {
        /// The action's outcome was not known, so there may have been nothing to undo.
        in_doubt: bool,
    },
    /// It failed.
    Failed {
        /// How.
        error: Error,
        /// When it is tried again; `None`: a person is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Timestamp>,
    },
    /// The action was left as it is.
    Kept {
        /// Why, and who said so.
        reason: String,
    },
}

impl std::fmt::Display for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { task, by, step, .. } = self;
        match step {
            UndoStep::Undone { in_doubt: false } => write!(f, "undone: {task}, by {by}"),
            UndoStep::Undone { in_doubt: true } => {
                write!(f, "undone: {task}, whose outcome was in doubt, by {by}")
            }
            UndoStep::Failed { error, again: Some(at) } => {
                write!(f, "not undone yet: {task}, by {by}: {error}; tried again at {at}")
            }
            UndoStep::Failed { error, again: None } => {
                write!(f, "not undone: {task}, by {by}: {error}; a person has to decide")
            }
            UndoStep::Kept { reason } => write!(f, "kept: {task}: {reason}"),
        }
    }
}

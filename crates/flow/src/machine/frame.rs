//! What is under way.

use jaq_json::Val;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::undo::Unwind;
use crate::data::Data;
use crate::task::TaskId;
use crate::{ActivationId, Error, Listen};

/// A list or a task under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub(crate) id: ActivationId,
    /// The list a task is in, or the task a list belongs to; none for the list of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<ActivationId>,
    /// When its timeout fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Timestamp>,
    pub(crate) what: What,
}

/// What a frame is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum What {
    #[serde(rename = "l")]
    List(ListFrame),
    #[serde(rename = "t")]
    Task(TaskFrame),
    #[serde(rename = "u")]
    Unwind(Box<Unwind>),
}

/// A list under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ListFrame {
    #[serde(rename = "l")]
    pub(crate) list: u32,
    /// The current task.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub(crate) at: u32,
    /// How often the list went back to an earlier task.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub(crate) round: u32,
    /// Which branch of a fork it is.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    pub(crate) branch: u32,
    /// Attempt of the nearest enclosing retry, from 1.
    #[serde(rename = "n", default = "one", skip_serializing_if = "is_one")]
    pub(crate) attempt: u32,
    /// The raw input of the current task.
    #[serde(rename = "d")]
    pub(crate) data: Data,
    /// Values of the names the surrounding tasks bind, outermost first.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vars: Vec<Data>,
    /// Iterations, rounds and calls around the list; makes the keys of its tasks unique.
    #[serde(rename = "k", default, skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
}

/// A task under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskFrame {
    #[serde(rename = "t")]
    pub(crate) task: u32,
    pub(crate) since: Timestamp,
    /// Its input, where it differs from the list's data.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Data>,
    #[serde(rename = "m", default, skip_serializing_if = "Data::is_null")]
    pub(crate) metadata: Data,
    #[serde(rename = "d")]
    pub(crate) doing: Doing,
}

/// What a task waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Doing {
    /// It is being entered.
    Entering,
    /// Its list.
    List,
    /// The current iteration.
    For { items: Data, index: u32 },
    /// Its branches.
    Fork { left: u32, outputs: Vec<Option<Data>>, error: Option<Error> },
    /// An attempt, the delay before the next one, or its handler.
    Try(Trying),
    /// A call. It is not kept, for it may be large and hold secrets, but made again from the context as it was.
    Call { context: Data },
    /// A timer.
    Wait { due: Timestamp },
    /// Events; those that came, with the filter each of them met.
    Listen { listen: Box<Listen>, got: Vec<(u32, Data)> },
}

/// Where a `try` stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trying {
    /// From 1.
    pub(crate) attempt: u32,
    /// When the next attempt begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<Timestamp>,
    /// The handler is at work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) handling: bool,
}

impl Frame {
    pub(crate) fn as_list(&self) -> Option<&ListFrame> {
        match &self.what {
            What::List(list) => Some(list),
            What::Task(_) | What::Unwind(_) => None,
        }
    }

    pub(crate) fn as_task(&self) -> Option<&TaskFrame> {
        match &self.what {
            What::Task(task) => Some(task),
            What::List(_) | What::Unwind(_) => None,
        }
    }

    pub(crate) fn as_unwind(&self) -> Option<&Unwind> {
        match &self.what {
            What::Unwind(unwind) => Some(unwind),
            What::List(_) | What::Task(_) => None,
        }
    }
}

impl ListFrame {
    /// The stable key of a task of this list.
    pub(crate) fn key(&self, pointer: &str) -> String {
        let scope = self.inner_scope();
        if scope.is_empty() { pointer.to_owned() } else { format!("{pointer}#{scope}") }
    }

    /// What the lists inside the current task add to.
    pub(crate) fn inner_scope(&self) -> String {
        if self.round == 0 { self.scope.clone() } else { format!("{}~{}", self.scope, self.round) }
    }
}

impl TaskFrame {
    /// Which task it is.
    pub(crate) fn id(&self) -> TaskId {
        TaskId(self.task)
    }

    /// The task's input, given its list's data.
    pub(crate) fn input<'a>(&'a self, raw: &'a Val) -> &'a Val {
        self.input.as_ref().map_or(raw, |i| &i.0)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

fn one() -> u32 {
    1
}

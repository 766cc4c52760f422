//! What may have to be undone: an entry for every action whose task names an undo, from before the action is dispatched.
//!
//! An entry is part of the state, and so becomes durable with the intent of its call. It is in doubt from there until the
//! action's outcome is known. A block's entry stands for the whole once the block has completed; until then, those of
//! the tasks inside it count.

use std::sync::Arc;

use jaq_json::Val;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::frame::{Doing, Frame, What};
use super::state::{Under, described};
use super::work::Machine;
use crate::data::{self, Data};
use crate::task::{Kind, ListId, Task};
use crate::{ActivationId, Error, Listen};

/// An action that has an undo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Action {
    /// Unique in the run: the activation of its first execution.
    pub(crate) id: ActivationId,
    /// The execution that is under way, or was the last.
    #[serde(rename = "a")]
    pub(crate) activation: ActivationId,
    #[serde(rename = "t")]
    pub(crate) task: u32,
    #[serde(rename = "k")]
    pub(crate) key: String,
    /// What makes the keys of the undo's tasks unique.
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vars: Vec<Data>,
    #[serde(rename = "i")]
    pub(crate) input: Data,
    #[serde(rename = "o", default, skip_serializing_if = "Data::is_null")]
    pub(crate) output: Data,
    #[serde(rename = "q")]
    pub(crate) outcome: Outcome,
    /// The block with an undo that it is in.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(crate) block: Option<ActivationId>,
    /// How often its undo was begun.
    #[serde(rename = "n", default)]
    pub(crate) tries: u32,
    /// It is to be undone even if the run completes: its block faulted.
    #[serde(rename = "d", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) due: bool,
}

/// What is known of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    /// It has not been dispatched.
    Armed,
    /// It is under way.
    Begun,
    /// It may have taken effect, or a part of it.
    Doubt,
    /// It has.
    Done,
}

/// An unwinding under way: actions are undone one by one, the last first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Unwind {
    pub(crate) since: Timestamp,
    pub(crate) after: After,
    /// Only what is in these blocks, and they themselves; `None`: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) blocks: Option<Vec<ActivationId>>,
    /// The action that is being undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<ActivationId>,
    pub(crate) pace: Pace,
}

/// What comes after an unwinding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum After {
    /// The run ends with its error.
    Fault(Error),
    /// The run ends as cancelled.
    Cancel(String),
    /// The run completes.
    Complete(Data),
    /// The `try` around goes on with what it caught.
    Catch(Error),
}

/// What an unwinding waits for, besides calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Pace {
    /// Nothing.
    Going,
    /// The next attempt of an undo.
    Retry { due: Timestamp, error: Error },
    /// A person's decision.
    Asking(Box<Asking>),
}

/// A decision that a person has to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asking {
    pub(crate) since: Timestamp,
    pub(crate) reason: String,
    pub(crate) listen: Listen,
}

impl Machine<'_> {
    /// Notes that an action is about to begin.
    pub(super) fn arm(&mut self, id: ActivationId, task: &Task) {
        let Some(under) = self.under(id) else { return };
        let key = under.list.key(&task.pointer);
        // The same action may have been tried before, and may have taken effect then.
        let before = if under.list.attempt > 1 {
            self.state.undo.iter().rposition(|a| a.key == key && !a.due)
        } else {
            None
        };
        let action = Action {
            id,
            activation: id,
            task: under.task_frame.task,
            scope: self.inner_scope(&under),
            key,
            vars: under.list.vars.clone(),
            input: Data(under.task_frame.input(&under.list.data.0).clone()),
            output: Data::default(),
            outcome: Outcome::Armed,
            block: self.block_around(id),
            tries: 0,
            due: false,
        };
        match before.and_then(|at| self.state.undo.get_mut(at)) {
            Some(earlier) => {
                earlier.activation = id;
                earlier.input = action.input;
                earlier.vars = action.vars;
            }
            None => self.state.undo.push(action),
        }
    }

    /// An action has begun.
    pub(super) fn begun(&mut self, id: ActivationId) {
        if let Some(action) = self.action(id)
            && action.outcome == Outcome::Armed
        {
            action.outcome = Outcome::Begun;
        }
    }

    /// An action has completed: the last to be done, and so the first to be undone. What is inside it goes with it.
    pub(super) fn done(&mut self, id: ActivationId, output: &Val) {
        let Some(at) = self.state.undo.iter().rposition(|a| a.activation == id) else { return };
        let mut action = self.state.undo.remove(at);
        action.outcome = Outcome::Done;
        action.output = Data(output.clone());
        if !matches!(
            self.definition.tasks.tasks[action.task as usize].kind,
            Kind::Http(_) | Kind::Function { .. }
        ) {
            let inside = self.inside(&[action.id], at);
            let tail = self.state.undo.split_off(at);
            // What waits to be undone on its own account still does.
            let kept = tail.into_iter().zip(inside).filter(|(a, inside)| !inside || a.due);
            self.state.undo.extend(kept.map(|(a, _)| a));
        }
        self.state.undo.push(action);
    }

    /// An action has failed, and with it what is inside.
    pub(super) fn failed(&mut self, id: ActivationId, task: &Task, error: &Error) {
        let Some(at) = self.state.undo.iter().rposition(|a| a.activation == id) else { return };
        let action = &mut self.state.undo[at];
        let call = matches!(task.kind, Kind::Http(_) | Kind::Function { .. });
        match action.outcome {
            Outcome::Armed => {
                self.state.undo.remove(at);
            }
            Outcome::Begun if call && never_sent(task, error) => {
                self.state.undo.remove(at);
            }
            Outcome::Begun | Outcome::Doubt if call => {
                let mut action = self.state.undo.remove(at);
                action.outcome = Outcome::Doubt;
                self.state.undo.push(action);
            }
            Outcome::Done if call => {}
            earlier => {
                // What completed in an earlier attempt has not ceased to be done.
                action.outcome = if earlier == Outcome::Done { earlier } else { Outcome::Doubt };
                let block = action.id;
                self.passed.push(block);
            }
        }
    }

    /// Tasks are given up: what they were about is in doubt, and calls under way may yet be waited for.
    pub(super) fn hold(&mut self, stopped: &[Frame]) {
        let definition = self.definition;
        for frame in stopped {
            let What::Task(task) = &frame.what else { continue };
            if definition.tasks.task(task.id()).undo.is_none() {
                continue;
            }
            let Some(at) = self.state.undo.iter().rposition(|a| a.activation == frame.id) else { continue };
            match self.state.undo[at].outcome {
                Outcome::Armed => {
                    self.state.undo.remove(at);
                    continue;
                }
                Outcome::Begun => self.state.undo[at].outcome = Outcome::Doubt,
                Outcome::Doubt | Outcome::Done => {}
            }
            let list = frame
                .parent
                .and_then(|p| stopped.binary_search_by_key(&p, |f| f.id).ok())
                .map(|i| &stopped[i]);
            if let (Doing::Call { .. }, Some(list)) = (&task.doing, list) {
                self.held.push((list.clone(), frame.clone()));
            }
        }
    }

    fn action(&mut self, activation: ActivationId) -> Option<&mut Action> {
        self.state.undo.iter_mut().rev().find(|a| a.activation == activation)
    }

    /// The action of the nearest block with an undo around a task.
    fn block_around(&self, id: ActivationId) -> Option<ActivationId> {
        let mut parent = self.state.frame(id)?.parent;
        while let Some(frame) = parent.and_then(|p| self.state.frame(p)) {
            if let Some(task) = frame.as_task()
                && self.definition.tasks.task(task.id()).undo.is_some()
                && let Some(block) = self.state.undo.iter().rev().find(|a| a.activation == frame.id)
            {
                return Some(block.id);
            }
            parent = frame.parent;
        }
        None
    }

    /// For each action from a place on, whether it is one of these blocks or inside one.
    pub(super) fn inside(&self, blocks: &[ActivationId], from: usize) -> Vec<bool> {
        let actions = self.state.undo.get(from..).unwrap_or_default();
        let mut of: std::collections::HashMap<ActivationId, bool> = std::collections::HashMap::new();
        // A block is armed before what is inside it, and so has the lower id, wherever it stands.
        let mut order: Vec<&Action> = actions.iter().collect();
        order.sort_by_key(|a| a.id);
        for action in order {
            let inside = blocks.contains(&action.id)
                || action.block.is_some_and(|b| blocks.contains(&b) || of.get(&b) == Some(&true));
            of.insert(action.id, inside);
        }
        actions.iter().map(|a| of.get(&a.id) == Some(&true)).collect()
    }

    /// What the lists inside a task add to the keys of their tasks. A block that is entered again after it was undone
    /// is another one.
    pub(super) fn inner_scope(&self, under: &Under<'_>) -> String {
        let scope = under.list.inner_scope();
        if self.state.undone.is_empty() || under.task.undo.is_none() {
            return scope;
        }
        match self.state.undone.get(&under.list.key(&under.task.pointer)) {
            Some(times) => format!("{scope}^{times}"),
            None => scope,
        }
    }

    /// What an undo does, in words.
    pub(super) fn undo_in_words(&self, list: ListId) -> String {
        let tasks = &self.definition.tasks;
        let words = tasks.list(list).iter().map(|id| {
            let task = tasks.task(*id);
            match described(task) {
                words if words.is_empty() => task.name.to_string(),
                words => words,
            }
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What an undo sees of its action.
    pub(super) fn seen(action: &Action) -> Val {
        let outcome = if action.outcome == Outcome::Done { "done" } else { "unknown" };
        data::object([
            ("input", action.input.0.clone()),
            ("output", action.output.0.clone()),
            ("outcome", data::text(outcome)),
        ])
    }

    /// The task of an action, and what undoes it.
    pub(super) fn about(&self, action: &Action) -> (Arc<str>, String) {
        let task = &self.definition.tasks.tasks[action.task as usize];
        let by = task.undo.map(|list| self.undo_in_words(list)).unwrap_or_default();
        (Arc::clone(&task.pointer), by)
    }
}

/// Whether a failed call has certainly done nothing. A function may have written in several steps, of which the last
/// was refused; a request is refused as a whole.
fn never_sent(task: &Task, error: &Error) -> bool {
    let refused = (400..500).contains(&error.status) && error.status != 408;
    match task.kind {
        Kind::Http(_) => refused,
        _ => Error::same_type(&error.type_, &Error::configuration("").type_),
    }
}

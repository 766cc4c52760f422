//! The state of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jaq_json::Val;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bindings::Scope;
use super::frame::{Doing, Frame, ListFrame, TaskFrame, What};
use super::http;
use super::undo::Action;
use crate::data::{self, Data};
use crate::task::{Kind, Task};
use crate::{ActivationId, Call, Definition, Env, Error, TimerKind, Waiting, WaitingFor};

/// The state of a run between two steps: plain data, small, and meaningful only with the definition it was made by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// In order of their ids.
    pub(super) frames: Vec<Frame>,
    #[serde(rename = "next")]
    pub(super) next_id: u64,
    /// `$context`.
    #[serde(default, skip_serializing_if = "Data::is_null")]
    pub(super) context: Data,
    /// The run's input as given, for `$workflow.input`.
    #[serde(default, skip_serializing_if = "Data::is_null")]
    pub(super) input: Data,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) ended: bool,
    /// What may have to be undone, in order of its completion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) undo: Vec<Action>,
    /// How often the undoing of a block has begun, by its key: what it does when it is entered again is not the same action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) undone: BTreeMap<String, u32>,
}

/// A task under way, with its list.
pub(super) struct Under<'a> {
    pub(super) frame: &'a Frame,
    pub(super) task_frame: &'a TaskFrame,
    pub(super) list: &'a ListFrame,
    pub(super) task: &'a Task,
}

impl State {
    /// Whether the run has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The calls that are under way: activation, task, key, attempt, call and metadata, as in the command that began
    /// them. A call is made again from what it was made of; only secrets are those of now.
    pub fn pending_calls(
        &self,
        definition: &Definition,
        env: &Env<'_>,
    ) -> Vec<(ActivationId, Arc<str>, String, u32, Call, Value)> {
        let mut pending = Vec::new();
        for under in self.tasks(definition) {
            let Doing::Call { context } = &under.task_frame.doing else { continue };
            let then = Env { now: under.task_frame.since, ..*env };
            let raw = &under.list.data.0;
            let scope = Scope {
                definition,
                env: &then,
                context: &context.0,
                run_input: &self.input.0,
                vars: &under.list.vars,
                error: None,
                task: under.task,
                raw,
                input: under.task_frame.input(raw),
                output: None,
                since: under.task_frame.since,
            };
            let Ok(Some(call)) = call(under.task, scope.input, &scope) else { continue };
            let key = under.list.key(&under.task.pointer);
            let metadata = under.task_frame.metadata.to_json();
            pending.push((
                under.frame.id,
                Arc::clone(&under.task.pointer),
                key,
                under.list.attempt,
                call,
                metadata,
            ));
        }
        pending
    }

    /// What the run waits for: calls, events, waits and retries in order of their beginning, then timeouts.
    pub fn waiting(&self, definition: &Definition) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        let mut timeouts = Vec::new();
        for under in self.tasks(definition) {
            let wait = |what| Waiting {
                activation: under.frame.id,
                task: Arc::clone(&under.task.pointer),
                since: under.task_frame.since,
                what,
                metadata: under.task_frame.metadata.to_json(),
            };
            match &under.task_frame.doing {
                Doing::Call { .. } => waiting.push(wait(WaitingFor::Call { call: described(under.task) })),
                Doing::Wait { due } => {
                    waiting.push(wait(WaitingFor::Timer { due: *due, kind: TimerKind::Wait }))
                }
                Doing::Listen { listen, .. } => {
                    waiting.push(wait(WaitingFor::Event { listen: (**listen).clone() }))
                }
                Doing::Try(trying) => {
                    waiting.extend(
                        trying.due.map(|due| wait(WaitingFor::Timer { due, kind: TimerKind::Retry })),
                    );
                }
                _ => {}
            }
            timeouts.extend(
                under.frame.timeout.map(|due| wait(WaitingFor::Timer { due, kind: TimerKind::Timeout })),
            );
        }
        waiting.extend(self.unwindings_waiting(definition));
        waiting.extend(timeouts);
        waiting
    }

    fn tasks<'a>(&'a self, definition: &'a Definition) -> impl Iterator<Item = Under<'a>> {
        self.frames.iter().filter_map(|frame| self.under(definition, frame))
    }

    pub(super) fn under<'a>(&'a self, definition: &'a Definition, frame: &'a Frame) -> Option<Under<'a>> {
        let task_frame = frame.as_task()?;
        let list = self.frame(frame.parent?)?.as_list()?;
        let task = definition.tasks.tasks.get(task_frame.task as usize)?;
        Some(Under { frame, task_frame, list, task })
    }

    fn place(&self, id: ActivationId) -> Option<usize> {
        self.frames.binary_search_by_key(&id, |f| f.id).ok()
    }

    pub(super) fn frame(&self, id: ActivationId) -> Option<&Frame> {
        self.place(id).map(|i| &self.frames[i])
    }

    pub(super) fn frame_mut(&mut self, id: ActivationId) -> Option<&mut Frame> {
        self.place(id).map(|i| &mut self.frames[i])
    }

    pub(super) fn list_mut(&mut self, id: ActivationId) -> Option<&mut ListFrame> {
        match &mut self.frame_mut(id)?.what {
            What::List(list) => Some(list),
            What::Task(_) | What::Unwind(_) => None,
        }
    }

    pub(super) fn task_mut(&mut self, id: ActivationId) -> Option<&mut TaskFrame> {
        match &mut self.frame_mut(id)?.what {
            What::Task(task) => Some(task),
            What::List(_) | What::Unwind(_) => None,
        }
    }

    pub(super) fn remove(&mut self, id: ActivationId) -> Option<Frame> {
        self.place(id).map(|i| self.frames.remove(i))
    }

    pub(super) fn push(&mut self, parent: Option<ActivationId>, what: What) -> ActivationId {
        let id = ActivationId(self.next_id);
        self.next_id += 1;
        self.frames.push(Frame { id, parent, timeout: None, what });
        id
    }
}

/// The call a task makes, if it is one that does.
pub(super) fn call(task: &Task, input: &Val, scope: &Scope<'_>) -> Result<Option<Call>, Error> {
    Ok(Some(match &task.kind {
        Kind::Http(http) => Call::Http(http::call(http, input, scope)?),
        Kind::Function { name, with } => {
            Call::Function { name: name.clone(), with: data::to_json(&with.eval(input, scope)?) }
        }
        _ => return Ok(None),
    }))
}

/// What a task calls, without arguments.
pub(super) fn described(task: &Task) -> String {
    match &task.kind {
        Kind::Function { name, .. } => name.clone(),
        Kind::Http(http) => {
            let endpoint = data::field(&task.definition, "with").and_then(|w| data::field(w, "endpoint"));
            let uri = endpoint
                .map(|e| data::field(e, "uri").unwrap_or(e))
                .and_then(data::as_text)
                .unwrap_or_default();
            format!("{} {}", http.method, uri.split('?').next().unwrap_or_default())
        }
        _ => String::new(),
    }
}

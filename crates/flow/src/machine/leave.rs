//! Leaving a task: output, export, and where to go next.

use jaq_json::Val;

use super::bindings::Scope;
use super::frame::{Doing, ListFrame};
use super::work::{Machine, Work};
use crate::data::Data;
use crate::task::{Kind, ListId, Then};
use crate::{ActivationId, Command, Error, TimerKind, TraceKind};

impl Machine<'_> {
    /// A task has its raw output. `then` overrides the task's own directive.
    pub(super) fn leave(&mut self, id: ActivationId, output: Val, then: Option<Then>) {
        let raw = output.clone();
        let made = self.made(id, output);
        let definition = self.definition;
        let Some(under) = self.under(id) else { return };
        let task = definition.tasks.task(under.task_frame.id());
        match made {
            Ok((output, context)) => {
                let pointer = &task.pointer;
                let then = then.unwrap_or(task.then);
                let Some(frame) = self.state.remove(id) else { return };
                if frame.timeout.is_some() {
                    self.commands.push(Command::CancelTimer { activation: id, timer: TimerKind::Timeout });
                }
                if let Some(context) = context {
                    self.state.context = Data(context);
                }
                self.trace(pointer, TraceKind::Completed);
                if task.undo.is_some() {
                    self.done(id, &output);
                }
                let Some(list) = frame.parent else { return };
                if let Some(list) = self.state.list_mut(list) {
                    list.data = Data(output);
                }
                self.follow(list, then);
            }
            Err(error) => {
                // Whatever it did, it did.
                if task.undo.is_some() {
                    self.done(id, &raw);
                }
                self.raise(id, error);
            }
        }
    }

    /// The task's output, and the new context when it exports one.
    pub(super) fn made(&self, id: ActivationId, raw_output: Val) -> Result<(Val, Option<Val>), Error> {
        let Some(under) = self.under(id) else { return Ok((raw_output, None)) };
        let task = under.task;
        let output = match &task.output.make {
            Some(make) => {
                let scope = Scope { output: Some(&raw_output), ..self.scope(&under) };
                make.eval(&raw_output, &scope)?
            }
            None => raw_output,
        };
        if let Some(schema) = &task.output.schema {
            schema.check(&output, "the task's output")?;
        }
        let context = match &task.export.make {
            Some(make) => {
                let scope = Scope { output: Some(&output), ..self.scope(&under) };
                Some(make.eval(&output, &scope)?)
            }
            None => None,
        };
        if let (Some(schema), Some(context)) = (&task.export.schema, &context) {
            schema.check(context, "the task's export")?;
        }
        Ok((output, context))
    }

    /// Goes where a directive says.
    pub(super) fn follow(&mut self, list: ActivationId, then: Then) {
        let definition = self.definition;
        let Some(frame) = self.state.list_mut(list) else { return };
        let next = match then {
            Then::Continue => frame.at + 1,
            Then::Task(place) => {
                frame.round += u32::from(place <= frame.at);
                place
            }
            Then::Exit => {
                let output = frame.data.0.clone();
                return self.close(list, output, true);
            }
            Then::End => {
                let output = frame.data.0.clone();
                // A function that an undo calls ends the undo, not the run.
                if let Some(unwind) = self.unwinding_around(list) {
                    self.stop_below(unwind);
                    return self.undone(unwind);
                }
                return self.complete(output);
            }
        };
        frame.at = next;
        if (next as usize) < definition.tasks.list(ListId(frame.list)).len() {
            self.work.push_back(Work::Enter { list });
        } else {
            let output = frame.data.0.clone();
            self.close(list, output, false);
        }
    }

    /// A list is through. `exits`: by a directive, which leaves the task around it as well.
    pub(super) fn close(&mut self, id: ActivationId, output: Val, exits: bool) {
        let Some(frame) = self.state.remove(id) else { return };
        if frame.timeout.is_some() {
            self.commands.push(Command::CancelTimer { activation: id, timer: TimerKind::Timeout });
        }
        let Some(parent) = frame.parent else { return self.complete(output) };
        let Some(list) = frame.as_list() else { return };
        self.closed(parent, list, output, exits);
    }

    fn closed(&mut self, id: ActivationId, list: &ListFrame, output: Val, exits: bool) {
        let definition = self.definition;
        if self.is_unwinding(id) {
            return self.undone(id);
        }
        let Some(task) = self.state.task_mut(id) else { return };
        let kind = &definition.tasks.tasks[task.task as usize].kind;
        let mut then = None;
        match (&mut task.doing, kind) {
            (Doing::For { index, .. }, _) if !exits => {
                *index += 1;
                return self.iterate(id, output);
            }
            (Doing::Fork { left, outputs, .. }, Kind::Fork { compete: false, .. }) => {
                *left -= 1;
                if let Some(place) = outputs.get_mut(list.branch as usize) {
                    *place = Some(Data(output));
                }
                if *left > 0 {
                    return;
                }
                let outputs = outputs.drain(..).map(|o| o.unwrap_or_default().0).collect();
                self.work.push_back(Work::Leave { task: id, output: outputs, then });
                return;
            }
            (Doing::Fork { .. }, _) => self.stop_below(id),
            (Doing::Try(trying), Kind::Try(try_)) if trying.handling => then = try_.then,
            _ => {}
        }
        self.work.push_back(Work::Leave { task: id, output, then });
    }
}

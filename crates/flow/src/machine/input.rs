//! Taking what happened outside.

use serde_json::Value;

use super::frame::Doing;
use super::work::{Machine, ROOT, Work};
use crate::data;
use crate::task::Kind;
use crate::{ActivationId, End, Error, Input, TimerKind};

impl Machine<'_> {
    pub(super) fn take(&mut self, input: Input) {
        match input {
            Input::CallEnded { activation, result } => self.call_ended(activation, result),
            Input::TimerFired { activation, timer } => self.timer_fired(activation, timer),
            Input::EventArrived { activation, event } => self.event_arrived(activation, &event),
            Input::Cancel { reason } => self.end(End::Cancelled { reason }),
        }
    }

    fn call_ended(&mut self, id: ActivationId, result: Result<Value, Error>) {
        if let Some(unwind) = self.settling_for(id) {
            return self.settled(unwind, id, result);
        }
        let Some(task) = self.state.task_mut(id) else { return };
        if !matches!(task.doing, Doing::Call { .. }) {
            return;
        }
        // It is over: giving up the task must not cancel it.
        task.doing = Doing::Entering;
        let work = match result {
            Ok(value) => Work::Leave { task: id, output: data::from_json(&value), then: None },
            Err(error) => Work::Raise { task: id, error },
        };
        self.work.push_back(work);
    }

    fn timer_fired(&mut self, id: ActivationId, timer: TimerKind) {
        match timer {
            TimerKind::Timeout => self.timed_out(id),
            TimerKind::Wait => {
                let Some(under) = self.under(id) else { return };
                if !matches!(under.task_frame.doing, Doing::Wait { .. }) {
                    return;
                }
                let output = under.task_frame.input(&under.list.data.0).clone();
                self.doing(id, Doing::Entering);
                self.work.push_back(Work::Leave { task: id, output, then: None });
            }
            TimerKind::Retry if self.is_unwinding(id) => self.undo_again(id),
            TimerKind::Retry => {
                let waits = self
                    .state
                    .task_mut(id)
                    .is_some_and(|t| matches!(&t.doing, Doing::Try(t) if t.due.is_some()));
                if waits && let Err(error) = self.attempt(id) {
                    self.work.push_back(Work::Raise { task: id, error });
                }
            }
        }
    }

    fn timed_out(&mut self, id: ActivationId) {
        let Some(frame) = self.state.frame_mut(id) else { return };
        if frame.timeout.take().is_none() {
            return;
        }
        let (is_list, parent) = (frame.as_list().is_some(), frame.parent);
        if id == ROOT {
            let error = Error::timeout("the run took longer than its timeout").at("/");
            self.end(End::Faulted { error });
        } else if is_list {
            let pointer = parent.and_then(|p| self.under(p)).map(|u| format!("{}/try", u.task.pointer));
            let error =
                Error::timeout("the attempt took longer than its limit").at(&pointer.unwrap_or_default());
            self.propagate(id, error);
        } else {
            self.raise(id, Error::timeout("the task took longer than its timeout"));
        }
    }

    fn event_arrived(&mut self, id: ActivationId, event: &Value) {
        let event = data::from_json(event);
        if self.is_unwinding(id) {
            return self.decided(id, &event);
        }
        let Some(under) = self.under(id) else { return };
        let Kind::Listen(listener) = &under.task.kind else { return };
        let read = listener.read;
        match self.consumed(id, event) {
            Ok(None) => {}
            Ok(Some(events)) => {
                self.commands.push(crate::Command::StopListening { activation: id });
                self.doing(id, Doing::Entering);
                let output = events.iter().map(|e| read.read(e)).collect();
                self.work.push_back(Work::Leave { task: id, output, then: None });
            }
            Err(error) => self.work.push_back(Work::Raise { task: id, error }),
        }
    }
}

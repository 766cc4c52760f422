//! Giving up what is under way.

use std::collections::HashSet;

use super::frame::{Doing, Frame, What};
use super::undo::Pace;
use super::work::Machine;
use crate::{ActivationId, Command, TimerKind, TraceKind};

impl Machine<'_> {
    /// Stops one frame and what it alone waits for.
    pub(super) fn stop(&mut self, id: ActivationId) {
        if let Some(frame) = self.state.remove(id) {
            self.release(&frame);
        }
    }

    /// Stops everything inside a frame.
    pub(super) fn stop_below(&mut self, id: ActivationId) {
        // Frames are in order of their ids, and what is inside was made later.
        let mut inside = HashSet::from([id]);
        loop {
            let frames = std::mem::take(&mut self.state.frames);
            let (stopped, left): (Vec<Frame>, Vec<Frame>) = frames
                .into_iter()
                .partition(|f| f.parent.is_some_and(|p| inside.contains(&p)) && inside.insert(f.id));
            self.state.frames = left;
            // Calls that an unwinding waits for are older than it is.
            let unwinds = stopped.iter().any(|f| f.as_unwind().is_some());
            self.released(stopped);
            if !unwinds {
                break;
            }
        }
    }

    /// Stops everything.
    pub(super) fn stop_all(&mut self) {
        let stopped = std::mem::take(&mut self.state.frames);
        self.released(stopped);
    }

    fn released(&mut self, stopped: Vec<Frame>) {
        if self.definition.tasks.undoes {
            self.hold(&stopped);
        }
        for frame in stopped {
            self.release(&frame);
            if let What::Task(task) = &frame.what {
                let definition = self.definition;
                self.trace(&definition.tasks.tasks[task.task as usize].pointer, TraceKind::Cancelled);
            }
        }
    }

    fn release(&mut self, frame: &Frame) {
        let activation = frame.id;
        let mut cancel = |timer| self.commands.push(Command::CancelTimer { activation, timer });
        if frame.timeout.is_some() {
            cancel(TimerKind::Timeout);
        }
        let What::Task(task) = &frame.what else {
            let What::Unwind(unwind) = &frame.what else { return };
            match unwind.pace {
                Pace::Retry { .. } => cancel(TimerKind::Retry),
                Pace::Asking(_) => self.commands.push(Command::StopListening { activation }),
                Pace::Going => {}
            }
            return;
        };
        match &task.doing {
            Doing::Wait { .. } => cancel(TimerKind::Wait),
            Doing::Try(trying) if trying.due.is_some() => cancel(TimerKind::Retry),
            Doing::Call { .. } => self.commands.push(Command::CancelCall { activation }),
            Doing::Listen { .. } => self.commands.push(Command::StopListening { activation }),
            _ => {}
        }
    }
}

//! Errors: from the task that failed outwards, to the first `try` that catches them or the end of the run.

use jaq_json::Val;

use super::bindings::Scope;
use super::frame::Doing;
use super::work::{Machine, Work};
use crate::data::{self, Data};
use crate::task::{ErrorFilter, Kind, Try};
use crate::{ActivationId, End, Error, TraceKind};

impl Machine<'_> {
    /// A task failed: it and all inside it are given up.
    pub(super) fn raise(&mut self, id: ActivationId, error: Error) {
        let definition = self.definition;
        let Some(frame) = self.state.frame(id) else { return };
        let Some(list) = frame.parent else { return };
        let Some(task) = frame.as_task().map(|t| definition.tasks.task(t.id())) else {
            return;
        };
        self.stop_below(id);
        self.stop(id);
        if task.undo.is_some() {
            self.failed(id, task, &error);
        }
        self.trace(&task.pointer, TraceKind::Faulted);
        self.propagate(list, error.at(&task.pointer));
    }

    /// An error leaves a list: the task around it decides.
    pub(super) fn propagate(&mut self, list: ActivationId, error: Error) {
        let definition = self.definition;
        let Some(frame) = self.state.frame(list) else { return };
        let Some(id) = frame.parent else { return self.end(End::Faulted { error }) };
        self.stop_below(list);
        self.stop(list);
        if self.is_unwinding(id) {
            return self.undo_failed(id, error);
        }
        let Some(task) = self.state.task_mut(id) else { return };
        let kind = &definition.tasks.tasks[task.task as usize].kind;
        match (&mut task.doing, kind) {
            // A competitor drops out as long as another may win.
            (Doing::Fork { left, error: first, .. }, Kind::Fork { compete: true, .. }) if *left > 1 => {
                *left -= 1;
                first.get_or_insert(error);
                self.passed.clear();
            }
            (Doing::Fork { error: first, .. }, _) => {
                let error = first.take().unwrap_or(error);
                self.raise(id, error);
            }
            (Doing::Try(trying), Kind::Try(try_)) if !trying.handling => self.catch(id, try_, error),
            _ => self.raise(id, error),
        }
    }

    fn catch(&mut self, id: ActivationId, try_: &Try, error: Error) {
        let Some(under) = self.under(id) else { return };
        let input = under.task_frame.input(&under.list.data.0).clone();
        let caught = as_val(&error);
        let scope = Scope { error: Some(&caught), ..self.scope(&under) };
        let holds = |e: &Option<crate::expression::Expression>, default| match e {
            Some(e) => e.holds(&input, &scope),
            None => Ok(default),
        };
        let catches = || -> Result<bool, Error> {
            Ok(try_.filter.meets(&error) && holds(&try_.when, true)? && !holds(&try_.except_when, false)?)
        };
        let retry = match catches() {
            Ok(true) => try_.retry.as_ref().map_or(Ok(None), |r| self.next_attempt(id, r, &input, &scope)),
            Ok(false) => return self.raise(id, error),
            Err(other) => Err(other),
        };
        match (retry, try_.handler) {
            (Err(other), _) => self.raise(id, other),
            (Ok(Some(due)), _) => {
                self.passed.clear();
                self.held.clear();
                self.retry_at(id, due);
            }
            // A policy that is used up hands the error on.
            (Ok(None), None) if try_.retry.is_some() => self.raise(id, error),
            (Ok(None), _) => {
                if let Some(task) = self.state.task_mut(id)
                    && let Doing::Try(trying) = &mut task.doing
                {
                    trying.handling = true;
                }
                if let Some(error) = self.unwind_into(id, error) {
                    self.handle(id, &error);
                }
            }
        }
    }

    /// Goes on after a caught error: with the handler, or as if nothing had happened.
    pub(super) fn handle(&mut self, id: ActivationId, error: &Error) {
        let Some(under) = self.under(id) else { return };
        let Kind::Try(try_) = &under.task.kind else { return };
        let (handler, then) = (try_.handler, try_.then);
        let input = under.task_frame.input(&under.list.data.0).clone();
        match handler {
            Some(handler) => {
                let caught = as_val(error);
                self.open(id, handler, input, |frame| frame.vars.push(Data(caught)));
            }
            None => self.work.push_back(Work::Leave { task: id, output: input, then }),
        }
    }
}

impl ErrorFilter {
    fn meets(&self, error: &Error) -> bool {
        let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        self.type_.as_deref().is_none_or(|t| Error::same_type(t, &error.type_))
            && self.status.is_none_or(|s| s == u64::from(error.status))
            && same(&self.title, &error.title)
            && same(&self.detail, &error.detail)
            && same(&self.instance, &error.instance)
    }
}

/// An error as expressions see it.
pub(super) fn as_val(error: &Error) -> Val {
    let status = Val::from(usize::from(error.status));
    let fields = [
        ("type", data::text(&error.type_)),
        ("status", status),
        ("title", data::text(&error.title)),
        ("detail", data::text(&error.detail)),
        ("instance", data::text(&error.instance)),
    ];
    Val::obj(fields.into_iter().map(|(k, v)| (data::text(k), v)).collect())
}

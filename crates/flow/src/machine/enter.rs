//! Entering a task: condition, input, timeout, and what its kind does.

use std::sync::Arc;

use jaq_json::Val;

use super::bindings::Scope;
use super::frame::{Doing, TaskFrame, Trying, What};
use super::state::call;
use super::work::{Machine, Work};
use crate::data::{self, Data};
use crate::task::{Kind, ListId, Raised, Task, Then};
use crate::{ActivationId, Call, Command, Error, TimerKind, TraceKind};

/// Functions of `use.functions` that may be under way within each other.
const CALLS_MAX: usize = 64;

/// What a task does once its input is known.
enum Begun {
    /// It has its output at once.
    Output(Val, Option<Then>),
    /// It waits.
    Waits,
}

impl Machine<'_> {
    /// Enters the current task of a list.
    pub(super) fn enter(&mut self, list: ActivationId) {
        let definition = self.definition;
        let Some(frame) = self.state.frame(list).and_then(|f| f.as_list()) else { return };
        let Some(&id) = definition.tasks.list(ListId(frame.list)).get(frame.at as usize) else {
            let output = frame.data.0.clone();
            self.close(list, output, false);
            return;
        };
        let task = definition.tasks.task(id);
        match self.wanted(list, task) {
            Ok(true) => {}
            Ok(false) => {
                self.trace(&task.pointer, TraceKind::Skipped);
                self.follow(list, Then::Continue);
                return;
            }
            Err(error) => {
                self.trace(&task.pointer, TraceKind::Faulted);
                self.propagate(list, error.at(&task.pointer));
                return;
            }
        }
        self.trace(&task.pointer, TraceKind::Entered);
        let since = self.env.now;
        let frame =
            TaskFrame { task: id.0, since, input: None, metadata: Data::default(), doing: Doing::Entering };
        let activation = self.state.push(Some(list), What::Task(frame));
        let begun = self.prepare(activation, task).and_then(|()| {
            if task.undo.is_some() {
                self.arm(activation, task);
            }
            self.begin_task(activation, task)
        });
        if task.undo.is_some() && begun.is_ok() {
            self.begun(activation);
        }
        match begun {
            Ok(Begun::Output(output, then)) => {
                self.work.push_back(Work::Leave { task: activation, output, then })
            }
            Ok(Begun::Waits) => {}
            Err(error) => self.work.push_back(Work::Raise { task: activation, error }),
        }
    }

    fn wanted(&self, list: ActivationId, task: &Task) -> Result<bool, Error> {
        let Some(condition) = &task.condition else { return Ok(true) };
        let Some(frame) = self.state.frame(list).and_then(|f| f.as_list()) else { return Ok(false) };
        let raw = &frame.data.0;
        let scope = Scope {
            definition: self.definition,
            env: self.env,
            context: &self.state.context.0,
            run_input: &self.state.input.0,
            vars: &frame.vars,
            error: None,
            task,
            raw,
            input: raw,
            output: None,
            since: self.env.now,
        };
        condition.holds(raw, &scope)
    }

    /// Makes the task's input and metadata and sets its timeout.
    fn prepare(&mut self, id: ActivationId, task: &Task) -> Result<(), Error> {
        let Some(under) = self.under(id) else { return Ok(()) };
        let raw = &under.list.data.0;
        if let Some(schema) = &task.input.schema {
            schema.check(raw, "the task's input")?;
        }
        let input = match &task.input.make {
            Some(make) => Some(Data(make.eval(raw, &self.scope(&under))?)),
            None => None,
        };
        if let Some(input) = input
            && let Some(frame) = self.state.task_mut(id)
        {
            frame.input = Some(input);
        }
        let Some(under) = self.under(id) else { return Ok(()) };
        let (scope, input) = (self.scope(&under), under.task_frame.input(&under.list.data.0));
        let due = task.timeout.as_ref().map(|t| t.due(input, &scope)).transpose()?;
        let metadata = match &task.kind {
            Kind::Http(_) | Kind::Function { .. } | Kind::Listen(_) | Kind::Wait(_) | Kind::Try(_) => {
                Data(task.metadata.eval(input, &scope)?)
            }
            _ => Data::default(),
        };
        if let Some(frame) = self.state.task_mut(id) {
            frame.metadata = metadata;
        }
        if let Some(due) = due {
            self.set_timeout(id, Arc::clone(&task.pointer), due);
        }
        Ok(())
    }

    fn begin_task(&mut self, id: ActivationId, task: &Task) -> Result<Begun, Error> {
        let Some(under) = self.under(id) else { return Ok(Begun::Waits) };
        let scope = self.scope(&under);
        let input = under.task_frame.input(&under.list.data.0).clone();
        match &task.kind {
            Kind::Set(template) => Ok(Begun::Output(template.eval(&input, &scope)?, None)),
            Kind::Switch(cases) => {
                for case in cases {
                    let matches = match &case.when {
                        Some(when) => when.holds(&input, &scope)?,
                        None => true,
                    };
                    if matches {
                        return Ok(Begun::Output(input, Some(case.then)));
                    }
                }
                Ok(Begun::Output(input, None))
            }
            Kind::Raise(raised) => Err(raised_error(raised, &input, &scope)?),
            Kind::Emit(template) => {
                let key = under.list.key(&task.pointer);
                let event = self.event(template.eval(&input, &scope)?, &key, id)?;
                self.commands
                    .push(Command::Emit { task: Arc::clone(&task.pointer), event: data::to_json(&event) });
                Ok(Begun::Output(event, None))
            }
            Kind::Http(_) | Kind::Function { .. } => {
                if let Some(call) = call(task, &input, &scope)? {
                    self.call(id, task, call);
                }
                Ok(Begun::Waits)
            }
            Kind::Wait(duration) => {
                let due = duration.due(&input, &scope)?;
                self.doing(id, Doing::Wait { due });
                let task = Arc::clone(&task.pointer);
                self.commands.push(Command::SetTimer { activation: id, task, timer: TimerKind::Wait, due });
                Ok(Begun::Waits)
            }
            Kind::Listen(listener) => {
                let listen = self.listening(listener, &input, &scope)?;
                let metadata = under.task_frame.metadata.to_json();
                let doing = Doing::Listen { listen: Box::new(listen.clone()), got: Vec::new() };
                self.doing(id, doing);
                self.commands.push(Command::Listen {
                    activation: id,
                    task: Arc::clone(&task.pointer),
                    listen,
                    metadata,
                });
                Ok(Begun::Waits)
            }
            Kind::For(for_) => {
                let Val::Arr(items) = for_.items.eval(&input, &scope)? else {
                    return Err(Error::expression("`for.in` does not give a list"));
                };
                self.doing(id, Doing::For { items: Data(Val::Arr(items)), index: 0 });
                self.iterate(id, input);
                Ok(Begun::Waits)
            }
            Kind::Do(list) => {
                self.doing(id, Doing::List);
                self.open(id, *list, input, |_| {});
                Ok(Begun::Waits)
            }
            Kind::Local { list, with } => {
                let with = match with {
                    Some(with) => with.eval(&input, &scope)?,
                    None => input,
                };
                self.call_local(id, task, *list, with)
            }
            Kind::Fork { branches, .. } => {
                let left = u32::try_from(branches.len()).unwrap_or(u32::MAX);
                self.doing(id, Doing::Fork { left, outputs: vec![None; branches.len()], error: None });
                for (branch, list) in (0..).zip(branches) {
                    self.open(id, *list, input.clone(), |frame| frame.branch = branch);
                }
                Ok(Begun::Waits)
            }
            Kind::Try(_) => {
                self.doing(id, Doing::Try(Trying { attempt: 0, due: None, handling: false }));
                self.attempt(id)?;
                Ok(Begun::Waits)
            }
        }
    }

    pub(super) fn doing(&mut self, id: ActivationId, doing: Doing) {
        if let Some(frame) = self.state.task_mut(id) {
            frame.doing = doing;
        }
    }

    fn call(&mut self, id: ActivationId, task: &Task, call: Call) {
        let Some(under) = self.under(id) else { return };
        let key = under.list.key(&task.pointer);
        let attempt = under.list.attempt;
        let metadata = under.task_frame.metadata.to_json();
        let context = self.state.context.clone();
        self.doing(id, Doing::Call { context });
        let undo = task.undo.map(|list| self.undo_in_words(list));
        let task = Arc::clone(&task.pointer);
        self.commands.push(Command::Call { activation: id, task, key, attempt, call, metadata, undo });
    }

    /// Calls a function of the definition itself: its task sees the arguments as its input, and no names but its own.
    fn call_local(&mut self, id: ActivationId, task: &Task, list: ListId, with: Val) -> Result<Begun, Error> {
        let mut depth = 0;
        let mut parent = self.state.frame(id).and_then(|f| f.parent);
        while let Some(frame) = parent.and_then(|p| self.state.frame(p)) {
            let calls = frame
                .as_task()
                .is_some_and(|t| matches!(self.definition.tasks.task(t.id()).kind, Kind::Local { .. }));
            depth += usize::from(calls);
            parent = frame.parent;
        }
        if depth >= CALLS_MAX {
            return Err(Error::configuration(format!(
                "functions call each other more than {CALLS_MAX} deep"
            )));
        }
        self.doing(id, Doing::List);
        let pointer = Arc::clone(&task.pointer);
        self.open(id, list, with, |frame| {
            frame.vars.clear();
            frame.scope = format!("{}@{pointer}", frame.scope);
        });
        Ok(Begun::Waits)
    }

    /// Begins the next iteration of a `for`, or leaves it.
    pub(super) fn iterate(&mut self, id: ActivationId, data: Val) {
        self.gets_further();
        let definition = self.definition;
        let Some(under) = self.under(id) else { return };
        let (Doing::For { items, index }, Kind::For(for_)) = (&under.task_frame.doing, &under.task.kind)
        else {
            return;
        };
        let index = *index;
        let item = match &items.0 {
            Val::Arr(items) => items.get(index as usize).cloned(),
            _ => None,
        };
        let Some(item) = item else {
            self.work.push_back(Work::Leave { task: id, output: data, then: None });
            return;
        };
        let mut vars = under.list.vars.clone();
        vars.push(Data(item));
        vars.push(Data(Val::from(index as usize)));
        let goes_on = match &for_.while_ {
            None => Ok(true),
            Some(while_) => {
                let scope = Scope { definition, vars: &vars, ..self.scope(&under) };
                while_.holds(&data, &scope)
            }
        };
        let body = for_.body;
        match goes_on {
            Ok(true) => self.open(id, body, data, |frame| {
                frame.vars = vars;
                frame.scope = format!("{}.{index}", frame.scope);
            }),
            Ok(false) => self.work.push_back(Work::Leave { task: id, output: data, then: None }),
            Err(error) => self.work.push_back(Work::Raise { task: id, error }),
        }
    }
}

fn raised_error(raised: &Raised, input: &Val, scope: &Scope<'_>) -> Result<Error, Error> {
    let text = |template: &crate::expression::Template| -> Result<String, Error> {
        let value = template.eval(input, scope)?;
        Ok(data::as_text(&value).map_or_else(|| value.to_string(), str::to_owned))
    };
    let part = |template: &Option<_>| template.as_ref().map_or(Ok(String::new()), &text);
    Ok(Error {
        type_: text(&raised.type_)?,
        status: raised.status,
        title: part(&raised.title)?,
        detail: part(&raised.detail)?,
        instance: part(&raised.instance)?,
    })
}

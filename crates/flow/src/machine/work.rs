//! The queue of a step.

use std::collections::VecDeque;

use jaq_json::Val;
use serde_json::Value;

use super::bindings::{Outside, Scope};
use super::frame::{Frame, ListFrame, What};
use super::state::{State, Under};
use crate::data::Data;
use crate::task::{ListId, Then};
use crate::{ActivationId, Command, Definition, End, Env, Error, Input, TimerKind, Trace, TraceKind};

/// Work items one step may take, other than the next iterations of loops over items; a flow that needs more without
/// ever waiting goes in circles.
const WORK_MAX: u32 = 100_000;
/// Work items one step may take in all, loops over items included: some seconds.
const WORK_OF_LOOPS_MAX: u32 = 5_000_000;
/// Frames a state may have; more means functions that call themselves without end, or a fork that does.
const FRAMES_MAX: usize = 10_000;
/// The activation of the whole run.
pub(super) const ROOT: ActivationId = ActivationId(0);

/// What is still to be done in a step.
pub(super) enum Work {
    /// Enter the current task of a list.
    Enter { list: ActivationId },
    /// A task has its output.
    Leave { task: ActivationId, output: Val, then: Option<Then> },
    /// A task failed.
    Raise { task: ActivationId, error: Error },
}

/// A step under way.
pub(super) struct Machine<'a> {
    pub(super) definition: &'a Definition,
    pub(super) state: &'a mut State,
    pub(super) env: &'a Env<'a>,
    pub(super) commands: Vec<Command>,
    pub(super) work: VecDeque<Work>,
    /// Work items left before the flow is taken to go in circles.
    circling: u32,
    /// Calls given up in this step that have an undo, each with its list.
    pub(super) held: Vec<(Frame, Frame)>,
    /// Blocks with an undo that the current error has passed through.
    pub(super) passed: Vec<ActivationId>,
}

/// Starts a run: enters tasks until all that are under way wait for something, or the run has ended.
///
/// `context` is the first value of `$context`.
pub fn start(definition: &Definition, input: Value, context: Value, env: &Env<'_>) -> (State, Vec<Command>) {
    let mut state = State {
        frames: Vec::new(),
        next_id: ROOT.0,
        context: Data::from_json(&context),
        input: Data::from_json(&input),
        ended: false,
        undo: Vec::new(),
        undone: std::collections::BTreeMap::new(),
    };
    let mut machine = Machine::new(definition, &mut state, env);
    if let Err(error) = machine.begin() {
        machine.end(End::Faulted { error: error.at("/") });
    }
    let commands = machine.run();
    (state, commands)
}

/// Moves a run on by one input. An input nobody waits for any more does nothing.
pub fn step(definition: &Definition, state: &mut State, input: Input, env: &Env<'_>) -> Vec<Command> {
    if state.ended {
        return Vec::new();
    }
    let mut machine = Machine::new(definition, state, env);
    machine.take(input);
    machine.run()
}

impl<'a> Machine<'a> {
    fn new(definition: &'a Definition, state: &'a mut State, env: &'a Env<'a>) -> Self {
        Self {
            definition,
            state,
            env,
            commands: Vec::with_capacity(4),
            work: VecDeque::with_capacity(4),
            circling: WORK_MAX,
            held: Vec::new(),
            passed: Vec::new(),
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        let raw = self.state.input.0.clone();
        let shape = &self.definition.input;
        if let Some(schema) = &shape.schema {
            schema.check(&raw, "the run's input")?;
        }
        let outside = Outside { definition: self.definition, env: self.env, input: &raw, context: None };
        let input = match &shape.make {
            Some(make) => make.eval(&raw, &outside)?,
            None => raw.clone(),
        };
        let due = self.definition.timeout.as_ref().map(|t| t.due(&raw, &outside)).transpose()?;
        let root = ListFrame {
            list: self.definition.body.0,
            at: 0,
            round: 0,
            branch: 0,
            attempt: 1,
            data: Data(input),
            vars: Vec::new(),
            scope: String::new(),
        };
        let id = self.state.push(None, What::List(root));
        if let Some(due) = due {
            self.set_timeout(id, "/".into(), due);
        }
        self.work.push_back(Work::Enter { list: id });
        Ok(())
    }

    fn run(mut self) -> Vec<Command> {
        let mut left = WORK_OF_LOOPS_MAX;
        while let Some(work) = self.work.pop_front() {
            if self.state.ended {
                break;
            }
            if left == 0 || self.circling == 0 || self.state.frames.len() > FRAMES_MAX {
                let most = if left == 0 { WORK_OF_LOOPS_MAX } else { WORK_MAX };
                let detail = format!(
                    "more than {most} steps without waiting for anything; does the flow go in circles?"
                );
                // Nothing that is queued is worth doing; what has been done may have to be undone.
                self.work.clear();
                self.end(End::Faulted { error: Error::runtime(500, detail).at("/") });
                left = WORK_OF_LOOPS_MAX;
                self.gets_further();
                continue;
            }
            left -= 1;
            self.circling -= 1;
            match work {
                Work::Enter { list } => self.enter(list),
                Work::Leave { task, output, then } => self.leave(task, output, then),
                Work::Raise { task, error } => self.raise(task, error),
            }
        }
        self.commands
    }

    /// A loop has got one item further: that is no circle.
    pub(super) fn gets_further(&mut self) {
        self.circling = WORK_MAX;
    }

    /// Opens a list inside a task and enters it.
    pub(super) fn open(
        &mut self,
        task: ActivationId,
        list: ListId,
        data: Val,
        change: impl FnOnce(&mut ListFrame),
    ) {
        let Some(under) = self.under(task) else { return };
        let mut frame = ListFrame {
            list: list.0,
            at: 0,
            round: 0,
            branch: 0,
            attempt: under.list.attempt,
            data: Data(data),
            vars: under.list.vars.clone(),
            scope: self.inner_scope(&under),
        };
        change(&mut frame);
        let id = self.state.push(Some(task), What::List(frame));
        self.work.push_back(Work::Enter { list: id });
    }

    /// A task under way.
    pub(super) fn under(&self, task: ActivationId) -> Option<Under<'_>> {
        self.state.under(self.definition, self.state.frame(task)?)
    }

    /// What a task's expressions see.
    pub(super) fn scope<'s>(&'s self, under: &'s Under<'s>) -> Scope<'s> {
        let raw = &under.list.data.0;
        Scope {
            definition: self.definition,
            env: self.env,
            context: &self.state.context.0,
            run_input: &self.state.input.0,
            vars: &under.list.vars,
            error: None,
            task: under.task,
            raw,
            input: under.task_frame.input(raw),
            output: None,
            since: under.task_frame.since,
        }
    }

    pub(super) fn trace(&mut self, task: &std::sync::Arc<str>, kind: TraceKind) {
        self.commands.push(Command::Trace(Trace { task: std::sync::Arc::clone(task), kind }));
    }

    pub(super) fn set_timeout(&mut self, id: ActivationId, task: std::sync::Arc<str>, due: jiff::Timestamp) {
        if let Some(frame) = self.state.frame_mut(id) {
            frame.timeout = Some(due);
            self.commands.push(Command::SetTimer { activation: id, task, timer: TimerKind::Timeout, due });
        }
    }

    /// Ends the run, once what has to be undone is.
    pub(super) fn end(&mut self, end: End) {
        if let Some(end) = self.unwind_before(end) {
            self.finish(end);
        }
    }

    /// Stops whatever is under way and ends the run.
    pub(super) fn finish(&mut self, end: End) {
        self.stop_all();
        self.state.undo.clear();
        self.state.ended = true;
        self.work.clear();
        self.commands.push(Command::End(end));
    }

    /// Ends the run with an output.
    pub(super) fn complete(&mut self, output: Val) {
        let input = self.state.input.0.clone();
        let context = Some(&self.state.context.0);
        let outside = Outside { definition: self.definition, env: self.env, input: &input, context };
        let shape = &self.definition.output;
        let made = match &shape.make {
            Some(make) => make.eval(&output, &outside),
            None => Ok(output),
        };
        let checked = made.and_then(|output| {
            if let Some(schema) = &shape.schema {
                schema.check(&output, "the run's output")?;
            }
            Ok(output)
        });
        match checked {
            Ok(output) => self.end(End::Completed { output: crate::data::to_json(&output) }),
            Err(error) => self.end(End::Faulted { error: error.at("/") }),
        }
    }
}

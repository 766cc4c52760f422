//! Unwinding: what was done is undone in reverse order of its completion, each action once, before an error is handled or the run
//! ends.
//!
//! Calls that have an undo and are under way when an unwinding begins are not cut off but waited for: what reaches a
//! system after it was undone would stay. An undo that fails and may yet succeed is tried again, ever more rarely; one that
//! fails for good is put before a person, and so is the whole when the flow says `onFault: park`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jaq_json::Val;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bindings::Outside;
use super::frame::{Doing, Frame, ListFrame, What};
use super::raise::as_val;
use super::state::State;
use super::undo::{Action, After, Asking, Outcome, Pace, Unwind};
use super::work::{Machine, Work};
use crate::data::{self, Data};
use crate::duration::after;
use crate::expression::{Bindings, Var};
use crate::listen::{Correlation, Expected};
use crate::undo::{FaultRule, OnFault, QUESTION};
use crate::{
    ActivationId, Command, DECIDED, Definition, End, Error, EventFilter, Listen, ListenMode, TimerKind, Undo,
    UndoStep, Waiting, WaitingFor,
};

/// Attempts of one undo before a person is asked.
const TRIES_MAX: u32 = 12;
/// The delay before an undo's second attempt; doubled each time.
const DELAY: SignedDuration = SignedDuration::from_secs(10);
/// The longest delay between two attempts.
const DELAY_MAX: SignedDuration = SignedDuration::from_mins(30);
/// Statuses below 500 of faults that may pass.
const PASSING: [u16; 6] = [401, 408, 409, 412, 423, 429];
/// Actions that a question names one by one.
const NAMED_MAX: usize = 10;

/// Whether another attempt may succeed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mends {
    Perhaps,
    Never,
}

impl State {
    pub(super) fn unwindings_waiting(&self, definition: &Definition) -> Vec<Waiting> {
        let waiting = |frame: &Frame| {
            let unwind = frame.as_unwind()?;
            let action = unwind.current.and_then(|id| self.undo.iter().find(|a| a.id == id));
            let task = action.map(|a| &definition.tasks.tasks[a.task as usize].pointer);
            let (since, what, reason) = match &unwind.pace {
                Pace::Going => return None,
                Pace::Retry { due, error } => {
                    let what = WaitingFor::Timer { due: *due, kind: TimerKind::Retry };
                    (unwind.since, what, format!("undoing is tried again after a fault: {error}"))
                }
                Pace::Asking(asking) => {
                    (asking.since, WaitingFor::Event { listen: asking.listen.clone() }, asking.reason.clone())
                }
            };
            let task = task.map_or_else(|| "/".into(), std::sync::Arc::clone);
            Some(Waiting { activation: frame.id, task, since, what, metadata: json!({ "reason": reason }) })
        };
        self.frames.iter().filter_map(waiting).collect()
    }
}

impl Machine<'_> {
    /// Begins to unwind before the run ends. Gives the end back when there is nothing to unwind.
    pub(super) fn unwind_before(&mut self, end: End) -> Option<End> {
        if self.state.undo.is_empty() {
            return Some(end);
        }
        let whole =
            self.state.frames.iter().find(|f| f.as_unwind().is_some() && f.parent.is_none()).map(|f| f.id);
        if let Some(unwind) = whole {
            self.end_again(unwind, end);
            return None;
        }
        let mut rule = OnFault::Unwind;
        let (after, blocks) = match end {
            End::Faulted { error } => {
                rule = match self.rule(&error) {
                    Ok(rule) => rule,
                    Err(_) => OnFault::Park,
                };
                (After::Fault(error), None)
            }
            End::Cancelled { reason } => {
                if let FaultRule::Fixed(OnFault::Continue) = self.definition.on_fault {
                    rule = OnFault::Continue;
                }
                (After::Cancel(reason), None)
            }
            End::Completed { output } => {
                let due: Vec<_> = self.state.undo.iter().filter(|a| a.due).map(|a| a.id).collect();
                if due.is_empty() {
                    return Some(End::Completed { output });
                }
                (After::Complete(Data::from_json(&output)), Some(due))
            }
        };
        if rule == OnFault::Continue {
            self.keep_all("the flow says that what was done is kept (onFault: continue)");
            return Some(ended(after));
        }
        self.stop_all();
        self.work.clear();
        let unwind = self.unwind(None, after, blocks);
        match rule {
            OnFault::Park => self.ask_about_all(unwind),
            _ => self.unwind_on(unwind),
        }
        None
    }

    /// Something would end a run that unwinds already.
    fn end_again(&mut self, id: ActivationId, end: End) {
        match end {
            // Only an undo that goes in circles does this.
            End::Faulted { error } => {
                self.stop_below(id);
                self.undo_ended(id, error, Mends::Never);
            }
            // Whoever cancels the run wants it undone. What can't be undone needs a decision of its own.
            End::Cancelled { reason } => {
                let Some(unwind) = self.unwinding(id) else { return };
                if unwind.current.is_none() && matches!(unwind.pace, Pace::Asking(_)) {
                    unwind.after = After::Cancel(reason);
                    unwind.pace = Pace::Going;
                    self.commands.push(Command::StopListening { activation: id });
                    self.unwind_on(id);
                }
            }
            End::Completed { .. } => {}
        }
    }

    /// Undoes the blocks that an error has passed through before it is handled. Gives the error back when there are none.
    pub(super) fn unwind_into(&mut self, try_: ActivationId, error: Error) -> Option<Error> {
        let blocks = std::mem::take(&mut self.passed);
        if blocks.is_empty() {
            self.held.clear();
            return Some(error);
        }
        let state = &mut *self.state;
        for action in state.undo.iter_mut().filter(|a| blocks.contains(&a.id)) {
            action.due = true;
            // However far its undoing gets, the block is another one when it is entered again.
            *state.undone.entry(action.key.clone()).or_default() += 1;
        }
        let unwind = self.unwind(Some(try_), After::Catch(error), Some(blocks));
        self.unwind_on(unwind);
        None
    }

    fn rule(&self, error: &Error) -> Result<OnFault, Error> {
        let expression = match &self.definition.on_fault {
            FaultRule::Fixed(rule) => return Ok(*rule),
            FaultRule::Expression(expression) => expression,
        };
        let error = as_val(error);
        let input = &self.state.input.0;
        let context = Some(&self.state.context.0);
        let outside = Outside { definition: self.definition, env: self.env, input, context };
        let given = expression.eval(&error, &Failed { outside, error: &error })?;
        OnFault::read(&given).ok_or_else(|| Error::expression("onFault gives none of unwind, park, continue"))
    }

    /// Makes the frame of an unwinding, and takes up the calls it has to wait for.
    fn unwind(
        &mut self,
        parent: Option<ActivationId>,
        after: After,
        blocks: Option<Vec<ActivationId>>,
    ) -> ActivationId {
        let inside = blocks.as_ref().map(|b| self.inside(b, 0));
        let unwind = Unwind { since: self.env.now, after, blocks, current: None, pace: Pace::Going };
        let id = self.state.push(parent, What::Unwind(Box::new(unwind)));
        for (mut list, mut task) in std::mem::take(&mut self.held) {
            let Some(at) = self.state.undo.iter().rposition(|a| a.activation == task.id) else { continue };
            if inside.as_ref().is_some_and(|inside| !inside[at]) {
                continue;
            }
            if self.state.undo[at].outcome == Outcome::Doubt {
                self.state.undo[at].outcome = Outcome::Begun;
            }
            self.commands
                .retain(|c| !matches!(c, Command::CancelCall { activation } if *activation == task.id));
            list.parent = Some(id);
            (list.timeout, task.timeout) = (None, None);
            for frame in [list, task] {
                if let Err(place) = self.state.frames.binary_search_by_key(&frame.id, |f| f.id) {
                    self.state.frames.insert(place, frame);
                }
            }
        }
        id
    }

    /// Undoes the next action, or ends the unwinding.
    fn unwind_on(&mut self, id: ActivationId) {
        // What is still under way may yet succeed, and then is undone first.
        if self.state.frames.iter().any(|f| f.parent == Some(id)) {
            return;
        }
        let Some(unwind) = self.unwinding(id) else { return };
        unwind.current = None;
        unwind.pace = Pace::Going;
        let blocks = unwind.blocks.clone();
        let inside = blocks.map(|b| self.inside(&b, 0));
        let next = self.state.undo.iter().enumerate().rev();
        let next =
            next.filter(|(i, _)| inside.as_ref().is_none_or(|inside| inside[*i])).map(|(_, a)| a.id).next();
        match next {
            Some(action) => {
                if let Some(unwind) = self.unwinding(id) {
                    unwind.current = Some(action);
                }
                self.undo_now(id);
            }
            None => self.unwound(id),
        }
    }

    /// Begins an attempt of the current undo.
    fn undo_now(&mut self, id: ActivationId) {
        let definition = self.definition;
        let Some(action) = self.current(id) else { return };
        action.tries += 1;
        let Some(list) = definition.tasks.tasks[action.task as usize].undo else { return };
        let mut vars = action.vars.clone();
        vars.push(Data(Self::seen(action)));
        let frame = ListFrame {
            list: list.0,
            at: 0,
            round: 0,
            branch: 0,
            attempt: action.tries,
            data: action.input.clone(),
            vars,
            scope: action.scope.clone(),
        };
        if let Some(unwind) = self.unwinding(id) {
            unwind.pace = Pace::Going;
        }
        let list = self.state.push(Some(id), What::List(frame));
        self.work.push_back(Work::Enter { list });
    }

    /// The next attempt of an undo is due.
    pub(super) fn undo_again(&mut self, id: ActivationId) {
        if self.unwinding(id).is_some_and(|u| matches!(u.pace, Pace::Retry { .. })) {
            self.undo_now(id);
        }
    }

    /// An undo has succeeded.
    pub(super) fn undone(&mut self, id: ActivationId) {
        let Some(action) = self.take_current(id) else { return };
        let in_doubt = action.outcome != Outcome::Done;
        self.tell(&action, UndoStep::Undone { in_doubt });
        self.unwind_on(id);
    }

    /// An undo has failed: it is tried again, or a person is asked.
    pub(super) fn undo_failed(&mut self, id: ActivationId, error: Error) {
        let passes = error.status >= 500 || PASSING.contains(&error.status);
        self.undo_ended(id, error, if passes { Mends::Perhaps } else { Mends::Never });
    }

    fn undo_ended(&mut self, id: ActivationId, error: Error, mends: Mends) {
        let Some(action) = self.current(id).map(|a| a.clone()) else { return };
        let delay = DELAY.saturating_mul(1 << (action.tries.saturating_sub(1)).min(20)).min(DELAY_MAX);
        let tries = mends == Mends::Perhaps && action.tries < TRIES_MAX;
        let again = if tries { after(self.env.now, delay).ok() } else { None };
        let step = UndoStep::Failed { error: error.clone(), again };
        self.tell(&action, step);
        let (task, by) = self.about(&action);
        let Some(due) = again else {
            let what = if action.outcome == Outcome::Done { "what it did" } else { "what it may have done" };
            let said =
                format!("{task} could not be undone, and {what} is still there: {by} failed with {error}");
            return self.ask(id, &said, "retry", "try it again");
        };
        let Some(unwind) = self.unwinding(id) else { return };
        unwind.pace = Pace::Retry { due, error };
        self.commands.push(Command::SetTimer { activation: id, task, timer: TimerKind::Retry, due });
    }

    fn ask_about_all(&mut self, id: ActivationId) {
        let Some(After::Fault(error)) = self.unwinding(id).map(|u| u.after.clone()) else { return };
        let mut named: Vec<String> = self
            .state
            .undo
            .iter()
            .rev()
            .take(NAMED_MAX)
            .map(|a| self.about(a))
            .map(|(t, by)| format!("{t} (by {by})"))
            .collect();
        if self.state.undo.len() > NAMED_MAX {
            named.push(format!("{} more", self.state.undo.len() - NAMED_MAX));
        }
        let said = format!("the run failed: {error}. What it did can be undone: {}", named.join(", "));
        self.ask(id, &said, "unwind", "undo it");
    }

    /// Asks a person. Each question has a name of its own, so that a decision that is sent twice decides once.
    fn ask(&mut self, id: ActivationId, said: &str, decision: &str, to: &str) {
        let question = format!("{}-{}", self.env.run_id, self.state.next_id);
        self.state.next_id += 1;
        let data = json!({ "question": question, "decision": decision });
        let reason = format!(
            "{said}. To go on, send an event of type {DECIDED} with the data {data} to {to}, or with the decision \"keep\" to leave it as it is"
        );
        let question = Correlation { from: QUESTION.to_owned(), expect: Some(Value::from(question)) };
        let filter = EventFilter {
            with: IndexMap::from([("type".to_owned(), Expected::Is(Value::from(DECIDED)))]),
            correlate: BTreeMap::from([("question".to_owned(), question)]),
        };
        let listen = Listen { mode: ListenMode::One, filters: vec![filter] };
        let task = self.current(id).map(|a| a.clone()).map_or_else(|| "/".into(), |a| self.about(&a).0);
        let asking = Asking { since: self.env.now, reason: reason.clone(), listen: listen.clone() };
        let Some(unwind) = self.unwinding(id) else { return };
        unwind.pace = Pace::Asking(Box::new(asking));
        let metadata = json!({ "reason": reason });
        self.commands.push(Command::Listen { activation: id, task, listen, metadata });
    }

    /// A person has decided. What is no answer to the question is passed over.
    pub(super) fn decided(&mut self, id: ActivationId, event: &Val) {
        let Some(unwind) = self.unwinding(id) else { return };
        if !matches!(unwind.pace, Pace::Asking(_)) {
            return;
        }
        let one = unwind.current.is_some();
        let given = data::field(event, "data");
        let text = |name: &str| given.and_then(|d| data::field(d, name)).and_then(data::as_text);
        let decision = match (text("decision"), one) {
            (Some("keep"), _) => "keep",
            (Some("retry"), true) => "retry",
            (Some("unwind"), false) => "unwind",
            _ => return,
        };
        let who = text("by").map_or_else(|| "a person".to_owned(), str::to_owned);
        let why = text("comment").map(|c| format!(": {c}")).unwrap_or_default();
        self.commands.push(Command::StopListening { activation: id });
        if let Some(unwind) = self.unwinding(id) {
            unwind.pace = Pace::Going;
        }
        match (decision, one) {
            ("keep", true) => {
                let Some(action) = self.take_current(id) else { return };
                self.tell(&action, UndoStep::Kept { reason: format!("{who} decided so{why}") });
                self.unwind_on(id);
            }
            ("keep", false) => {
                self.keep_all(&format!("{who} decided so{why}"));
                self.unwind_on(id);
            }
            ("retry", _) => {
                if let Some(action) = self.current(id) {
                    // As many attempts as at first, but none that passes for the first.
                    action.tries = 1;
                }
                self.undo_now(id);
            }
            _ => self.unwind_on(id),
        }
    }

    /// Everything is undone.
    fn unwound(&mut self, id: ActivationId) {
        let Some(frame) = self.state.remove(id) else { return };
        let parent = frame.parent;
        let What::Unwind(unwind) = frame.what else { return };
        match (unwind.after, parent) {
            (After::Catch(error), Some(try_)) => self.handle(try_, &error),
            (after, _) => self.finish(ended(after)),
        }
    }

    /// A call that was waited for has come back.
    pub(super) fn settled(&mut self, unwind: ActivationId, id: ActivationId, result: Result<Value, Error>) {
        let definition = self.definition;
        let list = self.state.frame(id).and_then(|f| f.parent);
        let Some(task) = self.state.frame(id).and_then(Frame::as_task).map(|t| definition.tasks.task(t.id()))
        else {
            return;
        };
        match result {
            Ok(value) => {
                let raw = data::from_json(&value);
                let output = self.made(id, raw.clone()).map_or(raw, |(output, _)| output);
                self.done(id, &output);
            }
            Err(error) => self.failed(id, task, &error),
        }
        self.state.remove(id);
        if let Some(list) = list {
            self.state.remove(list);
        }
        let asks = self.unwinding(unwind).is_some_and(|u| matches!(u.pace, Pace::Asking(_)));
        if !asks {
            self.unwind_on(unwind);
        }
    }

    /// The unwinding that waits for a call.
    pub(super) fn settling_for(&self, id: ActivationId) -> Option<ActivationId> {
        let frame = self.state.frame(id)?;
        if !matches!(frame.as_task()?.doing, Doing::Call { .. }) {
            return None;
        }
        let list = self.state.frame(frame.parent?)?;
        let unwind = list.parent?;
        // The lists of undos are younger than their unwinding.
        (list.id < unwind && self.is_unwinding(unwind)).then_some(unwind)
    }

    pub(super) fn is_unwinding(&self, id: ActivationId) -> bool {
        self.state.frame(id).is_some_and(|f| f.as_unwind().is_some())
    }

    /// The unwinding whose undo a list belongs to.
    pub(super) fn unwinding_around(&self, list: ActivationId) -> Option<ActivationId> {
        if !self.definition.tasks.undoes {
            return None;
        }
        let mut at = Some(list);
        while let Some(frame) = at.and_then(|id| self.state.frame(id)) {
            if frame.as_unwind().is_some() {
                return Some(frame.id);
            }
            // A handler that comes after an unwinding is the flow's own.
            at = frame.parent;
        }
        None
    }

    fn unwinding(&mut self, id: ActivationId) -> Option<&mut Unwind> {
        match &mut self.state.frame_mut(id)?.what {
            What::Unwind(unwind) => Some(unwind),
            What::List(_) | What::Task(_) => None,
        }
    }

    fn current(&mut self, id: ActivationId) -> Option<&mut Action> {
        let current = self.unwinding(id)?.current?;
        self.state.undo.iter_mut().rev().find(|a| a.id == current)
    }

    fn take_current(&mut self, id: ActivationId) -> Option<Action> {
        let current = self.unwinding(id)?.current.take()?;
        let at = self.state.undo.iter().rposition(|a| a.id == current)?;
        Some(self.state.undo.remove(at))
    }

    fn keep_all(&mut self, reason: &str) {
        for action in std::mem::take(&mut self.state.undo).iter().rev() {
            self.tell(action, UndoStep::Kept { reason: reason.to_owned() });
        }
    }

    fn tell(&mut self, action: &Action, step: UndoStep) {
        let (task, by) = self.about(action);
        self.commands.push(Command::Undo(Undo { task, key: action.key.clone(), by, step }));
    }
}

fn ended(after: After) -> End {
    match after {
        After::Fault(error) | After::Catch(error) => End::Faulted { error },
        After::Cancel(reason) => End::Cancelled { reason },
        After::Complete(output) => End::Completed { output: output.to_json() },
    }
}

/// What `onFault` sees: what stands outside any task, and the error.
struct Failed<'a> {
    outside: Outside<'a>,
    error: &'a Val,
}

impl Bindings for Failed<'_> {
    fn value(&self, var: Var) -> Result<Val, Error> {
        match var {
            Var::Local(_) => Ok(self.error.clone()),
            other => self.outside.value(other),
        }
    }

    fn now(&self) -> jiff::Timestamp {
        self.outside.now()
    }
}

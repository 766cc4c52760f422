//! An active run: take what came in, step the machine, make the transition durable, carry out what it decided; park when
//! only events or timers can move it on.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::Value;
use throughline_flow::{self as flow, ActivationId, Definition, State, TimerKind};
use throughline_store::{
    Entry, EntryKind, InboxRow, NewRun, RunEnd, RunStatus, Snapshot, Transition, WaitOp, Waiting,
};
use tokio::sync::oneshot;

use super::calls::{CallEnded, execute};
use super::journal::{Started, StepRecord, entry, with_env};
use super::plan::{Plan, request};
use super::snapshots::Snapshots;
use super::waiting::{self, hears, timer_is_due};
use super::{RunFacts, Signal};
use crate::Error;
use crate::host::CallRequest;
use crate::inner::Inner;
use crate::metrics;
use crate::registry::Mailbox;

/// Where an actor's state comes from.
pub(crate) enum Origin {
    /// The run is created by its first transition.
    New {
        create: Box<NewRun>,
        input: Value,
        /// Told once the run is durable, or why it is not.
        durable: oneshot::Sender<Result<(), Error>>,
    },
    /// The run is stored and has not begun.
    Stored { input: Value },
    /// The run is under way.
    Loaded { state: Box<State>, inbox: Vec<InboxRow> },
}

/// How an actor's life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Out of memory already; events or timers bring it back.
    Parked,
    /// Ended, never begun, or cut off by the engine's stop.
    Over,
}

pub(crate) struct Actor {
    engine: Arc<Inner>,
    pub(super) facts: RunFacts,
    definition: Arc<Definition>,
    seq: i64,
    step: i64,
    status: RunStatus,
    state: Option<State>,
    snapshots: Snapshots,
    calls: FuturesUnordered<BoxFuture<'static, Option<CallEnded>>>,
    aborts: Vec<(ActivationId, AbortHandle)>,
    /// Events in the inbox that have not been looked at.
    heard: Vec<InboxRow>,
}

impl Actor {
    pub(crate) fn new(
        engine: Arc<Inner>,
        facts: RunFacts,
        definition: Arc<Definition>,
        seq: i64,
        step: i64,
        status: RunStatus,
    ) -> Self {
        Self {
            engine,
            facts,
            definition,
            seq,
            step,
            status,
            state: None,
            snapshots: Snapshots::default(),
            calls: FuturesUnordered::new(),
            aborts: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// What the journal it was loaded from holds since the state was last written out.
    pub(super) fn with_snapshots(self, snapshots: Snapshots) -> Self {
        Self { snapshots, ..self }
    }

    /// Lives until the run parks or ends.
    pub(super) async fn live(
        mut self,
        origin: Origin,
        mut signals: Vec<Signal>,
        mailbox: &mut Mailbox,
    ) -> Result<Left, Error> {
        match origin {
            Origin::New { create, input, durable } => {
                let begun = self.begin(Some(create), input).await;
                let stored = begun.is_ok();
                let _ = durable.send(begun);
                if !stored {
                    return Ok(Left::Over);
                }
            }
            Origin::Stored { input } => self.begin(None, input).await?,
            Origin::Loaded { state, inbox } => self.take_up(*state, inbox),
        }
        loop {
            if self.status.is_ended() {
                return Ok(Left::Over);
            }
            let idle = self.calls.is_empty() && self.heard.is_empty() && signals.is_empty();
            if idle && self.engine.registry.leave(self.facts.run, mailbox) {
                return Ok(Left::Parked);
            }
            if self.calls.is_empty() && self.engine.stop.is_cancelled() {
                return Ok(Left::Over);
            }
            self.turn(std::mem::take(&mut signals), mailbox).await?;
        }
    }

    async fn begin(&mut self, create: Option<Box<NewRun>>, input: Value) -> Result<(), Error> {
        let now = create.as_ref().map_or_else(|| self.engine.now(), |c| c.created_at);
        let mut plan = Plan::default();
        if create.is_some() {
            plan.entries.push(entry(now, EntryKind::Started, &Started { input: &input }));
        }
        plan.entries.push(Entry { at: now, kind: EntryKind::Begun, body: Vec::new() });
        let (state, commands) =
            self.env(now, |definition, env| flow::start(definition, input, Value::Null, env));
        self.step += 1;
        self.state = Some(state);
        plan.add(&self.facts, commands, now);
        self.commit(plan, create, now).await
    }

    /// Takes up a run that was under way: its unanswered calls are in doubt.
    fn take_up(&mut self, state: State, inbox: Vec<InboxRow>) {
        let now = self.engine.now();
        let pending = self.env(now, |definition, env| state.pending_calls(definition, env));
        for (activation, task, key, attempt, call, metadata) in pending {
            let again =
                CallRequest { in_doubt: true, ..request(&self.facts, &task, &key, attempt, call, metadata) };
            ::metrics::counter!(metrics::CALLS_REPEATED).increment(1);
            self.dispatch(activation, again);
        }
        self.state = Some(state);
        self.heard = inbox;
    }

    /// Waits for something to come in, then handles all that is there in one transition.
    async fn turn(&mut self, mut signals: Vec<Signal>, mailbox: &mut Mailbox) -> Result<(), Error> {
        let mut plan = Plan::default();
        let mut ended = Vec::new();
        if signals.is_empty() && self.heard.is_empty() {
            tokio::select! {
                biased;
                Some(call) = self.calls.next(), if !self.calls.is_empty() => ended.extend(call),
                Some(signal) = mailbox.recv() => signals.push(signal),
            }
        }
        while let Some(Some(call)) = self.calls.next().now_or_never() {
            ended.extend(call);
        }
        while let Ok(signal) = mailbox.try_recv() {
            signals.push(signal);
        }
        let now = self.engine.now();
        for call in ended {
            self.on_call(call, &mut plan, now);
        }
        let mut cancellers = Vec::new();
        let mut look = false;
        for signal in signals {
            match signal {
                Signal::Timer { activation, timer } => self.on_timer(activation, timer, &mut plan, now),
                Signal::Cancel { reason, durable } => {
                    cancellers.push(durable);
                    self.advance(EntryKind::Cancel, flow::Input::Cancel { reason }, 0, &mut plan, now);
                }
                Signal::Look => look = true,
            }
        }
        let heard = std::mem::take(&mut self.heard);
        // What was heard in the last commit is in the inbox, too.
        let rows = if look { self.engine.store.inbox(self.facts.run).await? } else { heard };
        for row in rows {
            self.on_event(row, &mut plan, now)?;
        }
        if !plan.is_empty() {
            self.commit(plan, None, now).await?;
        }
        for canceller in cancellers {
            let _ = canceller.send(());
        }
        Ok(())
    }

    fn on_call(&mut self, call: CallEnded, plan: &mut Plan, now: Timestamp) {
        let CallEnded { activation, result, effects, repeats } = call;
        self.aborts.retain(|(a, _)| *a != activation);
        if plan.cancelled.contains(&activation) {
            return;
        }
        plan.effects.extend(effects);
        let input = flow::Input::CallEnded { activation, result };
        self.advance(EntryKind::CallOutcome, input, repeats, plan, now);
    }

    fn on_timer(&mut self, activation: ActivationId, timer: TimerKind, plan: &mut Plan, now: Timestamp) {
        plan.clear_timer(activation, timer);
        let due = self.state.as_ref().is_some_and(|state| {
            let waiting = state.waiting(&self.definition);
            timer_is_due(&waiting, activation, timer, now)
        });
        if due {
            self.advance(EntryKind::TimerFired, flow::Input::TimerFired { activation, timer }, 0, plan, now);
        }
    }

    fn on_event(&mut self, row: InboxRow, plan: &mut Plan, now: Timestamp) -> Result<(), Error> {
        let activation = ActivationId(row.activation);
        let event: Value = serde_json::from_slice(&row.event).map_err(|source| Error::BrokenJournal {
            run: self.facts.run.to_string(),
            at: format!("event {}", row.position.0),
            source,
        })?;
        let heard = plan.end.is_none()
            && self.state.as_ref().is_some_and(|state| {
                let waiting = state.waiting(&self.definition);
                hears(&waiting, activation, &event)
            });
        if heard {
            plan.taken.push(row.id);
            self.advance(
                EntryKind::EventArrived,
                flow::Input::EventArrived { activation, event },
                0,
                plan,
                now,
            );
        } else {
            plan.refused.push(row.id);
        }
        Ok(())
    }

    fn advance(
        &mut self,
        kind: EntryKind,
        input: flow::Input,
        repeats: u32,
        plan: &mut Plan,
        now: Timestamp,
    ) {
        if plan.end.is_some() {
            return;
        }
        let Some(mut state) = self.state.take() else { return };
        let record = StepRecord { input, repeats };
        plan.entries.push(entry(now, kind, &record));
        let commands = self.env(now, |definition, env| flow::step(definition, &mut state, record.input, env));
        self.state = Some(state);
        self.step += 1;
        plan.add(&self.facts, commands, now);
    }

    fn env<T>(&self, now: Timestamp, f: impl FnOnce(&Definition, &flow::Env<'_>) -> T) -> T {
        let host = self.engine.host.as_ref();
        with_env(self.facts.run, self.facts.created_at, now, self.step, host, |env| f(&self.definition, env))
    }

    /// Makes the plan durable, then carries it out.
    async fn commit(&mut self, plan: Plan, create: Option<Box<NewRun>>, now: Timestamp) -> Result<(), Error> {
        let Plan { entries, timers, waits, taken, refused, effects, calls, cancelled, end, emitted } = plan;
        self.abort(&cancelled);
        for wait in &waits {
            if let WaitOp::Set { event_type, shape, .. } = wait {
                self.engine.shapes.note(event_type.as_deref(), shape);
            }
        }
        let earliest_timer = timers.iter().filter_map(|t| t.due()).min();
        let cleared: Vec<_> = timers.iter().filter_map(|t| t.cleared()).collect();
        let parks = end.is_none() && calls.is_empty() && self.aborts.is_empty();
        let status = next_status(end.as_ref(), parks);
        self.snapshots.grew(&entries);
        let snapshot = if end.is_some() { None } else { self.snapshot_if(parks, entries.len()) };
        let transition = Transition {
            expected_seq: self.seq,
            create: create.map(|c| *c),
            waiting: if parks { self.waiting(now) } else { None },
            status: (end.is_none() && (parks || status != self.status)).then_some(status),
            entries,
            snapshot,
            timers,
            waits,
            taken,
            refused,
            effects,
            end,
            ..Transition::of(self.facts.run)
        };
        let ended = transition.end.clone();
        let committed = self.engine.store.commit(transition).await?;
        self.seq = committed.seq;
        self.status = status;
        self.heard = committed.heard;
        if let Some(due) = earliest_timer {
            self.engine.timers.set(due);
        }
        if ended.is_some() {
            self.engine.timers.ended(self.facts.run);
        } else {
            self.engine.timers.cleared(self.facts.run, &cleared);
        }
        if emitted {
            self.engine.appended.notify_one();
        }
        if !self.engine.stop.is_cancelled() {
            for (activation, call) in calls {
                self.dispatch(activation, call);
            }
        }
        if let Some(end) = ended {
            self.engine.ended(&self.facts, &end, committed.promoted);
        }
        Ok(())
    }

    fn snapshot_if(&mut self, parks: bool, new_entries: usize) -> Option<Snapshot> {
        if !self.snapshots.due(parks) {
            return None;
        }
        let seq = self.seq + i64::try_from(new_entries).unwrap_or(0);
        let state = self.state.as_ref()?;
        let body = serde_json::to_vec(&(self.step, state)).expect("a state is plain JSON data");
        self.snapshots.written(body.len());
        Some(Snapshot { seq, body })
    }

    fn waiting(&self, now: Timestamp) -> Option<Waiting> {
        Some(waiting::describe(&self.state.as_ref()?.waiting(&self.definition), now))
    }

    fn dispatch(&mut self, activation: ActivationId, call: CallRequest) {
        let (abort, registration) = AbortHandle::new_pair();
        self.aborts.push((activation, abort));
        let call = execute(Arc::clone(&self.engine), activation, Arc::new(call));
        let call = Abortable::new(call, registration);
        self.calls.push(Box::pin(async move { call.await.ok().flatten() }));
    }

    fn abort(&mut self, cancelled: &[ActivationId]) {
        for (activation, handle) in &self.aborts {
            if cancelled.contains(activation) {
                handle.abort();
            }
        }
        self.aborts.retain(|(a, _)| !cancelled.contains(a));
    }
}

fn next_status(end: Option<&RunEnd>, parks: bool) -> RunStatus {
    match end {
        Some(end) => end.status,
        None if parks => RunStatus::Waiting,
        None => RunStatus::Running,
    }
}

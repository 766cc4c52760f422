//! From the machine's commands to one transition: what becomes durable, and what is carried out once it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_flow::{self as flow, Command, TimerKind};
use throughline_store::{Effect, Entry, EntryKind, NewEvent, RunEnd, RunStatus, TimerOp, WaitOp};

use super::RunFacts;
use super::journal::{CallIntent, UndoNote, describe, entry};
use crate::host::CallRequest;

/// What is stored beside a wait, so that the dispatcher can decide without loading the run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredWait {
    /// Every filter must be met once, so an event that meets one does not end the others.
    pub(crate) all: bool,
    pub(crate) filter: flow::EventFilter,
}

/// One transition in the making.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) entries: Vec<Entry>,
    pub(crate) timers: Vec<TimerOp>,
    pub(crate) waits: Vec<WaitOp>,
    pub(crate) taken: Vec<i64>,
    pub(crate) refused: Vec<i64>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) calls: Vec<(flow::ActivationId, CallRequest)>,
    pub(crate) cancelled: Vec<flow::ActivationId>,
    pub(crate) end: Option<RunEnd>,
    pub(crate) emitted: bool,
}

impl Plan {
    /// Nothing would become durable.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.timers.is_empty() && self.taken.is_empty() && self.refused.is_empty()
    }

    /// Adds the commands of one step.
    pub(crate) fn add(&mut self, facts: &RunFacts, commands: Vec<Command>, now: Timestamp) {
        for command in commands {
            self.command(facts, command, now);
        }
    }

    fn command(&mut self, facts: &RunFacts, command: Command, now: Timestamp) {
        match command {
            Command::Call { activation, task, key, attempt, call, metadata, undo } => {
                let intent = CallIntent {
                    activation: activation.0,
                    task: task.to_string(),
                    key: key.clone(),
                    attempt,
                    call: describe(&call),
                    undo,
                };
                self.entries.push(entry(now, EntryKind::CallIntent, &intent));
                self.calls.push((activation, request(facts, &task, &key, attempt, call, metadata)));
            }
            Command::CancelCall { activation } => {
                self.calls.retain(|(a, _)| *a != activation);
                self.cancelled.push(activation);
            }
            Command::SetTimer { activation, timer, due, .. } => {
                self.timers.push(TimerOp::Set { activation: activation.0, kind: timer_code(timer), due });
            }
            Command::CancelTimer { activation, timer } => self.clear_timer(activation, timer),
            Command::Listen { activation, listen, .. } => self.listen(activation, listen),
            Command::StopListening { activation } => {
                self.waits.push(WaitOp::Clear { activation: activation.0 });
            }
            Command::Emit { event, .. } => {
                self.emitted = true;
                self.effects.push(Effect::Outbox { event: emitted(&facts.tenant, event, now) });
            }
            Command::Undo(undo) => {
                let note = UndoNote { text: undo.to_string(), undo };
                self.entries.push(entry(now, EntryKind::Note, &note));
            }
            Command::Trace(_) => {}
            Command::End(end) => self.end = Some(run_end(end, now)),
        }
    }

    /// Removes a timer from the store, fired or not.
    pub(crate) fn clear_timer(&mut self, activation: flow::ActivationId, timer: TimerKind) {
        self.timers.push(TimerOp::Clear { activation: activation.0, kind: timer_code(timer) });
    }

    fn listen(&mut self, activation: flow::ActivationId, listen: flow::Listen) {
        let all = matches!(listen.mode, flow::ListenMode::All);
        for (index, filter) in listen.filters.into_iter().enumerate() {
            let op = WaitOp::Set {
                activation: activation.0,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                event_type: filter.event_type().map(str::to_owned),
                shape: filter.correlation_shape(),
                key: filter.expected_key(),
                filter: serde_json::to_vec(&StoredWait { all, filter }).expect("a filter is plain JSON data"),
            };
            self.waits.push(op);
        }
    }
}

/// The request that carries out a `Call` command.
pub(crate) fn request(
    facts: &RunFacts,
    task: &str,
    key: &str,
    attempt: u32,
    call: flow::Call,
    metadata: Value,
) -> CallRequest {
    CallRequest {
        run: facts.run,
        tenant: facts.tenant.clone(),
        flow: facts.flow.clone(),
        business_key: facts.business_key.clone(),
        task: task.to_owned(),
        idempotency_key: format!("{}:{key}", facts.run),
        attempt,
        // The attempt before may have taken effect although it failed: it may have been cut off.
        in_doubt: attempt > 1,
        call,
        metadata,
    }
}

/// Codes under which timer kinds are stored.
pub(crate) fn timer_code(kind: TimerKind) -> u8 {
    match kind {
        TimerKind::Wait => 0,
        TimerKind::Retry => 1,
        TimerKind::Timeout => 2,
    }
}

/// The kind a stored code stands for.
pub(crate) fn timer_kind(code: u8) -> TimerKind {
    match code {
        0 => TimerKind::Wait,
        1 => TimerKind::Retry,
        _ => TimerKind::Timeout,
    }
}

fn emitted(tenant: &str, event: Value, now: Timestamp) -> NewEvent {
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let time = text("time").and_then(|t| t.parse().ok());
    NewEvent {
        tenant: tenant.to_owned(),
        source: text("source").unwrap_or_default(),
        id: text("id").unwrap_or_default(),
        type_: text("type").unwrap_or_default(),
        subject: text("subject"),
        time,
        key: text("partitionkey").or_else(|| text("subject")),
        body: serde_json::to_vec(&event).expect("an event is plain JSON data"),
        received_at: now,
        via: "flow".to_owned(),
    }
}

fn run_end(end: flow::End, at: Timestamp) -> RunEnd {
    let json = |value: &Value| serde_json::to_vec(value).expect("a JSON value serialises");
    match end {
        flow::End::Completed { output } => {
            RunEnd { status: RunStatus::Completed, output: Some(json(&output)), error: None, at }
        }
        flow::End::Faulted { error } => RunEnd {
            status: RunStatus::Faulted,
            output: None,
            error: Some(serde_json::to_vec(&error).expect("an error is plain JSON data")),
            at,
        },
        flow::End::Cancelled { reason } => RunEnd {
            status: RunStatus::Cancelled,
            output: None,
            error: Some(json(&serde_json::json!({ "detail": reason }))),
            at,
        },
    }
}

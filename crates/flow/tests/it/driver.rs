//! Drives a flow in memory: answers its calls, fires its timers, delivers its events, and writes down what it did.
//!
//! Every step is taken three times: on the state as it is, on the state as it reads back from JSON, and once more in a
//! replay from the start. All three must give the same commands.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use throughline_flow::{
    self as flow, ActivationId, Call, Command, Definition, End, Env, Error, HttpCall, Input, State,
    TimerKind, TraceKind,
};

/// Steps a driven flow may take.
const STEPS_MAX: usize = 1_000;

/// Answers calls; `None` never does.
pub(crate) type Answer<'a> = dyn FnMut(&Call) -> Option<Result<Value, Error>> + 'a;

pub(crate) struct Driver<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) secrets: BTreeMap<String, Value>,
    pub(crate) events: VecDeque<Value>,
    /// Cancels the run when nothing but timers and events can move it on.
    pub(crate) cancel: bool,
    /// What was done, a line each.
    pub(crate) lines: Vec<String>,
    /// Names of the tasks entered, in order.
    pub(crate) entered: Vec<String>,
    pub(crate) end: Option<End>,
    now: Timestamp,
    calls: VecDeque<(ActivationId, Call)>,
    timers: BTreeMap<(Timestamp, ActivationId, u8), TimerKind>,
    listening: Vec<(ActivationId, flow::Listen)>,
    history: Vec<(Timestamp, Input)>,
    commands: Vec<Vec<Command>>,
}

pub(crate) fn begin() -> Timestamp {
    "2026-01-31T08:00:00Z".parse().unwrap()
}

impl<'a> Driver<'a> {
    pub(crate) fn new(definition: &'a Definition) -> Self {
        Self {
            definition,
            secrets: BTreeMap::new(),
            events: VecDeque::new(),
            cancel: false,
            lines: Vec::new(),
            entered: Vec::new(),
            end: None,
            now: begin(),
            calls: VecDeque::new(),
            timers: BTreeMap::new(),
            listening: Vec::new(),
            history: Vec::new(),
            commands: Vec::new(),
        }
    }

    fn env<T>(&self, now: Timestamp, seed: u64, f: impl FnOnce(&Env<'_>) -> T) -> T {
        let secrets = |name: &str| self.secrets.get(name).cloned();
        f(&Env { now, seed, run_id: "run-1", started_at: begin(), secrets: &secrets })
    }

    pub(crate) fn run(&mut self, input: &Value, answer: &mut Answer<'_>) {
        let (mut state, commands) =
            self.env(self.now, 0, |env| flow::start(self.definition, input.clone(), Value::Null, env));
        self.commands.push(commands.clone());
        self.take(commands, &state);
        for seed in 1..STEPS_MAX as u64 {
            if self.end.is_some() {
                break;
            }
            let Some(next) = self.next(answer) else {
                self.lines.push("waits".to_owned());
                break;
            };
            let mut copy = read_back(&state);
            let commands =
                self.env(self.now, seed, |env| flow::step(self.definition, &mut state, next.clone(), env));
            let again =
                self.env(self.now, seed, |env| flow::step(self.definition, &mut copy, next.clone(), env));
            assert_eq!(commands, again, "a state read back from JSON behaves differently");
            let read = serde_json::from_value(serde_json::to_value(&next).unwrap()).unwrap();
            self.history.push((self.now, read));
            self.commands.push(commands.clone());
            self.take(commands, &state);
        }
        self.replay(input);
    }

    fn replay(&self, input: &Value) {
        let (mut state, first) =
            self.env(begin(), 0, |env| flow::start(self.definition, input.clone(), Value::Null, env));
        assert_eq!(first, self.commands[0], "a replay starts differently");
        for (seed, (now, input)) in (1..).zip(&self.history) {
            let commands =
                self.env(*now, seed, |env| flow::step(self.definition, &mut state, input.clone(), env));
            assert_eq!(commands, self.commands[seed as usize], "step {seed} replays differently");
        }
        if self.end.is_some() {
            assert!(state.has_ended());
            let late = Input::Cancel { reason: "late".to_owned() };
            assert!(
                self.env(begin(), 0, |env| flow::step(self.definition, &mut state, late, env)).is_empty()
            );
        }
    }

    /// What happens next: an answer, else an event, else the earliest timer.
    fn next(&mut self, answer: &mut Answer<'_>) -> Option<Input> {
        for _ in 0..self.calls.len() {
            let (activation, call) = self.calls.pop_front()?;
            match answer(&call) {
                Some(result) => return Some(Input::CallEnded { activation, result }),
                None => self.calls.push_back((activation, call)),
            }
        }
        if self.cancel {
            return Some(Input::Cancel { reason: "no longer wanted".to_owned() });
        }
        while !self.listening.is_empty()
            && let Some(event) = self.events.pop_front()
        {
            let meets =
                |l: &&(ActivationId, flow::Listen)| l.1.filters.iter().any(|f| f.matches(&event).unwrap());
            if let Some((activation, _)) = self.listening.iter().find(meets) {
                return Some(Input::EventArrived { activation: *activation, event });
            }
            self.lines.push(format!("passed over {}", event["type"].as_str().unwrap_or_default()));
        }
        let ((due, activation, _), timer) = self.timers.pop_first()?;
        self.now = self.now.max(due);
        Some(Input::TimerFired { activation, timer })
    }

    fn take(&mut self, commands: Vec<Command>, state: &State) {
        let ends = commands.iter().position(|c| matches!(c, Command::End(_)));
        assert!(ends.is_none_or(|i| i + 1 == commands.len()), "End is the last command");
        for command in commands {
            if let Some(line) = self.carry_out(command) {
                self.lines.push(line);
            }
        }
        if self.end.is_some() {
            assert!(
                self.calls.is_empty() && self.timers.is_empty() && self.listening.is_empty(),
                "a run leaves nothing behind"
            );
        }
        self.same_as(state);
    }

    /// The state names exactly the calls and waits that the commands have made.
    fn same_as(&self, state: &State) {
        let mut pending: Vec<(ActivationId, Call)> = self
            .env(self.now, 0, |env| state.pending_calls(self.definition, env))
            .into_iter()
            .map(|p| (p.0, p.4))
            .collect();
        pending.sort_by_key(|(a, _)| *a);
        let mut calls: Vec<_> = self.calls.iter().cloned().collect();
        calls.sort_by_key(|(a, _)| *a);
        assert_eq!(pending, calls, "pending calls");
        let waiting = state.waiting(self.definition);
        assert!(waiting.len() >= calls.len() + self.listening.len(), "{waiting:?}");
    }

    fn carry_out(&mut self, command: Command) -> Option<String> {
        Some(match command {
            Command::Call { activation, key, attempt, call, metadata, undo, .. } => {
                let line = described(&call);
                self.calls.push_back((activation, call));
                let metadata = if metadata.is_null() { String::new() } else { format!(" {metadata}") };
                let undo = undo.map(|by| format!(" undone by {by}")).unwrap_or_default();
                format!("call {line} [{key}] {attempt}{metadata}{undo}")
            }
            Command::CancelCall { activation } => {
                let before = self.calls.len();
                self.calls.retain(|(a, _)| *a != activation);
                assert_eq!(before, self.calls.len() + 1, "only a call under way is cancelled");
                "cancel call".to_owned()
            }
            Command::SetTimer { activation, timer, due, .. } => {
                self.timers.insert((due, activation, timer as u8), timer);
                format!("timer {timer:?} {}", length(due.duration_since(self.now)))
            }
            Command::CancelTimer { activation, timer } => {
                let before = self.timers.len();
                self.timers.retain(|(_, a, _), t| (*a, *t) != (activation, timer));
                assert_eq!(before, self.timers.len() + 1, "only a set timer is cancelled");
                format!("cancel timer {timer:?}")
            }
            Command::Listen { activation, listen, metadata, .. } => {
                let filters: Vec<String> = listen
                    .filters
                    .iter()
                    .map(|f| {
                        let key = f
                            .expected_key()
                            .map(|k| format!(" {} {k}", f.correlation_shape()))
                            .unwrap_or_default();
                        format!("{}{key}", f.event_type().unwrap_or("any"))
                    })
                    .collect();
                let metadata = if metadata.is_null() { String::new() } else { format!(" {metadata}") };
                let line = format!("listen {:?} {}{metadata}", listen.mode, filters.join(" | "));
                let stored = serde_json::from_value(serde_json::to_value(&listen).unwrap()).unwrap();
                assert_eq!(listen, stored);
                self.listening.push((activation, stored));
                line
            }
            Command::StopListening { activation } => {
                self.listening.retain(|(a, _)| *a != activation);
                "stop listening".to_owned()
            }
            Command::Emit { event, .. } => {
                for name in ["specversion", "id", "source", "type", "time"] {
                    assert!(event[name].is_string(), "{name} of {event}");
                }
                format!("emit {} {}", event["type"].as_str().unwrap_or_default(), event["data"])
            }
            Command::Undo(undo) => undo.to_string(),
            Command::Trace(trace) => {
                if trace.kind == TraceKind::Entered {
                    self.entered.push(trace.task.rsplit('/').next().unwrap_or_default().to_owned());
                }
                return None;
            }
            Command::End(end) => {
                let line = match &end {
                    End::Completed { output } => format!("completed {output}"),
                    End::Faulted { error } => format!("faulted {error}"),
                    End::Cancelled { reason } => format!("cancelled: {reason}"),
                };
                self.end = Some(end);
                line
            }
        })
    }
}

fn read_back(state: &State) -> State {
    let text = serde_json::to_string(state).unwrap();
    let read: State = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text, "a state reads back as it was");
    read
}

fn described(call: &Call) -> String {
    match call {
        Call::Function { name, with } => format!("{name} {with}"),
        Call::Http(HttpCall { method, uri, headers, query, body, authentication, .. }) => {
            let mut line = format!("{method} {uri}");
            for (name, value) in query {
                line.push_str(&format!(" ?{name}={value}"));
            }
            for (name, value) in headers {
                line.push_str(&format!(" {name}: {value}"));
            }
            let body = body.as_ref().map(throughline_flow::Body::to_json);
            for part in body.iter().chain(authentication) {
                line.push_str(&format!(" {part}"));
            }
            line
        }
    }
}

fn length(length: SignedDuration) -> String {
    format!("{length:#}").replace(' ', "")
}

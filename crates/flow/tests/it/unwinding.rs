//! Random flows with undos, in a world that refuses, loses replies and is cut off: every undo once, in reverse order.
//!
//! Nothing but the machine, so that thousands of seeds take a minute. `THROUGHLINE_SEEDS` sets how many, `THROUGHLINE_SEED` replays
//! one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use throughline_flow::{
    self as flow, ActivationId, Call, Command, DECIDED, Definition, End, Env, Error, Input, State, TimerKind,
    UndoStep,
};

use crate::driver::begin;

/// Seeds tried when nothing else is said.
const SEEDS: u64 = 2_000;
/// Steps one run may take.
const STEPS_MAX: usize = 5_000;
/// What the key of an undo has more than that of its action.
const UNDO: &str = "/metadata/compensate";

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn percent(&mut self, of: u64) -> bool {
        self.next() % 100 < of
    }
}

/// Makes tasks with names of their own.
struct Maker {
    chance: Chance,
    count: usize,
    /// Whether blocks may have undos of their own.
    blocks: bool,
}

impl Maker {
    /// A list of one to three tasks.
    fn list(&mut self, depth: usize) -> Value {
        let tasks = 1 + self.chance.below(3);
        let mut list = Vec::new();
        for _ in 0..tasks {
            self.count += 1;
            let name = format!("t{}", self.count);
            let task = self.task(depth);
            list.push(json!({ name: task }));
        }
        Value::Array(list)
    }

    fn task(&mut self, depth: usize) -> Value {
        let put = json!({"call": "put", "metadata": {"compensate": {"call": "take"}}});
        if depth == 0 {
            return if self.chance.percent(80) { put } else { json!({"call": "look"}) };
        }
        let mut task = match self.chance.below(8) {
            0..=2 => return put,
            3 => json!({"do": self.list(depth - 1)}),
            4 => json!({"fork": {"branches": self.list(depth - 1)}}),
            5 => json!({"for": {"each": "it", "in": "${ [1, 2] }"}, "do": self.list(depth - 1)}),
            6 => {
                let retry = json!({"delay": "PT1S", "limit": {"attempt": {"count": 3}}});
                json!({"try": self.list(depth - 1), "catch": {"retry": retry}})
            }
            _ => json!({"try": self.list(depth - 1), "catch": {"do": self.list(0)}}),
        };
        if self.blocks && self.chance.percent(50) {
            task["metadata"] = json!({"compensate": {"call": "take"}});
        }
        task
    }
}

fn definition(maker: &mut Maker) -> Definition {
    let mut tasks = maker.list(3);
    let chance = &mut maker.chance;
    if chance.percent(60) {
        let error = json!({"type": "https://example.org/no", "status": 422});
        tasks.as_array_mut().unwrap().push(json!({"no": {"raise": {"error": error}}}));
    }
    let on_fault = ["unwind", "unwind", "park"][chance.below(3)];
    let document = json!({"dsl": "1.0.3", "namespace": "test", "name": "random", "version": "1.0.0", "metadata": {"onFault": on_fault}});
    let text = json!({"document": document, "do": tasks}).to_string();
    flow::parse(&text, "random").unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
}

/// A call that is under way.
struct Pending {
    activation: ActivationId,
    key: String,
    in_doubt: bool,
}

/// One run and its world.
struct Play<'a> {
    definition: &'a Definition,
    chance: Chance,
    now: Timestamp,
    seed: u64,
    pending: Vec<Pending>,
    timers: BTreeMap<(Timestamp, ActivationId, u8), TimerKind>,
    listening: Option<(ActivationId, String)>,
    end: Option<End>,
    /// How often each effect was applied, undos among them.
    effects: BTreeMap<String, u32>,
    /// Keys of the actions that completed, in order; of those undone, and of those a person kept.
    done: Vec<String>,
    undone: Vec<String>,
    kept: BTreeSet<String>,
}

fn env<T>(now: Timestamp, seed: u64, f: impl FnOnce(&Env<'_>) -> T) -> T {
    f(&Env { now, seed, run_id: "run-1", started_at: begin(), secrets: &|_| None })
}

impl Play<'_> {
    fn run(&mut self) {
        let (mut state, commands) =
            env(self.now, 0, |env| flow::start(self.definition, Value::Null, Value::Null, env));
        self.take(commands);
        let mut cancels = self.chance.percent(25);
        for _ in 0..STEPS_MAX {
            if self.end.is_some() {
                assert!(self.pending.is_empty() && self.timers.is_empty() && self.listening.is_none());
                return;
            }
            if self.chance.percent(8) {
                state = self.crash(&state);
                continue;
            }
            let input = if cancels && self.chance.percent(5) {
                cancels = false;
                Input::Cancel { reason: "no longer wanted".to_owned() }
            } else {
                self.next()
            };
            self.seed += 1;
            let commands =
                env(self.now, self.seed, |env| flow::step(self.definition, &mut state, input, env));
            self.take(commands);
        }
        panic!("it does not end: {:?}", state.waiting(self.definition));
    }

    /// What was under way may have taken effect; it is called again, in doubt.
    fn crash(&mut self, state: &State) -> State {
        for pending in std::mem::take(&mut self.pending) {
            if self.chance.percent(50) {
                self.apply(&pending);
            }
        }
        let state: State = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
        let again = env(self.now, self.seed, |env| state.pending_calls(self.definition, env));
        self.pending = again
            .into_iter()
            .map(|(activation, _, key, _, call, _)| Pending {
                activation,
                key: named(key, &call),
                in_doubt: true,
            })
            .collect();
        state
    }

    fn next(&mut self) -> Input {
        let timers_wait = !self.pending.is_empty() && self.chance.percent(90);
        if self.pending.is_empty()
            && let Some((activation, question)) = self.listening.clone()
        {
            let decision = ["keep", "retry", "unwind"][self.chance.below(3)];
            let data = json!({"question": question, "decision": decision});
            return Input::EventArrived { activation, event: json!({"type": DECIDED, "data": data}) };
        }
        if !timers_wait && let Some(((due, activation, _), timer)) = self.timers.pop_first() {
            self.now = self.now.max(due);
            return Input::TimerFired { activation, timer };
        }
        assert!(!self.pending.is_empty(), "nothing can move it on");
        let at = self.chance.below(self.pending.len());
        let pending = self.pending.swap_remove(at);
        let result = self.answer(&pending);
        if result.is_ok() && !pending.key.contains(UNDO) {
            self.done.retain(|key| *key != pending.key);
            self.done.push(pending.key.clone());
        }
        self.now += SignedDuration::from_millis(10);
        Input::CallEnded { activation: pending.activation, result }
    }

    fn answer(&mut self, pending: &Pending) -> Result<Value, Error> {
        if pending.in_doubt && self.effects.contains_key(&pending.key) {
            return Ok(Value::Null);
        }
        match self.chance.below(20) {
            0 => Err(Error::communication(422, "refused")),
            1 => Err(Error::communication(503, "away")),
            2 => {
                if self.chance.percent(50) {
                    self.apply(pending);
                }
                Err(Error::communication(504, "the outcome stayed unknown"))
            }
            _ => {
                self.apply(pending);
                Ok(Value::Null)
            }
        }
    }

    fn apply(&mut self, pending: &Pending) {
        if pending.in_doubt && self.effects.contains_key(&pending.key) {
            return;
        }
        assert!(!self.effects.contains_key(&undo_of(&pending.key)), "{} after its undo", pending.key);
        let times = self.effects.entry(pending.key.clone()).or_default();
        *times += 1;
        assert_eq!(*times, 1, "{} took effect twice", pending.key);
    }

    fn take(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Call { activation, key, attempt, call, .. } => {
                    let key = named(key, &call);
                    self.pending.push(Pending { activation, key, in_doubt: attempt > 1 });
                }
                Command::CancelCall { activation } => {
                    let at = self.pending.iter().position(|p| p.activation == activation).unwrap();
                    let given_up = self.pending.swap_remove(at);
                    if self.chance.percent(50) {
                        self.apply(&given_up);
                    }
                }
                Command::SetTimer { activation, timer, due, .. } => {
                    self.timers.insert((due, activation, timer as u8), timer);
                }
                Command::CancelTimer { activation, timer } => {
                    self.timers.retain(|(_, a, _), t| (*a, *t) != (activation, timer));
                }
                Command::Listen { activation, listen, .. } => {
                    let key = listen.filters[0].expected_key().unwrap();
                    let [question]: [String; 1] = serde_json::from_str(&key).unwrap();
                    self.listening = Some((activation, question));
                }
                Command::StopListening { .. } => self.listening = None,
                Command::Undo(undo) => match undo.step {
                    UndoStep::Undone { in_doubt: false } => self.undone.push(undo.key),
                    UndoStep::Undone { in_doubt: true } | UndoStep::Failed { .. } => {}
                    UndoStep::Kept { .. } => {
                        self.kept.insert(undo.key);
                    }
                },
                Command::End(end) => self.end = Some(end),
                Command::Emit { .. } | Command::Trace(_) => {}
            }
        }
    }

    fn check(&self, blocks: bool) {
        let completed = matches!(self.end, Some(End::Completed { .. }));
        let put = |key: &&String| !key.contains(UNDO) && !key.contains("?look");
        for key in self.effects.keys().filter(put) {
            let own = self.effects.contains_key(&undo_of(key)) || self.kept.contains(key);
            let block = self
                .effects
                .keys()
                .any(|undo| undo.contains(UNDO) && is_inside(key, &undo.replace(UNDO, "")))
                || self.kept.iter().any(|kept| is_inside(key, kept));
            if completed {
                assert!(!own || block, "{key} was taken back, and no block around it failed");
            } else {
                assert!(own || block, "{key} is an orphan nobody decided to keep");
            }
        }
        if blocks || completed {
            return;
        }
        let told = |key: &&String| !self.kept.contains(*key) && !key.contains("?look");
        let expected: Vec<&String> = self.done.iter().rev().filter(told).collect();
        assert_eq!(self.undone.iter().collect::<Vec<_>>(), expected, "not in reverse order of completion");
    }
}

/// Whether an action is one inside a block, by their keys.
fn is_inside(key: &str, block: &str) -> bool {
    let (pointer, scope) = key.split_once('#').unwrap_or((key, ""));
    let (around, of) = block.split_once('#').unwrap_or((block, ""));
    let inside = pointer.strip_prefix(around).is_some_and(|rest| rest.starts_with('/'));
    inside
        && scope
            .strip_prefix(of)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '^', '~', '@']))
}

/// A key that says when a call has no undo: then it leaves nothing to take back.
fn named(key: String, call: &Call) -> String {
    match call {
        Call::Function { name, .. } if name == "look" => format!("{key}?look"),
        _ => key,
    }
}

/// The key of the undo of an action.
fn undo_of(key: &str) -> String {
    match key.split_once('#') {
        Some((pointer, scope)) => format!("{pointer}{UNDO}#{scope}"),
        None => format!("{key}{UNDO}"),
    }
}

fn simulate(seed: u64) {
    let mut chance = Chance(seed);
    let blocks = chance.percent(50);
    let mut maker = Maker { chance, count: 0, blocks };
    let definition = definition(&mut maker);
    let mut play = Play {
        definition: &definition,
        chance: maker.chance,
        now: begin(),
        seed: 0,
        pending: Vec::new(),
        timers: BTreeMap::new(),
        listening: None,
        end: None,
        effects: BTreeMap::new(),
        done: Vec::new(),
        undone: Vec::new(),
        kept: BTreeSet::new(),
    };
    play.run();
    play.check(blocks);
}

#[test]
fn every_undo_once_and_in_reverse_order() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    if let Some(seed) = number("THROUGHLINE_SEED") {
        simulate(seed);
        return;
    }
    // Seeds differ from day to day, so that the space is searched; a failure names its own.
    let first = u64::from(std::process::id());
    for seed in (first..).step_by(7_919).take(number("THROUGHLINE_SEEDS").unwrap_or(SEEDS) as usize) {
        if let Err(panic) = std::panic::catch_unwind(|| simulate(seed)) {
            let said = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
            panic!("replay it with THROUGHLINE_SEED={seed}: {said}");
        }
    }
}

//! The systems outside: they have no memory of requests but their objects, lose requests and replies, and fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use throughline_engine::{CallOutcome, CallRequest, Host};
use throughline_flow::{Call, Error};
use throughline_store::{Run, RunId, RunStatus};

/// What a key has more than that of the action it undoes.
const UNDO: &str = "/metadata/compensate";

/// What the world does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    DoneSlowly,
    Refused,
    RequestLost,
    ReplyLost,
}

#[derive(Debug)]
struct Object {
    run: RunId,
    business_key: String,
    value: Value,
    times: u32,
}

#[derive(Default)]
struct State {
    /// By idempotency key.
    objects: HashMap<String, Object>,
    requests: HashMap<String, u64>,
    /// Business key and run of every effect, in order.
    order: Vec<(String, RunId)>,
    /// Keys of what was taken back, in order.
    taken: Vec<(RunId, String)>,
    /// What must not happen and did.
    wrong: Vec<String>,
}

/// The world.
pub(crate) struct World {
    seed: u64,
    trouble: f64,
    state: Mutex<State>,
}

impl World {
    pub(crate) fn new(seed: u64, trouble: f64) -> Self {
        Self { seed, trouble, state: Mutex::default() }
    }

    /// The fate of a request follows from its key and how often it was made, whoever else makes requests.
    fn fate(&self, key: &str, number: u64) -> Fate {
        let mut seed = self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for byte in key.bytes() {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        if rng.random_bool(self.trouble) {
            [Fate::Refused, Fate::RequestLost, Fate::ReplyLost][rng.random_range(0..3)]
        } else if rng.random_bool(0.2) {
            Fate::DoneSlowly
        } else {
            Fate::Done
        }
    }

    async fn put(&self, request: &CallRequest) -> CallOutcome {
        let Call::Function { name, with } = &request.call else { panic!("{request:?}") };
        let key = request.idempotency_key.as_str();
        if name == "judge" {
            return if self.condemns(key) {
                CallOutcome::fault(Error::communication(422, "judged"))
            } else {
                CallOutcome::value(with.clone())
            };
        }
        let fate = {
            let mut state = self.state.lock().unwrap();
            if request.in_doubt
                && let Some(found) = state.objects.get(key)
            {
                return CallOutcome::value(found.value.clone());
            }
            if request.in_doubt && state.taken.iter().any(|(_, taken)| taken == key) {
                return CallOutcome::value(with.clone());
            }
            let number = state.requests.entry(key.to_owned()).or_default();
            *number += 1;
            self.fate(key, *number)
        };
        let unknown = || CallOutcome::Unknown { reason: format!("{fate:?}"), retry_after: None };
        match fate {
            Fate::Refused => return CallOutcome::fault(Error::communication(503, "refused")),
            Fate::RequestLost => return unknown(),
            Fate::DoneSlowly => tokio::time::sleep(Duration::from_millis(3)).await,
            Fate::Done | Fate::ReplyLost => {}
        }
        self.apply(request, with);
        match fate {
            Fate::ReplyLost => unknown(),
            Fate::DoneSlowly => {
                // A crash may strike between the effect and its reply.
                tokio::time::sleep(Duration::from_millis(3)).await;
                CallOutcome::value(with.clone())
            }
            _ => CallOutcome::value(with.clone()),
        }
    }

    /// Half of all verdicts, whenever they are asked for.
    fn condemns(&self, key: &str) -> bool {
        let mut seed = self.seed;
        for byte in key.bytes() {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        ChaCha8Rng::seed_from_u64(seed).random()
    }

    fn apply(&self, request: &CallRequest, with: &Value) {
        let business_key = request.business_key.clone().unwrap();
        let mut state = self.state.lock().unwrap();
        state.order.push((business_key.clone(), request.run));
        let key = &request.idempotency_key;
        if key.contains(UNDO) {
            state.taken.push((request.run, key.clone()));
            return;
        }
        let taken = state.taken.iter().any(|(_, taken)| taken.replace(UNDO, "") == *key);
        if taken {
            state.wrong.push(format!("{key} took effect after it was taken back"));
        }
        let object = state.objects.entry(request.idempotency_key.clone()).or_insert_with(|| Object {
            run: request.run,
            business_key,
            value: with.clone(),
            times: 0,
        });
        object.times += 1;
    }

    /// Each effect was applied once, and those of one key in the order of its runs.
    pub(crate) fn check(&self, runs: &[Run]) {
        let state = self.state.lock().unwrap();
        for (key, object) in &state.objects {
            assert_eq!(object.times, 1, "{key} took effect {} times: {object:?}", object.times);
            assert_eq!(object.value["contract"], object.business_key);
        }
        check_taken(&state, runs);
        let mut last: BTreeMap<&str, RunId> = BTreeMap::new();
        for (key, run) in &state.order {
            let before = last.insert(key, *run).unwrap_or(*run);
            assert!(
                before <= *run,
                "an effect of {run} came after one of {before}, which is later, on {key}"
            );
        }
        // Runs of a key follow each other in the order of their events.
        let mut by_trigger: Vec<&Run> = runs.iter().collect();
        by_trigger.sort_by_key(|r| r.trigger);
        let mut ended: BTreeMap<&str, (jiff::Timestamp, RunId)> = BTreeMap::new();
        for run in by_trigger.iter().filter(|r| r.status.is_ended()) {
            let key = run.business_key.as_deref().unwrap();
            let at = (run.ended_at.unwrap(), run.id);
            let before = ended.insert(key, at).unwrap_or(at);
            assert!(before <= at, "{} ended before {}, whose event was earlier", run.id, before.1);
        }
        let mut effects: BTreeMap<RunId, u32> = BTreeMap::new();
        for object in state.objects.values() {
            *effects.entry(object.run).or_default() += 1;
        }
        for run in runs.iter().filter(|r| r.status == RunStatus::Completed) {
            let expected = match run.flow.as_str() {
                "row" => 3..=3,
                // The right side may shrug.
                "forked" => 2..=3,
                "undone" => 5..=5,
                _ => 2..=2,
            };
            let found = effects.get(&run.id).copied().unwrap_or_default();
            assert!(expected.contains(&found), "run {} of {} had {found} effects", run.id, run.flow);
        }
        let errors: Vec<_> = runs
            .iter()
            .filter(|r| r.flow != "undone")
            .filter_map(|r| r.error.as_ref())
            .map(|e| String::from_utf8_lossy(e))
            .collect();
        assert!(
            errors.len() * 4 <= runs.len(),
            "{} of {} runs faulted: {errors:#?}",
            errors.len(),
            runs.len()
        );
    }
}

/// Every undo once, in reverse order; of a run that completes nothing is taken back, of one that fails everything.
fn check_taken(state: &State, runs: &[Run]) {
    assert!(state.wrong.is_empty(), "{:#?}", state.wrong);
    let mut taken: BTreeMap<RunId, Vec<&str>> = BTreeMap::new();
    for (run, key) in &state.taken {
        taken.entry(*run).or_default().push(key);
    }
    for run in runs.iter().filter(|r| r.flow == "undone") {
        let taken = taken.remove(&run.id).unwrap_or_default();
        let put: Vec<&String> =
            state.objects.iter().filter(|(_, o)| o.run == run.id).map(|(key, _)| key).collect();
        match run.status {
            RunStatus::Faulted => {
                for key in put {
                    let times = taken.iter().filter(|t| t.replace(UNDO, "") == *key).count();
                    assert_eq!(times, 1, "{key} was taken back {times} times: {taken:#?}");
                }
                let stages: Vec<u32> = taken.iter().map(|key| stage(key)).collect();
                assert!(stages.is_sorted_by(|a, b| a >= b), "not in reverse order: {taken:#?}");
                let own: std::collections::BTreeSet<_> = taken.iter().collect();
                assert_eq!(own.len(), taken.len(), "something was taken back twice: {taken:#?}");
            }
            RunStatus::Completed => assert!(taken.is_empty(), "a run that completed took back {taken:#?}"),
            _ => {}
        }
    }
    assert!(taken.is_empty(), "another flow took something back: {taken:#?}");
}

/// What of a run comes before what; the branches of the fork are one stage.
fn stage(key: &str) -> u32 {
    match key {
        key if key.contains("/one/") => 0,
        key if key.contains("/sides/") => 1,
        key if key.ends_with("#.0") => 2,
        _ => 3,
    }
}

/// The world as the engine reaches it.
pub(crate) struct WorldHost(pub(crate) Arc<World>);

impl Host for WorldHost {
    fn call(&self, request: Arc<CallRequest>) -> BoxFuture<'static, CallOutcome> {
        let world = Arc::clone(&self.0);
        Box::pin(async move { world.put(&request).await })
    }

    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

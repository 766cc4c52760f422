//! A host whose functions behave as their names and arguments say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use throughline_engine::{CallOutcome, CallRequest, Host};
use throughline_flow::{Call, Error};
use throughline_store::{EntryKind, Store};
use tokio::sync::Semaphore;

/// One call as the host saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) run: String,
    pub(crate) name: String,
    pub(crate) with: Value,
    pub(crate) key: String,
    pub(crate) attempt: u32,
    pub(crate) in_doubt: bool,
    pub(crate) metadata: Value,
}

/// The scripted host.
///
/// - `echo` returns its arguments.
/// - `hold` returns them once the test opens the gate named by `with.gate`.
/// - `fail` is a fault of status `with.status`; with `with.times`, only so often per key.
/// - `lose` has an unknown outcome `with.times` times per key, then returns its arguments.
/// - `panic` panics once per key, then returns its arguments.
pub(crate) struct Script {
    store: Store,
    seen: Mutex<Vec<Seen>>,
    times: Mutex<HashMap<String, u64>>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
    undurable: Mutex<Vec<String>>,
}

impl Script {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            seen: Mutex::default(),
            times: Mutex::default(),
            gates: Mutex::default(),
            undurable: Mutex::default(),
        }
    }

    /// Every call so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Names of the calls of a function, in order.
    pub(crate) fn named(&self, name: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|s| s.name == name).collect()
    }

    /// Calls that went out before their intent was durable; there must never be one.
    pub(crate) fn undurable(&self) -> Vec<String> {
        self.undurable.lock().unwrap().clone()
    }

    /// Lets `calls` calls of `hold` through a gate.
    pub(crate) fn open(&self, gate: &str, calls: usize) {
        self.gate(gate).add_permits(calls);
    }

    fn gate(&self, name: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap();
        Arc::clone(gates.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    /// Whether a call is among the first `with.times` of its key.
    fn among_first(&self, key: &str, with: &Value) -> bool {
        let limit = with.get("times").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let mut times = self.times.lock().unwrap();
        let so_far = times.entry(key.to_owned()).or_default();
        *so_far += 1;
        *so_far <= limit
    }

    async fn check_intent(&self, request: &CallRequest) {
        let journal = self.store.journal(request.run).await.unwrap();
        let announced = journal.iter().filter(|e| e.kind == EntryKind::CallIntent).any(|e| {
            let intent: Value = serde_json::from_slice(&e.body).unwrap();
            intent["task"] == json!(request.task)
                && request.idempotency_key.ends_with(intent["key"].as_str().unwrap())
        });
        if !announced {
            self.undurable.lock().unwrap().push(request.task.clone());
        }
    }
}

/// The host as the engine holds it.
pub(crate) struct Scripted(pub(crate) Arc<Script>);

impl Host for Scripted {
    fn call(&self, request: Arc<CallRequest>) -> BoxFuture<'static, CallOutcome> {
        let script = Arc::clone(&self.0);
        Box::pin(async move { answer(&script, &request).await })
    }

    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

async fn answer(script: &Script, request: &CallRequest) -> CallOutcome {
    let Call::Function { name, with } = &request.call else {
        panic!("the scripted host knows functions only")
    };
    script.check_intent(request).await;
    script.seen.lock().unwrap().push(Seen {
        run: request.run.to_string(),
        name: name.clone(),
        with: with.clone(),
        key: request.idempotency_key.clone(),
        attempt: request.attempt,
        in_doubt: request.in_doubt,
        metadata: request.metadata.clone(),
    });
    let key = &request.idempotency_key;
    match name.as_str() {
        "hold" => {
            let gate = script.gate(with["gate"].as_str().unwrap());
            gate.acquire().await.unwrap().forget();
        }
        "fail" if script.among_first(key, with) => {
            let status = u16::try_from(with["status"].as_u64().unwrap()).unwrap();
            return CallOutcome::fault(Error::communication(status, "as scripted"));
        }
        "lose" if script.among_first(key, with) => {
            return CallOutcome::Unknown { reason: "the reply was lost".to_owned(), retry_after: None };
        }
        "panic" => {
            let first = json!({ "times": 1 });
            assert!(!script.among_first(key, &first), "as scripted");
        }
        _ => {}
    }
    CallOutcome::value(with.clone())
}

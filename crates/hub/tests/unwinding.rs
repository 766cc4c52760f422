//! Every flow of the catalog, with each of its calls failing in turn, against systems that only remember what they hold.
//!
//! Refused for good, a call leaves nothing behind: everything that was made before is removed, each once, in reverse order, or the run
//! waits for a person and says what for. Away for a while, nothing is undone. A lost reply changes nothing.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use throughline_hub::catalog::Files;
use throughline_hub::engine::{
    CallIntent, CallOutcome, CallRequest, Engine, Flow, FlowSet, Host, Options, StartRequest, StepRecord,
    SystemClock, UndoNote,
};
use throughline_hub::flow::{self, Call, Error, Input, UndoStep};
use throughline_hub::store::{self, EntryKind, NewEvent, Run, RunId, RunStatus, Store};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a flow makes that has an undo.
const UNDOABLE: [&str; 4] = ["erp.project", "erp.billing-schedule", "psa.project", "docs.folder"];

/// What befalls a run's call of one key; every run has a tenant of its own, named after its plan.
#[derive(Debug, Clone, PartialEq)]
enum Plan {
    Nothing,
    Refused(String),
    Away(String),
    ReplyLost(String),
}

#[derive(Default)]
struct Held {
    /// By tenant, then by kind of object.
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    /// How often an effect was applied, by tenant and key.
    effects: BTreeMap<(String, String), u32>,
    /// Calls, by tenant: name and key without the run.
    calls: BTreeMap<String, Vec<(String, String)>>,
}

/// The systems outside.
struct Systems {
    plans: Mutex<HashMap<String, Plan>>,
    held: Mutex<Held>,
}

struct Outside(Arc<Systems>);

impl Host for Outside {
    fn call(&self, request: Arc<CallRequest>) -> Pin<Box<dyn Future<Output = CallOutcome> + Send>> {
        let systems = Arc::clone(&self.0);
        Box::pin(async move { systems.answer(&request) })
    }

    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

impl Systems {
    fn answer(&self, request: &CallRequest) -> CallOutcome {
        let Call::Function { name, with } = &request.call else { panic!("flows call functions only") };
        let key = request.idempotency_key.split_once(':').unwrap().1.to_owned();
        let plan = self.plans.lock().unwrap().get(&request.tenant).cloned().unwrap_or(Plan::Nothing);
        let mut held = self.held.lock().unwrap();
        held.calls.entry(request.tenant.clone()).or_default().push((name.clone(), key.clone()));
        match &plan {
            Plan::Refused(of) if *of == key => {
                return CallOutcome::fault(Error::communication(422, "it will not be taken"));
            }
            Plan::Away(of) if *of == key => {
                return CallOutcome::fault(Error::communication(503, "it is away"));
            }
            _ => {}
        }
        let effect = (request.tenant.clone(), key.clone());
        let repeated = held.effects.contains_key(&effect);
        assert!(!repeated || request.in_doubt, "{name} was called twice under {key} without doubt");
        if !repeated {
            held.effects.insert(effect, 1);
            held.apply(&request.tenant, name, with);
            if plan == Plan::ReplyLost(key) {
                return CallOutcome::Unknown { reason: "the reply was lost".to_owned(), retry_after: None };
            }
        }
        CallOutcome::value(answer(name, with))
    }
}

impl Held {
    fn apply(&mut self, tenant: &str, name: &str, with: &Value) {
        let objects = self.objects.entry(tenant.to_owned()).or_default();
        if let Some(kind) = name.strip_suffix(".put") {
            objects.insert(kind.to_owned(), with.clone());
        } else if let Some(kind) = name.strip_suffix(".remove") {
            objects.remove(kind);
        }
    }
}

/// What a function answers.
fn answer(name: &str, with: &Value) -> Value {
    let terms = json!({
        "title": "Work", "customer": {"name": "O'Brien"}, "serviceLine": "data", "legalEntity": "US", "region": "americas",
        "documents": [{"title": "a"}, {"title": "b"}],
    });
    let entity = json!({"code": "US", "region": "americas"});
    match name {
        "contract.record" | "contract.supply" => json!({
            "status": "recorded", "missing": [], "legalEntity": entity,
            "contract": {
                "contractId": "CT-1", "number": "C-1", "version": 1, "kind": "original", "signedDate": "2026-01-31",
                "opportunityId": "OP-1", "terms": terms,
            },
        }),
        "contract.amend" => json!({
            "status": "recorded",
            "version": {"contractId": "CT-1", "number": "C-1", "version": 2, "kind": "amendment", "opportunityId": "OP-1", "terms": terms},
        }),
        "contract.draft" => json!({"status": "draft", "contractId": "CT-1", "number": "C-1", "terms": terms}),
        "contract.screen" => json!({"verdict": "pass", "findings": []}),
        "legal-entity.resolve" => entity,
        "customer.resolve" => json!({"id": "CU-1", "country": "US"}),
        "project.plan" => json!({"id": "PJ-1", "legalEntity": "US"}),
        "billing.translate" => json!({"id": "BS-1", "version": 1, "lines": []}),
        "activation.complete" => json!({"contractId": with["contractId"]}),
        name if name.ends_with(".put") => json!({"systemId": "1", "url": "https://x/1"}),
        name if name.ends_with(".remove") => json!({"removed": true}),
        "opportunity.record" | "invoice.record" | "document.reference" => json!({}),
        other => panic!("no answer is written for {other}"),
    }
}

/// What starts each flow.
fn trigger(name: &str) -> Value {
    let data = match name {
        "contract-activation" => {
            json!({"contractId": "CT-1", "number": "C-1", "signedDate": "2026-01-31", "terms": {}})
        }
        "contract-amendment" => {
            json!({"contractId": "CT-1", "number": "C-1", "amendment": {"id": "A-2", "version": 2}})
        }
        "opportunity-to-contract" | "opportunity-recorded" => {
            json!({"id": "OP-1", "stageClass": "won", "account": {"name": "O'Brien"}, "currency": "USD"})
        }
        "invoice-recorded" => json!({"id": "IN-1"}),
        other => panic!("say what starts the flow {other}"),
    };
    json!([data])
}

struct World {
    engine: Engine,
    store: Store,
    systems: Arc<Systems>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::Options::new(folder.path())).await.unwrap();
        let systems = Arc::new(Systems { plans: Mutex::default(), held: Mutex::default() });
        let host = Arc::new(Outside(Arc::clone(&systems)));
        let files = Files::embedded();
        let flows = files.under("flows").map(|(path, text)| {
            Flow::new(flow::parse(text, path).unwrap_or_else(|problems| panic!("{problems:#?}")))
        });
        let flows = FlowSet::new(flows.collect());
        let engine =
            Engine::start(store.clone(), host, Arc::new(SystemClock), flows, Options::default()).await;
        Self { engine: engine.unwrap(), store, systems, _folder: folder }
    }

    /// Runs a flow under a plan until it has ended, or waits.
    async fn play(&self, flow: &str, tenant: &str, plan: Plan) -> Run {
        self.systems.plans.lock().unwrap().insert(tenant.to_owned(), plan);
        let request = StartRequest {
            flow: flow.to_owned(),
            tenant: tenant.to_owned(),
            input: trigger(flow),
            business_key: None,
        };
        let run = self.engine.start_run(request).await.unwrap().run;
        self.settled(run, |run| run.status.is_ended() || run.status == RunStatus::Waiting).await
    }

    async fn settled(&self, run: RunId, is: impl Fn(&Run) -> bool) -> Run {
        let look = async {
            loop {
                let row = self.store.run(run).await.unwrap().unwrap();
                if is(&row) {
                    return row;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(row) => row,
            Err(_) => {
                let row = self.store.run(run).await.unwrap().unwrap();
                panic!("it takes too long: {row:#?}\n{:#?}", self.calls(&row.tenant));
            }
        }
    }

    async fn decide(&self, run: &Run, decision: &str) {
        let reason = run.waiting.clone().unwrap().reason.unwrap();
        let question = reason.split_once("\"question\":\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let id = format!("{question}-{decision}");
        let body = json!({
            "specversion": "1.0", "id": id, "source": "/test", "type": flow::DECIDED,
            "data": {"question": question, "decision": decision, "by": "ann"},
        });
        let event = NewEvent {
            tenant: run.tenant.clone(),
            source: "/test".to_owned(),
            id,
            type_: flow::DECIDED.to_owned(),
            subject: None,
            time: None,
            key: None,
            body: serde_json::to_vec(&body).unwrap(),
            received_at: run.created_at,
            via: "api".to_owned(),
        };
        self.store.append(vec![event]).await.unwrap();
        self.engine.event_appended();
    }

    /// What of a run's objects is still there and has an undo, and the status the CRM shows.
    fn left(&self, tenant: &str) -> (BTreeSet<String>, Value) {
        let held = self.systems.held.lock().unwrap();
        let objects = held.objects.get(tenant).cloned().unwrap_or_default();
        let status = objects.get("crm.opportunity.status").map_or(Value::Null, |with| with["status"].clone());
        (objects.into_keys().filter(|kind| UNDOABLE.contains(&kind.as_str())).collect(), status)
    }

    fn calls(&self, tenant: &str) -> Vec<(String, String)> {
        self.systems.held.lock().unwrap().calls.get(tenant).cloned().unwrap_or_default()
    }

    /// What was done has been undone once, the last first, as the journal has it.
    async fn check_order(&self, run: &Run, story: &str) {
        let mut armed = HashMap::new();
        let (mut done, mut undone) = (Vec::new(), Vec::new());
        for entry in self.store.journal(run.id).await.unwrap() {
            match entry.kind {
                EntryKind::CallIntent => {
                    let intent: CallIntent = serde_json::from_slice(&entry.body).unwrap();
                    if intent.undo.is_some() {
                        armed.insert(intent.activation, intent.key);
                    }
                }
                EntryKind::CallOutcome => {
                    let record: StepRecord = serde_json::from_slice(&entry.body).unwrap();
                    if let Input::CallEnded { activation, result: Ok(_) } = record.input {
                        done.extend(armed.remove(&activation.0));
                    }
                }
                EntryKind::Note => {
                    let note: UndoNote = serde_json::from_slice(&entry.body).unwrap();
                    if let UndoStep::Undone { in_doubt: false } = note.undo.step {
                        undone.push(note.undo.key);
                    }
                }
                _ => {}
            }
        }
        done.reverse();
        assert_eq!(undone, done, "{story}");
    }
}

/// Whether a call belongs to an undo.
fn undoes(key: &str) -> bool {
    key.contains("/metadata/compensate")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_every_flow_may_fail() {
    let world = World::start().await;
    let names: Vec<String> = Files::embedded()
        .under("flows")
        .map(|(path, _)| path.trim_start_matches("flows/").trim_end_matches(".yaml").to_owned())
        .collect();
    assert!(names.len() >= 5, "{names:?}");
    for flow in &names {
        let run = world.play(flow, flow, Plan::Nothing).await;
        assert_eq!(run.status, RunStatus::Completed, "{flow}: {:?}", run.waiting);
        let keys: BTreeSet<(String, String)> = world.calls(flow).into_iter().collect();
        assert!(!keys.is_empty(), "{flow} calls nothing");
        for (name, key) in keys {
            refused(&world, flow, &name, &key).await;
            away(&world, flow, &name, &key).await;
            reply_lost(&world, flow, &name, &key).await;
        }
    }
    world.engine.stop().await;
}

async fn refused(world: &World, flow: &str, name: &str, key: &str) {
    let story = format!("{flow}, when {name} at {key} is refused");
    let mut run = world.play(flow, &story, Plan::Refused(key.to_owned())).await;
    if key.contains("/crm/") {
        // The CRM's opinion stops no project: a person decides.
        let (left, _) = world.left(&story);
        assert!(!left.is_empty(), "{story}: nothing is undone yet");
        let reason = run.waiting.clone().unwrap().reason.unwrap();
        let named = left.iter().map(|kind| format!("{kind}.remove"));
        for part in named.chain(["it will not be taken".to_owned(), "\"keep\"".to_owned()]) {
            assert!(reason.contains(&part), "{story}: {part} is not in: {reason}");
        }
        world.systems.plans.lock().unwrap().insert(story.clone(), Plan::Nothing);
        world.decide(&run, "unwind").await;
        run = world.settled(run.id, |run| run.status.is_ended()).await;
    }
    assert_eq!(run.status, RunStatus::Faulted, "{story}: {:?}", run.waiting);
    let (left, status) = world.left(&story);
    assert_eq!(left, BTreeSet::new(), "{story}: orphans");
    if flow == "contract-activation" {
        assert_ne!(status, json!("Active"), "{story}");
    }
    let mut undos: Vec<String> =
        world.calls(&story).into_iter().map(|(_, k)| k).filter(|k| undoes(k)).collect();
    let all = undos.len();
    undos.sort();
    undos.dedup();
    assert_eq!(undos.len(), all, "{story}: an undo was carried out twice");
    world.check_order(&run, &story).await;
}

async fn away(world: &World, flow: &str, name: &str, key: &str) {
    let story = format!("{flow}, while {name} at {key} is away");
    let run = world.play(flow, &story, Plan::Away(key.to_owned())).await;
    let undone: Vec<_> = world.calls(&story).into_iter().filter(|(_, k)| undoes(k)).collect();
    assert_eq!(undone, [], "{story}");
    // The hub's own functions are never away; of what is, the flow waits for it.
    let system = ["crm.", "clm.", "erp.", "psa.", "docs."].iter().any(|kind| name.starts_with(kind));
    let waiting = run.waiting.clone().map(|w| w.for_).unwrap_or_default();
    if system {
        assert!(waiting.starts_with("retry at"), "{story}: {:?} {waiting}", run.status);
    }
    world.engine.cancel(run.id, "the test is over").await.unwrap();
    world.settled(run.id, |run| run.status.is_ended()).await;
    assert_eq!(world.left(&story).0, BTreeSet::new(), "{story}: a cancelled run leaves nothing");
}

async fn reply_lost(world: &World, flow: &str, name: &str, key: &str) {
    let story = format!("{flow}, when the reply of {name} at {key} is lost");
    let run = world.play(flow, &story, Plan::ReplyLost(key.to_owned())).await;
    assert_eq!(run.status, RunStatus::Completed, "{story}: {:?}", run.waiting);
    let times = world.calls(&story).into_iter().filter(|(_, k)| k == key).count();
    assert_eq!(times, 2, "{story}: it is looked at once more");
    let effects = world.systems.held.lock().unwrap().effects.clone();
    assert_eq!(effects.get(&(story.clone(), key.to_owned())), Some(&1), "{story}");
}

//! An engine in a data folder, in a runtime of its own, so that a test can pull the plug.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use throughline_engine::{Clock, Engine, Flow, FlowSet, ManualClock, Options, StartRequest};
use throughline_store::{
    Appended, EntryKind, NewEvent, Position, Run, RunEnd, RunFilter, RunId, RunStatus, Store,
};
use tokio::runtime::Runtime;

use crate::script::{Script, Scripted};

/// The longest a test waits for something that ought to happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// What outlives an engine: its data folder and its time.
pub(crate) struct Ground {
    folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    flows: Vec<String>,
}

impl Ground {
    /// A fresh data folder, and the flows that are in force. A flow is given by its name, metadata and body.
    pub(crate) fn new(flows: &[(&str, &str)]) -> Self {
        let start: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let flows = flows.iter().map(|(name, rest)| flow_source(name, rest)).collect();
        Self { folder: TempDir::new().unwrap(), clock: Arc::new(ManualClock::at(start)), flows }
    }

    /// Starts an engine here.
    pub(crate) fn start(&self) -> House {
        self.start_with(Options::default())
    }

    pub(crate) fn start_with(&self, options: Options) -> House {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let flows = self.flows.iter().map(|source| {
            let definition = throughline_flow::parse(source, "test.yaml");
            Flow::new(definition.unwrap_or_else(|all| panic!("{all:#?}\n{source}")))
        });
        let flows = FlowSet::new(flows.collect());
        let (store, script, engine) = runtime.block_on(async {
            let store = Store::open(throughline_store::Options::new(self.folder.path())).await.unwrap();
            let script = Arc::new(Script::new(store.clone()));
            let host = Arc::new(Scripted(Arc::clone(&script)));
            let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
            let engine = Engine::start(store.clone(), host, clock, flows, options).await.unwrap();
            (store, script, engine)
        });
        House { engine, script, store, clock: Arc::clone(&self.clock), runtime }
    }
}

fn flow_source(name: &str, rest: &str) -> String {
    format!("document:\n  dsl: 1.0.3\n  namespace: test\n  name: {name}\n  version: 1.0.0\n{rest}")
}

/// A running engine. Dropping it is pulling the plug.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) script: Arc<Script>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    runtime: Runtime,
}

impl House {
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("it takes too long") })
    }

    /// Starts a run.
    pub(crate) fn run(&self, flow: &str, input: Value) -> RunId {
        self.try_run(flow, input, None).unwrap()
    }

    pub(crate) fn run_keyed(&self, flow: &str, input: Value, key: &str) -> RunId {
        self.try_run(flow, input, Some(key)).unwrap()
    }

    pub(crate) fn try_run(
        &self,
        flow: &str,
        input: Value,
        key: Option<&str>,
    ) -> Result<RunId, throughline_engine::Error> {
        let request = StartRequest {
            flow: flow.to_owned(),
            tenant: "acme".to_owned(),
            input,
            business_key: key.map(str::to_owned),
        };
        self.block_on(self.engine.start_run(request)).map(|started| started.run)
    }

    /// Waits for the end of a run.
    pub(crate) fn end(&self, run: RunId) -> RunEnd {
        self.block_on(self.engine.wait(run)).unwrap()
    }

    /// Waits for the end of a run that has to complete; returns its output.
    pub(crate) fn output(&self, run: RunId) -> Value {
        let end = self.end(run);
        let error = end.error.map(|e| String::from_utf8(e).unwrap());
        assert_eq!(end.status, RunStatus::Completed, "{error:?}");
        serde_json::from_slice(&end.output.unwrap()).unwrap()
    }

    /// Appends an event as intake does; returns its place.
    pub(crate) fn event(&self, id: &str, type_: &str, data: Value) -> Position {
        let event = json!({ "specversion": "1.0", "id": id, "source": "/test", "type": type_, "data": data });
        let event = NewEvent {
            tenant: "acme".to_owned(),
            source: "/test".to_owned(),
            id: id.to_owned(),
            type_: type_.to_owned(),
            subject: None,
            time: None,
            key: None,
            body: serde_json::to_vec(&event).unwrap(),
            received_at: self.clock.now(),
            via: "api".to_owned(),
        };
        let appended = self.block_on(self.store.append(vec![event])).unwrap();
        self.engine.event_appended();
        let [Appended::New(position)] = appended[..] else { panic!("{appended:?}") };
        position
    }

    /// Waits until the dispatcher has handed over everything up to a place.
    pub(crate) fn handed_over(&self, position: Position) {
        self.until("events are handed over", || {
            self.block_on(self.store.cursor("dispatch")).unwrap() >= Some(position)
        });
    }

    pub(crate) fn row(&self, run: RunId) -> Run {
        self.block_on(self.store.run(run)).unwrap().unwrap()
    }

    pub(crate) fn runs(&self, flow: &str) -> Vec<Run> {
        let filter = RunFilter { flow: Some(flow.to_owned()), limit: 10_000, ..RunFilter::default() };
        self.block_on(self.store.runs(filter)).unwrap()
    }

    pub(crate) fn kinds(&self, run: RunId) -> Vec<EntryKind> {
        self.block_on(self.store.journal(run)).unwrap().iter().map(|e| e.kind).collect()
    }

    /// Waits until a run is parked.
    pub(crate) fn parked(&self, run: RunId) -> Run {
        self.until("the run parks", || self.row(run).status == RunStatus::Waiting);
        self.until("it leaves memory", || {
            self.engine.runs_active() == 0 || self.row(run).status != RunStatus::Waiting
        });
        self.row(run)
    }

    /// Waits until the host has seen so many calls of a function.
    pub(crate) fn called(&self, name: &str, times: usize) {
        self.until(&format!("{times} calls of {name}"), || self.script.named(name).len() >= times);
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {what}; calls: {:#?}",
                self.script.seen()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Gives something that must not happen the time to happen.
    pub(crate) fn a_moment(&self) {
        std::thread::sleep(Duration::from_millis(60));
    }

    /// Stops as an operator does.
    pub(crate) fn stop(self) {
        self.block_on(async {
            self.engine.stop().await;
            self.store.close().await;
        });
        self.check();
    }

    /// Every call was announced before it went out.
    pub(crate) fn check(&self) {
        assert_eq!(self.script.undurable(), Vec::<String>::new());
    }
}

impl Ground {
    /// Puts another definition in force under a flow's name.
    pub(crate) fn replace(&mut self, name: &str, rest: &str) {
        self.flows = vec![flow_source(name, rest)];
    }
}

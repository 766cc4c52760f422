//! The whole chain on real contract records: a register's file is imported, its contracts are activated in the simulated
//! systems, and the simulators' own ledgers are counted.
//!
//! Where the records are not at hand, the tests say so and pass.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the helpers of tests may fail and speak like tests"
)]

mod joined;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use throughline_hub::Hub;
use throughline_hub::catalog::Catalog;
use throughline_hub::engine::SystemClock;
use throughline_hub::import::{Format, Outcome};
use throughline_hub::store::{LinkFilter, RecordFilter, Run, RunFilter, RunStatus};
use throughline_sandbox::{Options, Sandbox};

/// Links and runs read at most.
const ROWS_MAX: usize = 100_000;
/// Looks at the open runs before a test gives up, and the pause between two.
const LOOKS_MAX: u32 = 1_200;
const PAUSE: Duration = Duration::from_millis(250);

/// Where the systems keep what a contract's activation makes: kind of link, system, collection.
const TARGETS: [(&str, &str, &str); 6] = [
    ("customer", "erp-americas", "customer"),
    ("project", "erp-americas", "job"),
    ("billing-schedule", "erp-americas", "billingSchedule"),
    ("customer", "erp-emea", "customers"),
    ("project", "erp-emea", "projects"),
    ("project", "psa", "workspaces"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mexico_is_activated_exactly_once() {
    check(Format::Ocds, "data/ocds_samples/real/mexico_gacm/releases.ndjson", 302, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn france_is_activated_exactly_once() {
    check(Format::Decp, "data/decp_fr_2019/with_modifications_only.json", 97, 0).await;
}

/// `refused`: records that say something else of a contract than an earlier record of the file, or name no currency.
async fn check(format: Format, file: &str, records: u64, refused: u64) {
    let Some(file) = shared(file) else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = Options { faults: 0.05, seed: 11, ..Options::new(folder.path().join("sandbox")) };
    let sandbox = Sandbox::start(options).await.unwrap();
    let config = joined::config(folder.path(), &sandbox);
    let hub = Hub::start(config, Catalog::embedded().unwrap(), Arc::new(SystemClock)).await.unwrap();

    let report = hub.import(format, &file, "default", |_| ()).await.unwrap();
    assert_eq!(report.records, records);
    assert_eq!(report.accepted + report.duplicate + report.held + report.rejected, records);
    assert_eq!(report.rejected, refused, "{:?}", report.remarks);
    for remark in report.remarks.iter().filter(|r| r.outcome == Outcome::Rejected) {
        let known = ["other content", "is no currency"];
        assert!(known.iter().any(|k| remark.reason.contains(k)) && !remark.field.is_empty(), "{remark:?}");
    }
    settle(&hub).await;

    let activations = runs(&hub, Some("contract-activation")).await;
    let ended: Vec<&Run> = activations.iter().filter(|run| run.status == RunStatus::Completed).collect();
    let waiting: Vec<&Run> = activations.iter().filter(|run| run.status == RunStatus::Waiting).collect();
    assert_eq!(ended.len() + waiting.len(), activations.len(), "{:?}", others(&activations));
    assert!(!ended.is_empty());
    for run in waiting {
        let reason = run.waiting.as_ref().and_then(|w| w.reason.as_deref());
        assert!(reason.is_some_and(|r| r.contains("missing")), "{run:?}");
    }
    let ended = ended.len();
    assert_eq!(count(&hub, "activation").await, ended);
    assert_eq!(count(&hub, "project").await, ended);
    assert_eq!(count(&hub, "billing-schedule").await, ended);
    every_link_is_held_once(&hub, &sandbox, ended).await;
    every_amendment_is_acknowledged(&hub).await;

    let ledger = sandbox.ledger();
    let again = hub.import(format, &file, "default", |_| ()).await.unwrap();
    assert_eq!((again.records, again.events), (records, 0), "a second import changes nothing");
    settle(&hub).await;
    let objects = |ledger: throughline_sandbox::Ledger| -> Vec<_> {
        let systems = ledger.systems.into_iter();
        systems
            .map(|(name, s)| {
                (name, s.collections.into_iter().map(|(n, c)| (n, c.objects)).collect::<Vec<_>>())
            })
            .collect()
    };
    assert_eq!(objects(sandbox.ledger()), objects(ledger), "a second import changes nothing");
    hub.stop().await;
    sandbox.stop().await;
}

/// Each contract has one project in an ERP, one in the PSA, one billing schedule, one folder and at least one document.
async fn every_link_is_held_once(hub: &Hub, sandbox: &Sandbox, activations: usize) {
    let ledger = sandbox.ledger();
    assert_eq!(ledger.duplicates(), Vec::<String>::new());
    let links = hub.store().links(LinkFilter { limit: ROWS_MAX, ..LinkFilter::default() }).await.unwrap();
    let of = |noun: &str, systems: &[&str]| {
        links.iter().filter(|l| l.noun == noun && systems.contains(&l.system.as_str())).count()
    };
    let erps = ["erp-emea", "erp-americas"];
    assert_eq!(of("project", &erps), activations);
    assert_eq!(of("billing-schedule", &erps), activations);
    assert_eq!(of("project", &["psa"]), activations);
    assert_eq!(of("contract-folder", &["docs"]), activations);
    for link in &links {
        let target = TARGETS.iter().find(|(noun, system, _)| *noun == link.noun && *system == link.system);
        if let Some((_, system, collection)) = target {
            assert!(sandbox.holds(system, collection, &link.system_id), "{link:?} is not in {system}");
        }
    }
    let keys = |product: &str, collection: &str| ledger.systems[product].collections[collection].keys;
    assert_eq!(keys("netsuite", "job") + keys("business-central", "projects"), activations);
    assert_eq!(keys("kantata", "workspaces"), activations);
    let documents = records(hub, "document-reference").await;
    let mut contracts: Vec<&str> = documents.iter().filter_map(|d| d.get("contractId")?.as_str()).collect();
    contracts.sort_unstable();
    contracts.dedup();
    assert_eq!(contracts.len(), activations, "every contract has a document reference");
}

/// An amendment is a stored version, or its run says what it waits for.
async fn every_amendment_is_acknowledged(hub: &Hub) {
    for run in runs(hub, Some("contract-amendment")).await {
        match run.status {
            RunStatus::Completed => {}
            RunStatus::Waiting => {
                assert!(run.waiting.as_ref().is_some_and(|w| w.reason.is_some()), "{run:?}")
            }
            _ => panic!("{}", said(&run)),
        }
    }
}

/// Waits until nothing moves any more: every open run waits for an event.
async fn settle(hub: &Hub) {
    for _ in 0..LOOKS_MAX {
        let open = runs(hub, None).await.into_iter().filter(|run| !run.status.is_ended());
        let moving = |run: &Run| {
            !(run.status == RunStatus::Waiting
                && run.waiting.as_ref().is_some_and(|w| w.for_.starts_with("event")))
                && run.blocked_by.is_none()
        };
        let dispatched = hub.engine().caught_up().await.unwrap();
        if dispatched && !open.into_iter().any(|run| moving(&run)) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let runs = runs(hub, None).await;
    panic!("runs are still moving: {:?}", others(&runs));
}

async fn runs(hub: &Hub, flow: Option<&str>) -> Vec<Run> {
    let filter = RunFilter { flow: flow.map(str::to_owned), limit: ROWS_MAX, ..RunFilter::default() };
    hub.store().runs(filter).await.unwrap()
}

async fn records(hub: &Hub, noun: &str) -> Vec<Value> {
    let filter = RecordFilter { noun: noun.to_owned(), limit: ROWS_MAX, ..RecordFilter::default() };
    let records = hub.store().records(filter).await.unwrap();
    records.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect()
}

async fn count(hub: &Hub, noun: &str) -> usize {
    records(hub, noun).await.len()
}

/// The runs that neither completed nor wait, in words.
fn others(runs: &[Run]) -> Vec<String> {
    let other = |run: &&Run| !matches!(run.status, RunStatus::Completed | RunStatus::Waiting);
    runs.iter().filter(other).take(5).map(said).collect()
}

fn said(run: &Run) -> String {
    let error = run.error.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    format!("{} {} of {:?}: {} {error}", run.flow, run.id, run.business_key, run.status.as_str())
}

/// A file of the records that stand beside the repository.
fn shared(file: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("THROUGHLINE_SHARED").map_or(beside, PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there; THROUGHLINE_SHARED names the folder of the records", path.display());
    None
}

//! What the demo's summary says, gathered from the hub's store and from the simulators' own ledgers.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use throughline_hub::Hub;
use throughline_hub::store::{LinkFilter, RecordFilter, RunFilter, RunStatus};
use throughline_sandbox::{Ledger, Sandbox};

/// Records or runs read in one go.
const PAGE: usize = 1_000;

/// The figures of a demo.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    /// Canonical records by kind.
    pub(crate) records: BTreeMap<String, i64>,
    /// Runs by flow and status.
    pub(crate) runs: BTreeMap<String, BTreeMap<String, i64>>,
    /// What runs wait for, with how many.
    pub(crate) waiting: BTreeMap<String, usize>,
    /// Why runs failed, with how many.
    pub(crate) failed: BTreeMap<String, usize>,
    /// From the begin of an activation to the last target's confirmation.
    pub(crate) activation: Quantiles,
    /// What the simulators hold, by system and collection: objects and distinct keys.
    pub(crate) held: BTreeMap<String, Held>,
    /// Requests the simulators saw.
    pub(crate) requests: u64,
    /// Webhook attempts the simulators made.
    pub(crate) webhooks: u64,
    /// Faults the simulators injected, by kind.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Business keys that more than one object of a simulator holds.
    pub(crate) duplicated: Vec<String>,
    /// What is confirmed here and not held there.
    pub(crate) lost: Vec<String>,
}

/// Times of a population, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Objects of a collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Held {
    pub(crate) objects: usize,
    pub(crate) keys: usize,
}

/// Where a system keeps the counterparts of a kind of record: kind, system, collection.
const TARGETS: [(&str, &str, &str); 11] = [
    ("contract", "clm", "envelopes"),
    ("customer", "erp-americas", "customer"),
    ("project", "erp-americas", "job"),
    ("billing-schedule", "erp-americas", "billingSchedule"),
    ("customer", "erp-emea", "customers"),
    ("project", "erp-emea", "projects"),
    ("project", "psa", "workspaces"),
    ("work-breakdown", "psa", "workspaces"),
    ("contract-folder", "docs", "driveItems"),
    ("document-reference", "docs", "driveItems"),
    ("opportunity", "crm", "Opportunity"),
];
/// Links read at most.
const LINKS_MAX: usize = 1_000_000;

impl Figures {
    /// Gathers them.
    pub(crate) async fn gather(hub: &Hub, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let ledger = sandbox.ledger();
        let store = hub.store();
        let records = store.record_counts().await.context("records can't be counted")?;
        let mut runs: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        for count in store.run_counts().await.context("runs can't be counted")? {
            runs.entry(count.flow).or_default().insert(count.status.as_str().to_owned(), count.runs);
        }
        Ok(Self {
            records: records.into_iter().collect(),
            runs,
            waiting: reasons(hub, RunStatus::Waiting).await?,
            failed: reasons(hub, RunStatus::Faulted).await?,
            activation: activation(hub).await?,
            held: held(&ledger),
            requests: ledger.systems.values().map(|s| s.requests).sum(),
            webhooks: ledger.systems.values().map(|s| s.webhooks).sum(),
            faults: faults(&ledger),
            duplicated: ledger.duplicates(),
            lost: lost(hub, sandbox).await?,
        })
    }

    /// Whether the simulators hold what they should, once each.
    pub(crate) fn exact(&self) -> bool {
        self.duplicated.is_empty() && self.lost.is_empty()
    }
}

/// Why runs are in a status, in words, with how many.
async fn reasons(hub: &Hub, status: RunStatus) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut reasons = BTreeMap::new();
    let mut before = None;
    loop {
        let filter = RunFilter { status: Some(status), before, limit: PAGE, ..RunFilter::default() };
        let runs = hub.store().runs(filter).await.context("runs can't be read")?;
        let Some(last) = runs.last() else { return Ok(reasons) };
        before = Some(last.id);
        for run in runs {
            let why = match (&run.waiting, &run.error) {
                (Some(waiting), _) => waiting.reason.clone().unwrap_or_else(|| waiting.for_.clone()),
                (None, Some(error)) => said(error),
                (None, None) => "no reason is stored".to_owned(),
            };
            *reasons.entry(format!("{}: {why}", run.flow)).or_default() += 1;
        }
    }
}

/// An error in a sentence.
fn said(error: &[u8]) -> String {
    let error: Value = serde_json::from_slice(error).unwrap_or_default();
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    text("detail").or_else(|| text("title")).unwrap_or("no detail is stored").to_owned()
}

async fn activation(hub: &Hub) -> anyhow::Result<Quantiles> {
    let mut seconds = Vec::new();
    let mut after = None;
    loop {
        let filter = RecordFilter { tenant: None, noun: "activation".to_owned(), after, limit: PAGE };
        let page = hub.store().records(filter).await.context("activations can't be read")?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in page {
            let body: Value =
                serde_json::from_slice(&record.body).context("an activation does not read back")?;
            seconds.push(took(&body).context("an activation does not say when it began and was confirmed")?);
        }
    }
    Ok(quantiles(seconds))
}

/// Seconds an activation took.
fn took(activation: &Value) -> Option<f64> {
    let instant = |name: &str| activation.get(name)?.as_str()?.parse::<Timestamp>().ok();
    Some(instant("confirmedAt")?.duration_since(instant("startedAt")?).as_secs_f64())
}

fn quantiles(mut values: Vec<f64>) -> Quantiles {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = values.len().saturating_sub(1);
        values.get(((share * last as f64).round() as usize).min(last)).copied().unwrap_or_default()
    };
    Quantiles { count: values.len(), p50: at(0.50), p99: at(0.99) }
}

fn held(ledger: &Ledger) -> BTreeMap<String, Held> {
    let mut held = BTreeMap::new();
    for (product, system) in &ledger.systems {
        for (name, collection) in &system.collections {
            let found = Held { objects: collection.objects, keys: collection.keys };
            held.insert(format!("{product}/{name}"), found);
        }
    }
    held
}

fn faults(ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut faults = BTreeMap::new();
    for system in ledger.systems.values() {
        for (kind, count) in &system.faults {
            *faults.entry(kind.clone()).or_default() += count;
        }
    }
    faults
}

/// Every link says that a system has confirmed something; that system has to hold it.
async fn lost(hub: &Hub, sandbox: &Sandbox) -> anyhow::Result<Vec<String>> {
    let filter = LinkFilter { limit: LINKS_MAX, ..LinkFilter::default() };
    let links = hub.store().links(filter).await.context("links can't be read")?;
    let mut lost = Vec::new();
    for link in links {
        let target = TARGETS.iter().find(|(noun, system, _)| *noun == link.noun && *system == link.system);
        if let Some((_, _, collection)) = target
            && !sandbox.holds(&link.system, collection, &link.system_id)
        {
            lost.push(format!(
                "{}/{collection}/{} ({} {})",
                link.system, link.system_id, link.noun, link.canonical_id
            ));
        }
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_members_of_the_population() {
        assert_eq!(quantiles(Vec::new()), Quantiles::default());
        assert_eq!(quantiles(vec![3.0]), Quantiles { count: 1, p50: 3.0, p99: 3.0 });
        let hundred = (0..=100).rev().map(f64::from).collect();
        assert_eq!(quantiles(hundred), Quantiles { count: 101, p50: 50.0, p99: 99.0 });
    }

    #[test]
    fn an_error_is_said_by_its_detail() {
        assert_eq!(said(br#"{"title":"T","detail":"D"}"#), "D");
        assert_eq!(said(br#"{"title":"T"}"#), "T");
        assert_eq!(said(b"garbage"), "no detail is stored");
    }
}

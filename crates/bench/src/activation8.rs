//! `activation8`: a flow of eight sequential calls, started through the API and waited for.

use std::cell::RefCell;

use bytes::Bytes;

use crate::flows::{CALLS, input};
use crate::hub::Hub;
use crate::load::{Request, generate};
use crate::process::{Busy, memory_mb};
use crate::stub::Stub;
use crate::{Measure, table};

/// Counts the store's group commits.
const COMMITS: &str = "throughline_store_commits_total";
/// Counts the writes that share them.
const WRITES: &str = "throughline_store_writes_total";

pub(crate) async fn run(in_flight: &[usize], measure: &Measure) -> anyhow::Result<()> {
    let stub = Stub::start()?;
    let mut rows = Vec::new();
    for senders in in_flight {
        rows.push(row(&stub, *senders, measure).await?);
    }
    let title =
        format!("activation8: {CALLS} sequential HTTP calls a flow, each step durable before the next");
    let columns = [
        "in flight",
        "flows/s",
        "p50 ms",
        "p99 ms",
        "writes/flow",
        "syncs/flow",
        "RSS MB",
        "peak MB",
        "hub CPU %",
        "stub CPU %",
        "load CPU %",
    ];
    table::print(&title, &columns, rows);
    Ok(())
}

async fn row(stub: &Stub, senders: usize, measure: &Measure) -> anyhow::Result<Vec<String>> {
    // Each row has a fresh hub, so that none pays for the data of the one before.
    let hub = Hub::start(&measure.program, stub.port).await?;
    let request = Request {
        path: "/v1/flows/activation8/runs?wait=60s",
        content_type: "application/json",
        body: |number| Bytes::from(input(number).to_string()),
    };
    let begin = RefCell::new(None);
    let at_measure = async || {
        let counted = (hub.metric(COMMITS).await?, hub.metric(WRITES).await?);
        let busy = [hub.process(), stub.process(), std::process::id()].map(Busy::of);
        begin.replace(Some((counted, busy)));
        Ok(())
    };
    let outcome =
        generate(hub.port, &request, senders, measure.warm_up(), measure.time(), at_measure).await?;
    let begun = begin.into_inner();
    let ((commits, writes), busy) = begun.ok_or_else(|| anyhow::anyhow!("nothing was measured"))?;
    let busy = busy.map(|b| format!("{:.0}", b.percent()));
    let flows = outcome.requests as f64;
    let commits = (hub.metric(COMMITS).await? - commits) / flows;
    let writes = (hub.metric(WRITES).await? - writes) / flows;
    let (now, peak) = memory_mb(hub.process());
    let [of_hub, of_stub, of_load] = busy;
    Ok(vec![
        senders.to_string(),
        format!("{:.0}", outcome.per_second),
        format!("{:.2}", outcome.p50_ms),
        format!("{:.2}", outcome.p99_ms),
        format!("{writes:.2}"),
        format!("{commits:.2}"),
        format!("{now:.0}"),
        format!("{peak:.0}"),
        of_hub,
        of_stub,
        of_load,
    ])
}

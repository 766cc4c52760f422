//! `activation8`: a flow of eight sequential calls, started through the API and waited for.

use std::cell::RefCell;

use bytes::Bytes;

use crate::flows::{CALLS, input};
use crate::hub::Hub;
use crate::load::{Outcome, Request, generate};
use crate::process::{Busy, memory_mb};
use crate::stub::Stub;
use crate::{Measure, table};

/// Counts the store's group commits.
const COMMITS: &str = "throughline_store_commits_total";
/// Counts the writes that share them.
const WRITES: &str = "throughline_store_writes_total";
/// Counts the flows that have ended.
const FLOWS: &str = "throughline_runs_ended_total";

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
        "hub CPU ms/flow",
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
    let figures = figures(hub.port, hub.process(), stub, senders, measure).await?;
    // Those of the warm-up are counted on both sides.
    let flows = hub.metric(FLOWS).await?.max(1.0);
    let (commits, writes) = (hub.metric(COMMITS).await? / flows, hub.metric(WRITES).await? / flows);
    let (now, peak) = memory_mb(hub.process());
    let [of_hub, of_stub, of_load] = figures.busy_percent.map(|percent| format!("{percent:.0}"));
    Ok(vec![
        senders.to_string(),
        format!("{:.0}", figures.outcome.per_second),
        format!("{:.2}", figures.outcome.p50_ms),
        format!("{:.2}", figures.outcome.p99_ms),
        format!("{writes:.2}"),
        format!("{commits:.2}"),
        format!("{now:.0}"),
        format!("{peak:.0}"),
        format!("{:.2}", figures.milliseconds_per_flow()),
        of_hub,
        of_stub,
        of_load,
    ])
}

/// What a program under this load does.
pub(crate) struct Figures {
    pub(crate) outcome: Outcome,
    /// Percent of one processor that the program, the stub and the generator take.
    busy_percent: [f64; 3],
}

impl Figures {
    /// Processor time of the program under test.
    pub(crate) fn milliseconds_per_flow(&self) -> f64 {
        self.busy_percent[0] / 100.0 * 1_000.0 / self.outcome.per_second
    }
}

/// Puts a program that listens on `port` under load.
pub(crate) async fn figures(
    port: u16,
    process: u32,
    stub: &Stub,
    senders: usize,
    measure: &Measure,
) -> anyhow::Result<Figures> {
    let request = Request {
        path: "/v1/flows/activation8/runs?wait=60s",
        content_type: "application/json",
        body: |number| Bytes::from(input(number).to_string()),
    };
    let begin = RefCell::new(None);
    let at_measure = async || {
        begin.replace(Some([process, stub.process(), std::process::id()].map(Busy::of)));
        Ok(())
    };
    let outcome = generate(port, &request, senders, measure.warm_up(), measure.time(), at_measure).await?;
    let begun = begin.into_inner().ok_or_else(|| anyhow::anyhow!("nothing was measured"))?;
    Ok(Figures { outcome, busy_percent: begun.map(|busy| busy.percent()) })
}

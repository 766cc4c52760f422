//! What a long history costs: flows measured over a store that already holds so many runs, and one run whose journal grows
//! by two entries a call.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::json;
use throughline_store::{Entry, EntryKind, NewRun, Options, RunEnd, RunId, RunStatus, Store, Transition};

use crate::activation8::figures;
use crate::client::Connection;
use crate::hub::Hub;
use crate::process::memory_mb;
use crate::stub::Stub;
use crate::{Measure, Program, table};

/// Flows in flight while the stored runs lie there.
const SENDERS: [usize; 2] = [1, 64];
/// Writes under way at once while a store is filled.
const FILLERS: usize = 4_096;
/// Runs of one business key in the filled store.
const RUNS_PER_KEY: i64 = 10;
/// Rows of the second table.
const PARTS: usize = 10;
/// The longest one part may take.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Fills one store further and further, and measures the same load over each.
pub(crate) async fn over_runs(stored: &[i64], measure: &Measure) -> anyhow::Result<()> {
    let stub = Stub::start()?;
    let mut hub = Hub::start(&measure.program, stub.port).await?;
    let mut rows = Vec::new();
    let mut from = 0;
    for to in stored {
        hub.kill()?;
        let begun = Instant::now();
        fill(&hub, from, *to).await?;
        let filled = begun.elapsed();
        let begun = Instant::now();
        hub.start_again().await?;
        let ready = begun.elapsed();
        let mut row =
            vec![to.to_string(), format!("{:.1}", gigabytes(&hub)?), format!("{:.2}", ready.as_secs_f64())];
        for senders in SENDERS {
            let figures = figures(hub.port, hub.process(), &stub, senders, measure).await?;
            row.push(format!("{:.0}", figures.outcome.per_second));
            row.push(format!("{:.2}", figures.outcome.p50_ms));
            row.push(format!("{:.2}", figures.milliseconds_per_flow()));
        }
        row.push(format!("{:.0}", memory_mb(hub.process()).0));
        println!("{} runs stored in {:.0} s", to - from, filled.as_secs_f64());
        rows.push(row);
        from = *to;
    }
    let columns = [
        "stored runs",
        "GB",
        "ready s",
        "flows/s at 1",
        "p50 ms",
        "CPU ms/flow",
        "flows/s at 64",
        "p50 ms",
        "CPU ms/flow",
        "RSS MB",
    ];
    table::print("history: the flows of activation8 over a store that holds earlier runs", &columns, rows);
    Ok(())
}

/// Lets one run make call after call, and looks at each tenth of them.
pub(crate) async fn over_entries(calls: usize, program: &Program) -> anyhow::Result<()> {
    let stub = Stub::start()?;
    let hub = Hub::start(program, stub.port).await?;
    let mut connection = Connection::open(hub.port).await?;
    let body = json!({ "calls": calls }).to_string().into();
    let (status, answer) = connection.post("/v1/flows/loop/runs", "application/json", body).await?;
    ensure!(status.as_u16() == 202, "{status}: {}", String::from_utf8_lossy(&answer));
    let mut rows = Vec::new();
    for part in 1..=PARTS {
        let (seen, _) = stub.calls().await?;
        let until = calls * part / PARTS;
        let begun = Instant::now();
        while stub.calls().await?.0 < until {
            ensure!(begun.elapsed() < PATIENCE, "the run stands still");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let each = begun.elapsed().as_secs_f64() * 1_000.0 / until.saturating_sub(seen).max(1) as f64;
        let (now, peak) = memory_mb(hub.process());
        rows.push(vec![
            (2 * until).to_string(),
            format!("{each:.3}"),
            format!("{now:.0}"),
            format!("{peak:.0}"),
            format!("{:.2}", gigabytes(&hub)?),
        ]);
    }
    let columns = ["journal entries", "ms a call", "RSS MB", "peak MB", "GB on disk"];
    table::print("history: one run in a loop of calls", &columns, rows);
    Ok(())
}

/// Stores runs that have ended, as the engine leaves them.
async fn fill(hub: &Hub, from: i64, to: i64) -> anyhow::Result<()> {
    let options = Options { queued_writes_max: FILLERS, ..Options::new(hub.data()) };
    let store = Store::open(options).await.context("the store can't be filled")?;
    let mut next = from;
    while next < to {
        let until = (next + FILLERS as i64).min(to);
        try_join_all((next..until).map(|number| store.commit(ended_run(number)))).await?;
        next = until;
    }
    store.close().await;
    Ok(())
}

fn ended_run(number: i64) -> Transition {
    let at = Timestamp::UNIX_EPOCH;
    let entry = |kind, body: &str| Entry { at, kind, body: body.as_bytes().to_vec() };
    Transition {
        create: Some(NewRun {
            flow: "activation8".to_owned(),
            version: "1.0.0".to_owned(),
            definition: "earlier".to_owned(),
            tenant: "default".to_owned(),
            business_key: Some(format!("CT-{}", number / RUNS_PER_KEY)),
            trigger: None,
            parent: None,
            created_at: at,
        }),
        entries: vec![
            entry(EntryKind::Started, r#"{"input":{"contractId":"CT-1"}}"#),
            entry(EntryKind::Begun, ""),
        ],
        end: Some(RunEnd { status: RunStatus::Completed, output: Some(b"{}".to_vec()), error: None, at }),
        ..Transition::of(RunId(number + 1))
    }
}

/// What the data folder takes on disk.
fn gigabytes(hub: &Hub) -> anyhow::Result<f64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(hub.data())? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes as f64 / 1e9)
}

//! Parks runs on a wait and looks at the memory; then wakes some.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::client::Connection;
use crate::hub::Hub;
use crate::process::memory_mb;
use crate::{Program, table};

/// Connections that start runs.
const STARTERS: usize = 64;
/// Rows of the table.
const STEPS: usize = 5;
/// Runs woken at the end.
const WOKEN: usize = 1_000;

pub(crate) async fn run(runs: usize, program: &Program) -> anyhow::Result<()> {
    let hub = Hub::start(program, 9).await?;
    let mut rows = vec![row(&hub, 0, "")];
    for step in 1..=STEPS {
        let (from, to) = (runs * (step - 1) / STEPS, runs * step / STEPS);
        let begun = Instant::now();
        park(&hub, from, to).await?;
        let per_second = (to - from) as f64 / begun.elapsed().as_secs_f64();
        rows.push(row(&hub, to, &format!("{per_second:.0}")));
    }
    let woken = WOKEN.min(runs);
    let took = wake(&hub, woken, runs).await?;
    let columns = ["parked", "parked/s", "RSS MB", "peak MB"];
    table::print("parked: runs that wait for an event", &columns, rows);
    println!("{woken} of them woken by their events and completed in {:.2} s", took.as_secs_f64());
    Ok(())
}

fn row(hub: &Hub, parked: usize, per_second: &str) -> Vec<String> {
    let (now, peak) = memory_mb(hub.process());
    vec![parked.to_string(), per_second.to_owned(), format!("{now:.1}"), format!("{peak:.1}")]
}

async fn park(hub: &Hub, from: usize, to: usize) -> anyhow::Result<()> {
    let starters = (0..STARTERS).map(|starter| async move {
        let mut connection = Connection::open(hub.port).await?;
        for number in (from + starter..to).step_by(STARTERS) {
            let body = json!({ "contract": format!("CT-{number}") }).to_string();
            let path = "/v1/flows/parked/runs";
            let (status, answer) = connection.post(path, "application/json", body.into()).await?;
            ensure!(status.as_u16() == 202, "{status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    });
    try_join_all(starters).await?;
    while hub.metric("throughline_runs_active").await? > 0.0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Sends the events of some runs spread over all, and waits until these have completed.
async fn wake(hub: &Hub, woken: usize, runs: usize) -> anyhow::Result<Duration> {
    let mut connection = Connection::open(hub.port).await?;
    let begun = Instant::now();
    for number in (0..runs).step_by(runs.div_ceil(woken).max(1)) {
        let event = json!({
            "specversion": "1.0", "id": number.to_string(), "source": "/bench", "type": "bench.facts.v1",
            "data": { "contract": format!("CT-{number}") },
        });
        let body = Bytes::from(event.to_string());
        let (status, answer) = connection.post("/v1/events", "application/cloudevents+json", body).await?;
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&answer));
    }
    while hub.metric("throughline_runs_ended_total").await? < woken as f64 {
        ensure!(begun.elapsed() < Duration::from_secs(120), "not all that were woken have completed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(begun.elapsed())
}

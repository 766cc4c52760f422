//! Kills the hub while runs are in flight, and measures how long it takes until all of them have completed.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;

use crate::client::Connection;
use crate::flows::{CALLS, input};
use crate::hub::Hub;
use crate::process::memory_mb;
use crate::stub::Stub;
use crate::{Program, table};

/// Connections that start runs.
const STARTERS: usize = 64;
/// Calls of each run that are answered before the hub is killed.
const CALLS_BEFORE: usize = 3;
/// The longest the runs may take to complete.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn run(runs: usize, program: &Program) -> anyhow::Result<()> {
    let stub = Stub::start()?;
    stub.hold_after(CALLS_BEFORE).await?;
    let mut hub = Hub::start(program, stub.port).await?;
    start(&hub, runs).await?;
    // All are in flight when each waits for an answer.
    until("every run waits for an answer", async || Ok(stub.calls().await?.0 == runs * (CALLS_BEFORE + 1)))
        .await?;
    let (before, _) = stub.calls().await?;
    hub.kill()?;
    stub.release().await?;
    let begun = Instant::now();
    hub.start_again().await?;
    let ready = begun.elapsed();
    until("all have completed", async || Ok(completed(&hub).await? == runs)).await?;
    let done = begun.elapsed();
    let (calls, repeated) = stub.calls().await?;
    ensure!(
        calls - repeated == runs * CALLS,
        "{calls} calls, {repeated} repeated, {runs} runs of {CALLS} calls"
    );
    let rows = vec![vec![
        runs.to_string(),
        format!("{before}"),
        format!("{:.2}", ready.as_secs_f64()),
        format!("{:.2}", done.as_secs_f64()),
        repeated.to_string(),
        "0".to_owned(),
        format!("{:.0}", memory_mb(hub.process()).1),
    ]];
    let columns =
        ["in flight", "calls before", "ready s", "all complete s", "calls repeated", "calls lost", "peak MB"];
    table::print("recovery: kill -9 with runs in flight, then start again", &columns, rows);
    Ok(())
}

async fn start(hub: &Hub, runs: usize) -> anyhow::Result<()> {
    let starters = (0..STARTERS).map(|starter| async move {
        let mut connection = Connection::open(hub.port).await?;
        for number in (starter..runs).step_by(STARTERS) {
            let body = input(number as u64).to_string().into();
            let path = "/v1/flows/activation8/runs";
            let (status, answer) = connection.post(path, "application/json", body).await?;
            ensure!(status.as_u16() == 202, "{status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    });
    try_join_all(starters).await.context("the runs can't be started")?;
    Ok(())
}

async fn completed(hub: &Hub) -> anyhow::Result<usize> {
    let (_, body) = Connection::open(hub.port).await?.get("/v1/counts").await?;
    let counts: serde_json::Value = serde_json::from_slice(&body)?;
    let runs = counts["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let completed = runs.iter().filter(|r| r["status"] == "completed").filter_map(|r| r["runs"].as_u64());
    Ok(usize::try_from(completed.sum::<u64>())?)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !holds().await? {
        ensure!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

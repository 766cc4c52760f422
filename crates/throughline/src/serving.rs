//! A hub with its API, served: what `up` and `demo` have in common.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use throughline_api::{Api, Limits};
use throughline_hub::catalog::Catalog;
use throughline_hub::config::Config;
use throughline_hub::engine::SystemClock;
use throughline_hub::{Hub, StartError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure};
use crate::{settings, source};

/// How often the metrics recorder tidies up.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// A running hub with its API.
pub(crate) struct Serving {
    pub(crate) hub: Hub,
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Serving {
    /// Takes the address, starts the hub, serves.
    pub(crate) async fn start(config: Config, catalog: Catalog) -> Result<Self, Failure> {
        if let Some(problem) = config.listen_problem() {
            return Err(Failure::said(problem));
        }
        let metrics = record_metrics()?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{} can't be listened on", config.listen))
            .map_err(|error| {
                Failure::from(error).advise("`listen` in throughline.yaml names another address")
            })?;
        let address = listener.local_addr().context("the address that is listened on is not known")?;
        let data = config.data.clone();
        let hub = Hub::start(config, catalog, Arc::new(SystemClock)).await.map_err(not_started)?;
        source::note_address(&data, address)?;
        let stop = CancellationToken::new();
        tokio::spawn(keep_up(metrics.clone(), stop.clone()));
        let router = throughline_api::router(Api::new(hub.clone(), Some(metrics), stop.clone()));
        let server = tokio::spawn(throughline_api::serve(listener, router, Limits::default(), stop.clone()));
        Ok(Self { hub, address, stop, server })
    }

    /// Finishes requests, then polls, then runs; whatever is cut off is taken up at the next start.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the server ended badly");
        }
        source::forget_address(self.hub.store().folder());
        self.hub.stop().await;
    }
}

fn record_metrics() -> Result<PrometheusHandle, Failure> {
    let recorder = PrometheusBuilder::new().install_recorder().context("metrics can't be recorded")?;
    Ok(recorder)
}

async fn keep_up(metrics: PrometheusHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(METRICS_UPKEEP) => metrics.run_upkeep(),
        }
    }
}

/// Whether a hub did not start because another process has the data folder.
pub(crate) fn is_in_use(error: &StartError) -> bool {
    matches!(error, StartError::Store(throughline_hub::store::Error::InUse(_)))
}

/// Why a hub did not start, for people.
pub(crate) fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Check(problems) => settings::broken(&problems),
        error if is_in_use(&error) => Failure::from(anyhow::Error::new(error))
            .advise("another hub, or a command that reads, has the folder open"),
        other => {
            Failure::from(anyhow::Error::new(other).context("the hub can't be started")).exit(Exit::Failed)
        }
    }
}

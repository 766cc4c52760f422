//! All addresses, in one list.

use axum::Router;
use axum::extract::OriginalUri;
use axum::routing::{get, post};
use http::Method;
use metrics_exporter_prometheus::PrometheusHandle;
use throughline_hub::Hub;
use throughline_hub::store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    Kind, Problem, Refusal, counts, docs, events, flows, health, imports, links, records, rejected, runs,
    start, systems, webhooks,
};

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    pub(crate) hub: Hub,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) stop: CancellationToken,
}

impl Api {
    /// An API of a hub. `stop` is cancelled when the process begins to stop; `/readyz` says so from then on.
    pub fn new(hub: Hub, metrics: Option<PrometheusHandle>, stop: CancellationToken) -> Self {
        Self { hub, metrics, stop }
    }
}

/// Everything.
pub fn router(api: Api) -> Router {
    let store = api.hub.store().clone();
    Router::new()
        .route("/v1/events", post(events::take))
        .route("/v1/flows", get(flows::list))
        .route("/v1/flows/{name}/runs", post(start::start))
        .route("/v1/imports/{format}", post(imports::take))
        .route("/v1/rejected/{number}/replay", post(rejected::replay))
        .route("/v1/systems", get(systems::list))
        .route("/v1/webhooks/{system}/{webhook}", post(webhooks::take))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(api)
        .merge(routes_that_read(store))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
}

/// What only reads, over a store alone.
pub fn reading(store: Store) -> Router {
    routes_that_read(store).method_not_allowed_fallback(wrong_method).fallback(nowhere)
}

fn routes_that_read(store: Store) -> Router {
    Router::new()
        .route("/v1/counts", get(counts::show))
        .route("/v1/links", get(links::list))
        .route("/v1/records/{noun}", get(records::list))
        .route("/v1/records/{noun}/{id}", get(records::show))
        .route("/v1/records/{noun}/{id}/history", get(records::history))
        .route("/v1/rejected", get(rejected::list))
        .route("/v1/rejected/{number}", get(rejected::show))
        .route("/v1/runs", get(runs::list))
        .route("/v1/runs/{id}", get(runs::show))
        .route("/docs/errors/{code}", get(docs::show))
        .route("/healthz", get(health::alive))
        .with_state(store)
}

async fn nowhere(OriginalUri(uri): OriginalUri) -> Refusal {
    Problem::new(Kind::NotFound, format!("nothing is served at {}", uri.path()))
}

async fn wrong_method(method: Method, OriginalUri(uri): OriginalUri) -> Refusal {
    Problem::new(Kind::Method, format!("{} does not take {method}", uri.path()))
}

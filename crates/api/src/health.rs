//! `/healthz`, `/readyz` and `/metrics`: for those who watch the process.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Api, Kind, Problem, Refusal};

/// The process is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `throughline`.
    pub service: String,
    /// Release.
    pub version: String,
}

/// The hub takes requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Runs held in memory at this moment.
    pub runs_active: usize,
}

/// Whether the process is alive.
#[utoipa::path(get, operation_id = "showHealth", path = "/healthz", tag = "operation", responses((status = 200, description = "It is", body = Health)))]
pub(crate) async fn alive() -> Json<Health> {
    let (service, version) = ("throughline".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    Json(Health { service, version })
}

/// Whether the hub takes requests: its store answers, and it is not stopping.
#[utoipa::path(
    get,
    operation_id = "showReadiness", path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "It does", body = Readiness),
        (status = 503, description = "It does not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(api): State<Api>) -> Result<Json<Readiness>, Refusal> {
    if api.stop.is_cancelled() {
        return Err(Problem::new(Kind::Unavailable, "the hub is shutting down"));
    }
    api.hub.store().cursor_text("ready").await?;
    Ok(Json(Readiness { runs_active: api.hub.engine().runs_active() }))
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(
    get,
    operation_id = "showMetrics", path = "/metrics",
    tag = "operation",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        (status = 404, description = "This process keeps none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn metrics(State(api): State<Api>) -> Result<Response, Refusal> {
    let Some(metrics) = &api.metrics else {
        return Err(Problem::new(Kind::NotFound, "this process keeps no metrics"));
    };
    api.hub.note_metrics();
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((text, metrics.render()).into_response())
}

//! `GET /v1/counts`: how many of everything.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use throughline_hub::store::Store;
use utoipa::ToSchema;

use crate::Refusal;

/// Runs of a flow in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowCount {
    /// Flow name.
    pub flow: String,
    /// Status.
    pub status: String,
    /// How many.
    pub runs: i64,
}

/// Records of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordCount {
    /// Kind of record.
    pub noun: String,
    /// How many.
    pub records: i64,
}

/// How many of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Runs by flow and status.
    pub runs: Vec<FlowCount>,
    /// Records by kind.
    pub records: Vec<RecordCount>,
}

/// Count runs and records.
#[utoipa::path(
    get,
    operation_id = "showCounts", path = "/v1/counts",
    tag = "operation",
    responses((status = 200, description = "The counts", body = Counts))
)]
pub(crate) async fn show(State(store): State<Store>) -> Result<Json<Counts>, Refusal> {
    let runs = store.run_counts().await?.into_iter();
    let records = store.record_counts().await?.into_iter();
    Ok(Json(Counts {
        runs: runs
            .map(|c| FlowCount { flow: c.flow, status: c.status.as_str().to_owned(), runs: c.runs })
            .collect(),
        records: records.map(|(noun, records)| RecordCount { noun, records }).collect(),
    }))
}

//! `GET /v1/flows`: the flows in force.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use throughline_hub::catalog::Catalog;
use utoipa::ToSchema;

use crate::Api;

/// A flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Hash of the definition.
    pub hash: String,
    /// File, relative to the catalog.
    pub file: String,
    /// Types of the events that start it.
    pub started_by: Vec<String>,
}

/// The flows in force, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowList {
    /// The flows.
    pub flows: Vec<FlowView>,
}

impl FlowList {
    /// The flows of a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let flows = catalog.flows.values().map(|loaded| {
            let definition = &loaded.definition;
            let filters = definition.subscriptions().map(|s| s.filters()).unwrap_or_default();
            FlowView {
                name: definition.name().to_owned(),
                version: definition.version().to_owned(),
                hash: definition.hash().to_owned(),
                file: loaded.file.clone(),
                started_by: filters.iter().map(|f| f.event_type().unwrap_or("any").to_owned()).collect(),
            }
        });
        Self { flows: flows.collect() }
    }
}

/// List the flows in force.
#[utoipa::path(
    get,
    operation_id = "listFlows", path = "/v1/flows",
    tag = "catalog",
    responses((status = 200, description = "The flows", body = FlowList))
)]
pub(crate) async fn list(State(api): State<Api>) -> Json<FlowList> {
    Json(FlowList::of(api.hub.catalog()))
}

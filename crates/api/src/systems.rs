//! `GET /v1/systems`: the systems that are joined.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use throughline_hub::SystemStatus;
use utoipa::ToSchema;

use crate::Api;

/// A configured system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemView {
    /// Its name.
    pub name: String,
    /// Its adapter.
    pub adapter: String,
    /// Where it is.
    pub base_url: String,
    /// Tenant.
    pub tenant: String,
}

/// The configured systems, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemList {
    /// The systems.
    pub systems: Vec<SystemView>,
}

impl From<SystemStatus> for SystemView {
    fn from(status: SystemStatus) -> Self {
        let SystemStatus { name, adapter, base_url, tenant, .. } = status;
        Self { name, adapter, base_url, tenant }
    }
}

/// List the configured systems.
#[utoipa::path(
    get,
    operation_id = "listSystems", path = "/v1/systems",
    tag = "catalog",
    responses((status = 200, description = "The systems", body = SystemList))
)]
pub(crate) async fn list(State(api): State<Api>) -> Json<SystemList> {
    Json(SystemList { systems: api.hub.systems().into_iter().map(Into::into).collect() })
}

//! `GET /v1/links`: which record of ours is which record of a system's.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_hub::store::{LinkFilter, LinkRow, Store};
use utoipa::{IntoParams, ToSchema};

use crate::page;
use crate::params::Params;
use crate::{Problem, Refusal};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    /// Kind of record
    noun: Option<String>,
    /// Our id
    id: Option<String>,
    /// System
    system: Option<String>,
    /// The system's id
    system_id: Option<String>,
    /// At most so many, 1 to 500; 50 when absent
    limit: Option<usize>,
}

/// A link between a record of ours and one of a system's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    /// Kind of record.
    pub noun: String,
    /// Our id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// System.
    pub system: String,
    /// The system's id.
    pub system_id: String,
    /// Contract version the system is known to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The record's page in the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was confirmed last.
    #[schema(value_type = String, format = DateTime)]
    pub confirmed_at: Timestamp,
    /// The run that confirmed it.
    pub run: String,
}

/// Links, by kind, id and system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkList {
    /// The links.
    pub links: Vec<LinkView>,
    /// There are more than were asked for; narrow the question.
    pub truncated: bool,
}

impl From<LinkRow> for LinkView {
    fn from(row: LinkRow) -> Self {
        let LinkRow { tenant, noun, canonical_id, system, system_id, version, url, confirmed_at, run } = row;
        Self {
            noun,
            id: canonical_id,
            tenant,
            system,
            system_id,
            version,
            url,
            confirmed_at,
            run: run.to_string(),
        }
    }
}

/// List links.
#[utoipa::path(
    get,
    operation_id = "listLinks", path = "/v1/links",
    tag = "records",
    params(LinkQuery),
    responses(
        (status = 200, description = "The links", body = LinkList),
        (status = 400, description = "A parameter can't be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(store): State<Store>,
    Params(query): Params<LinkQuery>,
) -> Result<Json<LinkList>, Refusal> {
    let limit = page::limit(query.limit)?;
    let LinkQuery { noun, id, system, system_id, .. } = query;
    let mut rows =
        store.links(LinkFilter { noun, canonical_id: id, system, system_id, limit: limit + 1 }).await?;
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    Ok(Json(LinkList { links: rows.into_iter().map(Into::into).collect(), truncated }))
}

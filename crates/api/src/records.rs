//! `GET /v1/records/{noun}`: canonical records, and how they came to be what they are.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_hub::store::{Record, RecordFilter, Store};
use utoipa::{IntoParams, ToSchema};

use crate::page;
use crate::params::{Params, Segments};
use crate::{Kind, Problem, Refusal};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordQuery {
    /// Tenant
    tenant: Option<String>,
    /// Entries of a page, 1 to 500; 50 when absent
    limit: Option<usize>,
    /// `next` of the page before
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantQuery {
    /// Tenant; absent: `default`
    tenant: Option<String>,
}

impl TenantQuery {
    fn name(&self) -> &str {
        self.tenant.as_deref().unwrap_or(throughline_hub::config::DEFAULT_TENANT)
    }
}

/// A version of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// Kind of record.
    pub noun: String,
    /// Its id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Version, from 1.
    pub version: i64,
    /// Hash of the content.
    pub hash: String,
    /// When this version was written.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The run that wrote it.
    pub run: String,
    /// The content.
    pub body: Value,
}

/// A page of records, in order of their ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordList {
    /// The records.
    pub records: Vec<RecordView>,
    /// Cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Every version of a record, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordHistory {
    /// The versions.
    pub versions: Vec<RecordView>,
}

fn view(record: Record) -> Result<RecordView, Refusal> {
    let body = serde_json::from_slice(&record.body).map_err(|_| {
        Problem::new(Kind::Store, format!("{} {} does not read back", record.noun, record.id))
    })?;
    let Record { tenant, noun, id, version, hash, updated_at, run, .. } = record;
    Ok(RecordView { noun, id, tenant, version, hash, updated_at, run: run.to_string(), body })
}

/// List records of a kind.
#[utoipa::path(
    get,
    operation_id = "listRecords", path = "/v1/records/{noun}",
    tag = "records",
    params(("noun" = String, Path, description = "Kind of record, such as `customer`"), RecordQuery),
    responses(
        (status = 200, description = "A page of records", body = RecordList),
        (status = 400, description = "A parameter can't be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(store): State<Store>,
    Segments(noun): Segments<String>,
    Params(query): Params<RecordQuery>,
) -> Result<Json<RecordList>, Refusal> {
    let limit = page::limit(query.limit)?;
    let filter = RecordFilter { tenant: query.tenant, noun, after: query.cursor, limit: limit + 1 };
    let mut rows = store.records(filter).await?;
    let next = page::cut(&mut rows, limit, |record| record.id.clone());
    let records = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(RecordList { records, next }))
}

/// Show a record.
#[utoipa::path(
    get,
    operation_id = "showRecord", path = "/v1/records/{noun}/{id}",
    tag = "records",
    params(
        ("noun" = String, Path, description = "Kind of record"),
        ("id" = String, Path, description = "Id of the record"),
        TenantQuery,
    ),
    responses(
        (status = 200, description = "The record", body = RecordView),
        (status = 404, description = "There is no such record", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(store): State<Store>,
    Segments((noun, id)): Segments<(String, String)>,
    Params(query): Params<TenantQuery>,
) -> Result<Json<RecordView>, Refusal> {
    let found = store.record(query.name(), &noun, &id).await?;
    let record = found.ok_or_else(|| Problem::no(&noun, &id))?;
    view(record).map(Json)
}

/// Show every version of a record.
#[utoipa::path(
    get,
    operation_id = "showRecordHistory", path = "/v1/records/{noun}/{id}/history",
    tag = "records",
    params(
        ("noun" = String, Path, description = "Kind of record"),
        ("id" = String, Path, description = "Id of the record"),
        TenantQuery,
    ),
    responses(
        (status = 200, description = "The versions, oldest first", body = RecordHistory),
        (status = 404, description = "There is no such record", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn history(
    State(store): State<Store>,
    Segments((noun, id)): Segments<(String, String)>,
    Params(query): Params<TenantQuery>,
) -> Result<Json<RecordHistory>, Refusal> {
    let rows = store.record_history(query.name(), &noun, &id).await?;
    if rows.is_empty() {
        return Err(Problem::no(&noun, &id));
    }
    let versions = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(RecordHistory { versions }))
}

//! `/v1/rejected`: what was sent and could not be taken, kept with its reason, to be replayed as it is or mended.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_hub::intake::EVENT_BYTES_MAX;
use throughline_hub::store::{RejectedRow, Store};
use utoipa::{IntoParams, ToSchema};

use crate::events::of_one;
use crate::params::{Params, Segments};
use crate::{Api, Kind, Problem, Refusal, body, page};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RejectedQuery {
    /// Entries of a page, 1 to 500; 50 when absent
    limit: Option<usize>,
    /// `next` of the page before
    cursor: Option<i64>,
}

/// A rejected event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedView {
    /// Its number.
    pub number: i64,
    /// Tenant.
    pub tenant: String,
    /// Which way it came in.
    pub via: String,
    /// `invalid`, `conflict`, `forged` or `business-key`.
    pub code: String,
    /// In words.
    pub reason: String,
    /// The first field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `source`, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `id`, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `type`, if it could be read.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// File it stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Number of its record in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Place in the log of the event it became when it was replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<i64>,
}

/// A page of rejected events, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedList {
    /// The rejected events.
    pub rejected: Vec<RejectedView>,
    /// Cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// A rejected event with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedDetail {
    /// The rejected event.
    #[serde(flatten)]
    pub rejected: RejectedView,
    /// What was sent, as text; what is not UTF-8 is replaced.
    pub body: String,
}

impl From<&RejectedRow> for RejectedView {
    fn from(row: &RejectedRow) -> Self {
        let sent = row.rejected.clone();
        Self {
            number: row.number,
            tenant: sent.tenant,
            via: sent.via,
            code: sent.code,
            reason: sent.reason,
            field: sent.field.filter(|f| !f.is_empty()),
            source: sent.source,
            id: sent.id,
            type_: sent.type_,
            file: sent.file,
            record: sent.record,
            received_at: sent.received_at,
            replayed: row.replayed.map(|p| p.0),
        }
    }
}

/// List rejected events, newest first.
#[utoipa::path(
    get,
    operation_id = "listRejected", path = "/v1/rejected",
    tag = "rejected",
    params(RejectedQuery),
    responses(
        (status = 200, description = "A page of rejected events", body = RejectedList),
        (status = 400, description = "A parameter can't be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(store): State<Store>,
    Params(query): Params<RejectedQuery>,
) -> Result<Json<RejectedList>, Refusal> {
    let limit = page::limit(query.limit)?;
    let mut rows = store.rejected(query.cursor, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map(|row| row.number).filter(|_| more);
    Ok(Json(RejectedList { rejected: rows.iter().map(Into::into).collect(), next }))
}

/// Show a rejected event with what was sent.
#[utoipa::path(
    get,
    operation_id = "showRejected", path = "/v1/rejected/{number}",
    tag = "rejected",
    params(("number" = i64, Path, description = "Number of the rejected event")),
    responses(
        (status = 200, description = "The rejected event", body = RejectedDetail),
        (status = 404, description = "There is no such rejected event", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(store): State<Store>,
    Segments(number): Segments<i64>,
) -> Result<Json<RejectedDetail>, Refusal> {
    let row = store.rejected_event(number).await?.ok_or_else(|| Problem::no("rejected event", number))?;
    let body = String::from_utf8_lossy(&row.rejected.body).into_owned();
    Ok(Json(RejectedDetail { rejected: (&row).into(), body }))
}

/// Take a rejected event in once more.
///
/// Without a body as it was sent; with one, as the body has it: an event in structured JSON.
#[utoipa::path(
    post,
    operation_id = "replayRejected", path = "/v1/rejected/{number}/replay",
    tag = "rejected",
    params(("number" = i64, Path, description = "Number of the rejected event")),
    request_body(content = Option<Object>, description = "The mended event; absent: as it was sent"),
    responses(
        (status = 202, description = "Taken and durable", body = crate::EventResult),
        (status = 200, description = "It is in the log already", body = crate::EventResult),
        (status = 400, description = "The mended event is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such rejected event", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Other content under this source and id was taken before", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It still can't be taken", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    Segments(number): Segments<i64>,
    request: Request,
) -> Result<Response, Refusal> {
    let bytes = body::read_whole(request.into_body(), EVENT_BYTES_MAX).await?;
    let edited = match bytes.is_empty() {
        true => None,
        false => Some(serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(Kind::Malformed, format!("the mended event is not JSON: {error}"))
        })?),
    };
    let replayed = api.hub.replay_rejected(number, edited).await?;
    let intake = replayed.ok_or_else(|| Problem::no("rejected event", number))?;
    of_one(intake.into())
}

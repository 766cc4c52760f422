//! `POST /v1/events`: events in, by the HTTP binding of CloudEvents 1.0 in all three content modes.
//!
//! The answer comes after everything is durable. What is no event is stored as rejected and can be replayed, so a sender
//! need not keep it.

mod binary;
mod mode;
mod result;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;
use throughline_hub::intake::{BATCH_EVENTS_MAX, EVENT_BYTES_MAX};
use throughline_hub::{Incoming, Intake, Problem as Wrong};

use crate::body::{self, Taken};
use crate::tenant::Tenant;
use crate::{Api, Kind, Problem, Refusal};
use mode::Mode;
pub(crate) use result::of_one;
pub use result::{BatchAnswer, EventAnswer, EventOutcome, EventResult};

/// The largest batch taken, in bytes.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// How events that came in here are marked in the log.
const VIA: &str = "api";

/// Take events in.
///
/// Structured (`application/cloudevents+json`), batched (`application/cloudevents-batch+json`) or binary (`ce-` headers
/// beside the data). The answer comes after everything is durable. An event that was taken before is a duplicate and does
/// nothing; other content under the same source and id is a conflict. What can't be taken is stored as rejected.
#[utoipa::path(
    post,
    operation_id = "takeEvents", path = "/v1/events",
    tag = "events",
    params(("throughline-tenant" = Option<String>, Header, description = "Tenant; absent: the installation's own")),
    request_body(
        content(
            (Object = "application/cloudevents+json"),
            (Vec<Object> = "application/cloudevents-batch+json"),
            ("*/*"),
        ),
        description = "One event, a batch of events, or the data of an event whose attributes are in `ce-` headers"
    ),
    responses(
        (status = 202, description = "Taken and durable; for a batch: every event of it", body = EventAnswer),
        (status = 200, description = "The event is a duplicate; or some events of a batch were not taken", body = EventAnswer),
        (status = 400, description = "The request can't be read", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Other content under this source and id was taken before", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 1 MiB, or a batch of more than 1,000 events or 16 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither structured, batched nor binary", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an event that can be taken, or a batch without one; stored as rejected", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Stopping", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(api): State<Api>,
    Tenant(tenant): Tenant,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    match Mode::of(&parts.headers)? {
        Mode::Structured => match body::read(body, EVENT_BYTES_MAX).await? {
            Taken::Whole(bytes) => one(&api, &tenant, Incoming::new(bytes)).await,
            Taken::Beginning(bytes) => Err(oversized(&api, &tenant, bytes, EVENT_BYTES_MAX).await?),
        },
        Mode::Binary => match body::read(body, EVENT_BYTES_MAX).await? {
            Taken::Whole(data) => from_binary(&api, &tenant, &parts.headers, data).await,
            Taken::Beginning(bytes) => Err(oversized(&api, &tenant, bytes, EVENT_BYTES_MAX).await?),
        },
        Mode::Batch => match body::read(body, BATCH_BYTES_MAX).await? {
            Taken::Whole(bytes) => batch(&api, &tenant, bytes).await,
            Taken::Beginning(bytes) => Err(oversized(&api, &tenant, bytes, BATCH_BYTES_MAX).await?),
        },
    }
}

async fn one(api: &Api, tenant: &str, incoming: Incoming) -> Result<Response, Refusal> {
    let answers = api.hub.accept(tenant, VIA, vec![incoming]).await?;
    match answers.into_iter().next() {
        Some(answer) => result::of_one(answer.into()),
        None => Err(Problem::new(Kind::Store, "the hub gave no answer for this event")),
    }
}

async fn from_binary(api: &Api, tenant: &str, headers: &HeaderMap, data: Bytes) -> Result<Response, Refusal> {
    match binary::structured(headers, &data) {
        Ok(body) => one(api, tenant, Incoming::new(body)).await,
        Err(wrong) => {
            let answer = api.hub.reject(tenant, VIA, Incoming::new(data), vec![wrong]).await?;
            result::of_one(answer.into())
        }
    }
}

async fn batch(api: &Api, tenant: &str, bytes: Bytes) -> Result<Response, Refusal> {
    let events: Vec<&RawValue> = match serde_json::from_slice(&bytes) {
        Ok(events) => events,
        Err(error) => {
            let wrong =
                Wrong { field: String::new(), reason: format!("not a JSON array of events: {error}") };
            let answer = api.hub.reject(tenant, VIA, Incoming::new(bytes), vec![wrong]).await?;
            return result::of_one(answer.into());
        }
    };
    if events.len() > BATCH_EVENTS_MAX {
        let detail =
            format!("{} events; a batch holds at most {BATCH_EVENTS_MAX}. Nothing was taken", events.len());
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    let incoming = events.iter().map(|e| Incoming::new(e.get().as_bytes())).collect();
    let results: Vec<EventResult> =
        api.hub.accept(tenant, VIA, incoming).await?.into_iter().map(Into::into).collect();
    result::of_batch(results)
}

/// Stores how an oversized body begins, so that an operator sees who sends such things.
async fn oversized(api: &Api, tenant: &str, beginning: Bytes, bytes_max: usize) -> Result<Refusal, Refusal> {
    let reason = format!("larger than {bytes_max} bytes; only its beginning is kept");
    let wrong = Wrong { field: String::new(), reason: reason.clone() };
    let answer = api.hub.reject(tenant, VIA, Incoming::new(beginning), vec![wrong]).await?;
    let mut problem = Problem::new(Kind::TooLarge, reason);
    if let Intake::Rejected { rejected, .. } = answer {
        problem.rejected = Some(rejected);
    }
    Ok(problem)
}

/// What a single event is answered with when it was taken.
pub(crate) fn taken(result: EventResult) -> Response {
    let status = match result.outcome {
        EventOutcome::Accepted => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    (status, axum::Json(result)).into_response()
}

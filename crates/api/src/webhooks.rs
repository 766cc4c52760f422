//! `POST /v1/webhooks/{system}/{webhook}`: vendors' calls, handed on as they are.
//!
//! The body reaches the hub byte for byte, because that is what vendors sign.

use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use throughline_hub::WebhookReply;

use crate::params::Segments;
use crate::{Api, Kind, Problem, Refusal, body};

/// The largest webhook body taken, in bytes.
const WEBHOOK_BYTES_MAX: usize = 4 << 20;

/// Take a vendor's webhook call.
#[utoipa::path(
    post,
    operation_id = "takeWebhook", path = "/v1/webhooks/{system}/{webhook}",
    tag = "webhooks",
    params(
        ("system" = String, Path, description = "Name of a configured system"),
        ("webhook" = String, Path, description = "Name of a webhook of its adapter"),
    ),
    request_body(content = Object, description = "What the vendor sends"),
    responses(
        (status = 200, description = "Genuine and durable; what could not be made into an event is stored as rejected"),
        (status = 401, description = "Not genuine; stored as rejected", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such system or webhook", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 4 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not stored; the vendor is to call again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(api): State<Api>,
    Segments((system, webhook)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|error| Problem::new(Kind::Malformed, error.body_text()))?;
    let bytes = body::read_whole(body, WEBHOOK_BYTES_MAX).await?;
    let reply = api.hub.webhook(&system, &webhook, &query, &parts.headers, bytes).await;
    answer(reply)
}

fn answer(reply: WebhookReply) -> Result<Response, Refusal> {
    let kind = match reply.status {
        200..=399 => {
            let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type))];
            return Ok((status, headers, reply.body).into_response());
        }
        401 | 403 => Kind::Forged,
        404 => Kind::NotFound,
        413 => Kind::TooLarge,
        503 => Kind::Unavailable,
        500.. => Kind::Store,
        _ => Kind::Malformed,
    };
    Err(Problem::new(kind, reply.body))
}

//! `POST /v1/flows/{name}/runs`: starts a run, and waits for its end if asked to.
//!
//! The way of every synchronous caller, so it is kept short: one read of the body, one parse, and the run's output is
//! passed on as the bytes the run ended with.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_hub::engine::StartRequest;
use throughline_hub::store::{RunEnd, RunId, RunStatus};
use utoipa::{IntoParams, ToSchema};

use crate::body;
use crate::params::{Params, Segments};
use crate::tenant::Tenant;
use crate::{Api, Kind, Problem, Refusal};

/// The largest input of a run, in bytes.
const INPUT_BYTES_MAX: usize = 1 << 20;
/// The longest a caller may wait.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// The longest business key, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// The header that names the business key.
const KEY_HEADER: &str = "throughline-key";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StartQuery {
    /// Answer when the run has ended, at the latest after this time: `30s`, `2m`; 5 minutes at most
    wait: Option<String>,
    /// Business key; runs of one key are serial. Absent: the one the flow computes from the input
    key: Option<String>,
}

/// A run that is durably started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartedRun {
    /// Its id.
    pub id: String,
    /// Where to look at it.
    pub location: String,
}

/// Start a run.
///
/// The body is the run's input; none means `{}`. Without `wait` the answer is 202 with the run's location as soon as the
/// start is durable. With `wait` the answer is the run's output when it completes in time, and 202 when it does not.
#[utoipa::path(
    post,
    operation_id = "startRun", path = "/v1/flows/{name}/runs",
    tag = "runs",
    params(
        ("name" = String, Path, description = "Name of the flow"),
        StartQuery,
        ("throughline-key" = Option<String>, Header, description = "Business key, instead of the `key` parameter"),
        ("throughline-tenant" = Option<String>, Header, description = "Tenant; absent: the installation's own"),
    ),
    request_body(content = Value, description = "The run's input, JSON"),
    responses(
        (status = 200, description = "The run has completed; its output", body = Value, headers(("location" = String, description = "The run"))),
        (status = 202, description = "Started and durable", body = StartedRun, headers(("location" = String, description = "The run"))),
        (status = 400, description = "The input is not JSON, or a parameter can't be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No flow has this name", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The run was cancelled", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The input is larger than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The business key can't be computed from the input", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "The run ended with an error", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Full or stopping", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start(
    State(api): State<Api>,
    Segments(flow): Segments<String>,
    Params(query): Params<StartQuery>,
    Tenant(tenant): Tenant,
    request: Request,
) -> Result<Response, Refusal> {
    let wait = query.wait.as_deref().map(wait_of).transpose()?;
    let (parts, body) = request.into_parts();
    let business_key = business_key(query.key, &parts.headers)?;
    let bytes = body::read_whole(body, INPUT_BYTES_MAX).await?;
    let input = input_of(&bytes)?;
    let started = api.hub.engine().start_run(StartRequest { flow, tenant, input, business_key }).await?;
    if let Some(wait) = wait
        && let Ok(Ok(end)) = tokio::time::timeout(wait, started.end).await
    {
        return ended(started.run, end);
    }
    let location = location_of(started.run);
    let answer = StartedRun { id: started.run.to_string(), location };
    let headers = [(header::LOCATION, header_value(&answer.location))];
    Ok((StatusCode::ACCEPTED, headers, axum::Json(answer)).into_response())
}

fn ended(run: RunId, end: RunEnd) -> Result<Response, Refusal> {
    let of_run = |kind, detail: &str, error: Option<Value>| {
        let mut problem = Problem::new(kind, format!("run {run}: {detail}"));
        problem.run = Some(run.to_string());
        problem.error = error;
        Err(problem)
    };
    let error: Option<Value> = end.error.as_deref().and_then(|e| serde_json::from_slice(e).ok());
    let said = error
        .as_ref()
        .and_then(|e| e.get("detail").or_else(|| e.get("title")))
        .and_then(Value::as_str)
        .unwrap_or("no detail was given")
        .to_owned();
    match end.status {
        RunStatus::Completed => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (header::LOCATION, header_value(&location_of(run))),
            ];
            Ok((headers, end.output.unwrap_or_else(|| b"null".to_vec())).into_response())
        }
        RunStatus::Cancelled => of_run(Kind::RunCancelled, &said, error),
        _ => of_run(Kind::RunFaulted, &said, error),
    }
}

fn location_of(run: RunId) -> String {
    format!("/v1/runs/{run}")
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("/v1/runs"))
}

fn input_of(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Kind::Malformed, format!("the run's input is not JSON: {error}")))
}

fn wait_of(text: &str) -> Result<Duration, Refusal> {
    let wrong = || {
        let detail = format!(
            "wait is {text:?}; give a time such as 30s or 2m, {} seconds at most",
            WAIT_MAX.as_secs()
        );
        Problem::new(Kind::Malformed, detail)
    };
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    let wait = Duration::try_from(parsed).map_err(|_| wrong())?;
    if wait > WAIT_MAX { Err(wrong()) } else { Ok(wait) }
}

fn business_key(query: Option<String>, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let malformed = |detail: String| Problem::new(Kind::Malformed, detail);
    let header = match headers.get(KEY_HEADER).map(|v| v.to_str()) {
        None => None,
        Some(Ok(text)) => Some(text.to_owned()),
        Some(Err(_)) => return Err(malformed(format!("{KEY_HEADER} is not ASCII; use the key parameter"))),
    };
    match (query, header) {
        (Some(_), Some(_)) => {
            Err(malformed(format!("the business key is given both as key and as {KEY_HEADER}")))
        }
        (Some(key), None) | (None, Some(key)) if key.is_empty() || key.len() > KEY_BYTES_MAX => {
            Err(malformed(format!("a business key has 1 to {KEY_BYTES_MAX} bytes")))
        }
        (key, None) | (None, key) => Ok(key),
    }
}

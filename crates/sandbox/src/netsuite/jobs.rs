//! Requests answered later: `Prefer: respond-async`, and the key that keeps a repeat from being done twice.
//!
//! The service heeds `X-NetSuite-Idempotency-Key` only here; on a synchronous request it is ignored.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::listing::{self, Page};
use super::problem::Problem;
use super::{records, view};
use crate::exchange::{Request, Response};
use crate::world::World;

const JOBS: &str = "_jobs";
const KEYS: &str = "_jobKeys";
/// How long a job looks unfinished.
const PENDING_MS: i64 = 200;

/// Whether the request is to be answered later.
pub(super) fn is_wanted(request: &Request) -> bool {
    request.header("prefer").is_some_and(|value| value.contains("respond-async"))
}

/// Takes a request on and answers where its job is.
pub(super) fn submit(
    world: &mut World,
    request: &Request,
    work: impl FnOnce(&mut World, &Request) -> Response,
) -> Response {
    let key = request.header("x-netsuite-idempotency-key").map(str::to_owned);
    if let Some(job) =
        key.as_ref().and_then(|key| world.get(KEYS, key)).and_then(|known| known["job"].as_str())
    {
        let location = address(request, job);
        let detail = "A request with the same idempotency key is already submitted. See the \"Location\" header for a \
                      link to the previously submitted job";
        return Problem::new(StatusCode::BAD_REQUEST, "IDEMPOTENCY_ERROR", detail)
            .response()
            .with("location", &location)
            .with("preference-applied", "respond-async");
    }
    let answer = work(world, request);
    let job = world.next("_job").to_string();
    let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
    let kept = json!({
        "submittedMs": world.now().as_millisecond(),
        "status": answer.status.as_u16(),
        "location": location,
        "body": serde_json::from_slice::<Value>(&answer.body).ok(),
    });
    world.put(JOBS, &job, kept);
    if let Some(key) = key {
        world.put(KEYS, &key, json!({"job": job}));
    }
    Response::empty(StatusCode::ACCEPTED)
        .with("location", &address(request, &job))
        .with("preference-applied", "respond-async")
}

fn address(request: &Request, job: &str) -> String {
    format!("{}/services/rest/async/v1/job/{job}", request.base_url)
}

/// Answers below `/services/rest/async/v1/job`.
pub(super) fn serve(world: &World, request: &Request, path: &[&str]) -> Result<Response, Problem> {
    if request.method != Method::GET {
        return Err(Problem::no_such_path());
    }
    let [id, rest @ ..] = path else {
        let items = world.all(JOBS).map(|(id, _)| json!({"id": id})).collect();
        return Ok(listing::collection(&Page::of(request)?.envelope(request, items)));
    };
    let job = world.get(JOBS, id).ok_or_else(Problem::missing)?;
    let href = address(request, id);
    let done = world.now().as_millisecond() >= job["submittedMs"].as_i64().unwrap_or(0) + PENDING_MS;
    let progress = match job["status"].as_u64() {
        _ if !done => "pending",
        Some(200..300) => "succeeded",
        _ => "failed",
    };
    match rest {
        [] => Ok(records::resource(&json!({
            "links": view::self_link(&href), "completed": done, "id": id, "progress": progress,
            "task": {"links": view::self_link(&format!("{href}/task"))},
        }))),
        ["task"] => {
            let items = vec![json!({"links": view::self_link(&format!("{href}/task/1")), "id": "1"})];
            Ok(listing::collection(&Page::of(request)?.envelope(request, items)))
        }
        ["task", "1"] => Ok(records::resource(&json!({
            "links": view::self_link(&format!("{href}/task/1")), "completed": done, "id": "1", "progress": progress,
            "result": {"links": view::self_link(&format!("{href}/task/1/result"))},
        }))),
        ["task", "1", "result"] if done => Ok(result(job)),
        _ => Err(Problem::missing()),
    }
}

/// The answer that the request would have had.
fn result(job: &Value) -> Response {
    let status = job["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    let response = match &job["body"] {
        Value::Null => Response::empty(status),
        body => Response::json(status, body),
    };
    job["location"]
        .as_str()
        .map_or_else(|| response.clone(), |location| response.clone().with("location", location))
}

//! Connect: every change of an envelope is posted, signed, and posted again until it is taken.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};

use super::access::USER_ID;
use super::envelopes::{ENVELOPES, moment};
use super::problem::Problem;
use super::{ACCOUNT_ID, render};
use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::world::World;

const SETTINGS: &str = "_connect";
const FAILURES: &str = "_failures";
const CONFIGURATION: u64 = 10_442;
/// After so many attempts a message waits in the list of failures until someone asks for it again.
const ATTEMPTS_MAX: u32 = 15;
const PAUSE_FIRST_MS: u64 = 250;
const PAUSE_MAX_MS: u64 = 5_000;

/// Where Connect posts from now on, and the key it signs with.
pub(crate) fn configure(world: &mut World, url: &str, hmac_key: &str) {
    world.put(SETTINGS, "1", json!({"url": url, "key": hmac_key}));
}

/// Queues the message of an event; without a configuration, nothing is told.
pub(super) fn tell(world: &mut World, id: &str, event: &str) {
    if world.get(SETTINGS, "1").is_none() {
        return;
    }
    let Some(envelope) = world.get(ENVELOPES, id) else { return };
    let body = json!({
        "event": event, "apiVersion": "v2.1", "uri": format!("/restapi/v2.1/accounts/{ACCOUNT_ID}/envelopes/{id}"),
        "retryCount": 0, "configurationId": CONFIGURATION, "generatedDateTime": moment(world),
        "data": {
            "accountId": ACCOUNT_ID, "userId": USER_ID, "envelopeId": id, "envelopeSummary": render::summary(envelope),
        },
    });
    world.post(Delivery {
        lane: id.to_owned(),
        body: body.to_string(),
        about: json!({"envelopeId": id, "event": event}),
        ..Delivery::default()
    });
}

/// Fills in address, number of retries and signatures before an attempt.
///
/// While a key is being replaced both the new and the retired one sign; a receiver takes whichever it knows.
pub(super) fn prepare(world: &World, delivery: &mut Delivery) {
    let Some(settings) = world.get(SETTINGS, "1") else { return };
    delivery.url = settings["url"].as_str().unwrap_or_default().to_owned();
    if let Ok(mut body) = serde_json::from_str::<Value>(&delivery.body) {
        body["retryCount"] = json!(delivery.attempts);
        delivery.body = body.to_string();
    }
    let key = settings["key"].as_str().unwrap_or_default();
    delivery.headers = vec![
        ("X-DocuSign-Signature-1".into(), signature(key, &delivery.body)),
        ("X-DocuSign-Signature-2".into(), signature("retired-key", &delivery.body)),
        ("X-Authorization-Digest".into(), "HMACSHA256".into()),
    ];
}

/// Base64 of the HMAC-SHA256 of the raw body; the key is used as text.
fn signature(key: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, body.as_bytes()))
}

/// Any answer but a 2xx is a failure, listed and tried again after growing pauses.
pub(super) fn delivered(world: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
    let id = delivery.number.to_string();
    let error = match outcome {
        Outcome::Answered(status) if (200..300).contains(&status) => {
            world.remove(FAILURES, &id);
            return None;
        }
        Outcome::Answered(status) => format!("Connect endpoint answered {status}"),
        Outcome::Unreachable => "Connect endpoint could not be reached".to_owned(),
    };
    let last = delivery.attempts >= ATTEMPTS_MAX;
    world.put(
        FAILURES,
        &id,
        json!({
            "failureId": id, "configId": CONFIGURATION.to_string(), "accountId": ACCOUNT_ID,
            "envelopeId": delivery.about["envelopeId"], "connectDebugLog": [], "error": error,
            "status": if last { "failed" } else { "retrying" }, "retryCount": delivery.attempts.to_string(),
            "created": moment(world), "configUrl": delivery.url, "lane": delivery.lane, "body": delivery.body,
        }),
    );
    let pause = PAUSE_FIRST_MS << delivery.attempts.min(5);
    (!last).then(|| Duration::from_millis(pause.min(PAUSE_MAX_MS)))
}

/// `/connect/...`: the list of failures and the queue for another try.
pub(super) fn answer(world: &mut World, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
    match (request.method.as_str(), rest) {
        ("GET", ["failures"]) => Ok(Response::json(StatusCode::OK, &failures(world))),
        ("DELETE", ["failures", id]) => {
            world.remove(FAILURES, id);
            Ok(Response::json(StatusCode::OK, &failures(world)))
        }
        ("PUT", ["envelopes", "retry_queue"]) => {
            let body = request.json().map_err(|_| Problem::body())?;
            let ids = body["envelopeIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let ids: Vec<String> = ids.map(str::to_owned).collect();
            Ok(requeued(world, &ids))
        }
        ("PUT", ["envelopes", id, "retry_queue"]) => {
            let id = (*id).to_owned();
            Ok(requeued(world, &[id]))
        }
        _ => Err(Problem::no_resource()),
    }
}

fn failures(world: &World) -> Value {
    let shown = world.all(FAILURES).map(|(_, failure)| {
        let mut shown = failure.clone();
        if let Some(shown) = shown.as_object_mut() {
            shown.remove("body");
            shown.remove("lane");
        }
        shown
    });
    let failures: Vec<Value> = shown.collect();
    json!({"failures": failures, "totalRecords": failures.len().to_string(), "type": "failures"})
}

/// Puts the messages that were given up back into the queue.
fn requeued(world: &mut World, ids: &[String]) -> Response {
    let given_up = |failure: &Value| {
        failure["status"] == "failed" && ids.iter().any(|id| failure["envelopeId"] == id.as_str())
    };
    let chosen: Vec<(String, Value)> = world
        .all(FAILURES)
        .filter(|(_, failure)| given_up(failure))
        .map(|(id, failure)| (id.to_owned(), failure.clone()))
        .collect();
    let mut results = Vec::new();
    for (id, failure) in chosen {
        world.remove(FAILURES, &id);
        world.post(Delivery {
            lane: failure["lane"].as_str().unwrap_or_default().to_owned(),
            body: failure["body"].as_str().unwrap_or_default().to_owned(),
            about: json!({"envelopeId": failure["envelopeId"]}),
            ..Delivery::default()
        });
        results.push(json!({
            "configId": failure["configId"], "configUrl": failure["configUrl"], "envelopeId": failure["envelopeId"],
            "status": "queued",
        }));
    }
    Response::json(StatusCode::OK, &json!({"retryQueue": results}))
}

//! Change notifications for the drive: granted after a handshake, ended by their date; they say that something changed, and
//! delta says what.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{DRIVE_ID, TENANT_ID};
use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::simulator::Handshake;
use crate::world::World;

pub(super) const SUBSCRIPTIONS: &str = "subscriptions";
const LIFETIME_MAX: SignedDuration = SignedDuration::from_mins(42_300);
const ATTEMPTS_MAX: u32 = 20;

/// The echo that must come before a subscription is granted.
pub(super) fn handshake(request: &Request) -> Option<Handshake> {
    let body = request.json().ok()?;
    let mut url = url::Url::parse(body["notificationUrl"].as_str()?).ok()?;
    let echo = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {}",
        Uuid::new_v4()
    );
    url.query_pairs_mut().append_pair("validationToken", &echo);
    Some(Handshake { url: url.into(), echo })
}

/// `/v1.0/subscriptions`.
pub(super) fn answer(world: &mut World, request: &Request, id: Option<&str>) -> Result<Response, Problem> {
    match (&request.method, id) {
        (&Method::POST, None) => create(world, request),
        (&Method::GET, None) => {
            let listed: Vec<Value> = world.all(SUBSCRIPTIONS).map(|(_, one)| one.clone()).collect();
            Ok(Response::json(StatusCode::OK, &json!({"value": listed})))
        }
        (&Method::GET, Some(id)) => Ok(Response::json(StatusCode::OK, &found(world, id)?)),
        (&Method::PATCH, Some(id)) => {
            let mut subscription = found(world, id)?;
            let body = request.json().map_err(|_| Problem::invalid("Invalid JSON."))?;
            subscription["expirationDateTime"] = json!(until(world, &body)?);
            world.put(SUBSCRIPTIONS, id, subscription.clone());
            Ok(Response::json(StatusCode::OK, &subscription))
        }
        (&Method::DELETE, Some(id)) => {
            found(world, id)?;
            world.remove(SUBSCRIPTIONS, id);
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::not_found()),
    }
}

fn found(world: &World, id: &str) -> Result<Value, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The object was not found.");
    world.get(SUBSCRIPTIONS, id).cloned().ok_or_else(missing)
}

fn create(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let body = request.json().map_err(|_| Problem::invalid("Invalid JSON."))?;
    let refused = |message: &str| Problem::new(StatusCode::BAD_REQUEST, "InvalidRequest", message);
    let resource = body["resource"].as_str().unwrap_or_default().trim_start_matches('/');
    if resource != format!("drives/{DRIVE_ID}/root") {
        return Err(refused("The resource is not supported for subscriptions."));
    }
    if body["changeType"] != "updated" {
        return Err(refused("Only changeType 'updated' is supported for this resource."));
    }
    let until = until(world, &body)?;
    if request.handshake != Some(true) {
        let message = "Subscription validation request failed. HTTP status code is not 'OK', or the token was not echoed.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ValidationError", message));
    }
    let id = Uuid::new_v4().to_string();
    let subscription = json!({
        "id": id, "resource": body["resource"], "changeType": "updated", "clientState": body["clientState"],
        "notificationUrl": body["notificationUrl"], "expirationDateTime": until, "applicationId": super::CLIENT_ID,
        "creatorId": super::CLIENT_ID, "latestSupportedTlsVersion": "v1_2",
    });
    world.put(SUBSCRIPTIONS, &id, subscription.clone());
    Ok(Response::json(StatusCode::CREATED, &subscription))
}

fn until(world: &World, body: &Value) -> Result<String, Problem> {
    let wanted = body["expirationDateTime"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let wanted = wanted.ok_or_else(|| Problem::invalid("expirationDateTime is missing or malformed."))?;
    let now = world.now();
    if wanted <= now || wanted.duration_since(now) > LIFETIME_MAX {
        let message = "Subscription expiration can only be 42300 minutes in the future.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ExtensionError", message));
    }
    Ok(wanted.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Tells every subscriber that the drive has changed; one message stands for all changes until it is sent.
pub(super) fn notify(world: &mut World) {
    let now = world.now();
    let in_force = |one: &Value| {
        let until = one["expirationDateTime"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        until.is_some_and(|until| until > now)
    };
    let subscriptions: Vec<Value> =
        world.all(SUBSCRIPTIONS).filter(|(_, one)| in_force(one)).map(|(_, one)| one.clone()).collect();
    for subscription in subscriptions {
        let body = json!({"value": [{
            "subscriptionId": subscription["id"], "clientState": subscription["clientState"],
            "subscriptionExpirationDateTime": subscription["expirationDateTime"], "changeType": "updated",
            "resource": format!("drives/{DRIVE_ID}/root"), "tenantId": TENANT_ID, "resourceData": null,
        }]});
        world.post(Delivery {
            lane: subscription["id"].as_str().unwrap_or_default().to_owned(),
            url: subscription["notificationUrl"].as_str().unwrap_or_default().to_owned(),
            body: body.to_string(),
            ..Delivery::default()
        });
    }
}

/// Anything but a 2xx is tried again for a while.
pub(super) fn delivered(delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Answered(status) if (200..300).contains(&status) => None,
        _ => {
            (delivery.attempts < ATTEMPTS_MAX).then(|| Duration::from_millis(250 << delivery.attempts.min(6)))
        }
    }
}

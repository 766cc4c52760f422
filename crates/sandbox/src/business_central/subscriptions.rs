//! Webhook subscriptions: made and renewed by a handshake, ended by the wrong answer or after three days.
//!
//! Deliberately absent: gathering several changes of a record into one notification, and the `collection` notification for
//! more than a thousand changes.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::ToSpan as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::collection::odata;
use super::entity::{self, COMPANY};
use super::pages::{Api, Page};
use super::problem::Problem;
use super::service_of;
use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::simulator::Handshake;
use crate::world::World;

pub(super) const SUBSCRIPTIONS: &str = "subscriptions";
const REVISION: &str = "@revision";
const LIFETIME_H: i64 = 72;
/// The vendor waits 30 s to gather changes; a simulator need not keep its callers that long.
const NOTIFY_AFTER_MS: i64 = 500;
const GIVE_UP_AFTER: u32 = 48;

/// The handshake for a request that makes or renews a subscription.
pub(super) fn handshake(world: &World, request: &Request, id: Option<&str>) -> Option<Handshake> {
    let wanted = match id {
        None => request.method == Method::POST,
        Some(_) => request.method == Method::PATCH,
    };
    let body = request.json().ok().filter(|_| wanted)?;
    let known = id.and_then(|id| world.get(SUBSCRIPTIONS, id));
    let url = body["notificationUrl"].as_str().or_else(|| known?["notificationUrl"].as_str())?;
    let token = Uuid::new_v4().simple().to_string();
    let mut url = url::Url::parse(url).ok()?;
    url.query_pairs_mut().append_pair("validationToken", &token);
    Some(Handshake { url: url.to_string(), echo: token })
}

/// Answers `subscriptions` and `subscriptions('id')`.
pub(super) fn serve(world: &mut World, request: &Request, id: Option<&str>) -> Result<Response, Problem> {
    match (&request.method, id) {
        (&Method::GET, None) => {
            let value: Vec<Value> = world.all(SUBSCRIPTIONS).map(|(_, one)| shown(one)).collect();
            Ok(odata(StatusCode::OK, &json!({"@odata.context": context(request, ""), "value": value})))
        }
        (&Method::POST, None) => create(world, request),
        (&Method::GET, Some(id)) => Ok(answer(request, StatusCode::OK, &existing(world, id)?)),
        (&Method::PATCH, Some(id)) => renew(world, request, id),
        (&Method::DELETE, Some(id)) => {
            existing(world, id)?;
            world.remove(SUBSCRIPTIONS, id);
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "BadRequest_MethodNotAllowed",
            format!("'{}' requests for 'subscriptions' are not allowed.", request.method),
        )),
    }
}

fn create(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let body = request.json().map_err(|_| Problem::bad("Invalid Request Body"))?;
    let (Some(url), Some(resource)) = (body["notificationUrl"].as_str(), body["resource"].as_str()) else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "BadRequest_RequiredParamNotProvided",
            "Field 'notificationUrl' and 'resource' must not be blank or empty.",
        ));
    };
    if target(resource).is_none() {
        return Err(Problem::bad(format!(
            "The resource '{resource}' does not support webhook notifications."
        )));
    }
    shaken(request)?;
    let id =
        body["subscriptionId"].as_str().map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned);
    if world.get(SUBSCRIPTIONS, &id).is_some() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "Internal_EntityWithSameKeyExists",
            format!(
                "The record in table API Webhook Subscription already exists. Identification fields and values: Subscription Id='{id}'"
            ),
        ));
    }
    let subscription = json!({
        "subscriptionId": id, "notificationUrl": url, "resource": resource, "timestamp": 0,
        "userId": "00000000-0000-0000-0000-000000000001", "clientState": body["clientState"].as_str().unwrap_or(""),
    });
    Ok(answer(request, StatusCode::CREATED, &keep(world, &id, subscription)))
}

fn renew(world: &mut World, request: &Request, id: &str) -> Result<Response, Problem> {
    let mut subscription = existing(world, id)?;
    entity::check_etag(&subscription, request.if_match())?;
    shaken(request)?;
    let body = request.json().map_err(|_| Problem::bad("Invalid Request Body"))?;
    for name in ["notificationUrl", "resource", "clientState"] {
        if let Some(text) = body[name].as_str() {
            subscription[name] = text.into();
        }
    }
    Ok(answer(request, StatusCode::OK, &keep(world, id, subscription)))
}

fn shaken(request: &Request) -> Result<(), Problem> {
    if request.handshake == Some(true) {
        return Ok(());
    }
    Err(Problem::bad("The handshake failed: the notificationUrl must answer 200 with the validationToken."))
}

fn existing(world: &World, id: &str) -> Result<Value, Problem> {
    let message = format!(
        "The API Webhook Subscription does not exist. Identification fields and values: Subscription Id='{id}'"
    );
    let missing = || Problem::new(StatusCode::NOT_FOUND, "Internal_RecordNotFound", message);
    world.get(SUBSCRIPTIONS, id).cloned().ok_or_else(missing)
}

fn keep(world: &mut World, id: &str, mut subscription: Value) -> Value {
    let now = world.now();
    subscription["lastModifiedDateTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    let until = now.checked_add(LIFETIME_H.hours()).unwrap_or(now);
    subscription["expirationDateTime"] = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    subscription[REVISION] = world.next("revision").into();
    world.put(SUBSCRIPTIONS, id, subscription.clone());
    subscription
}

fn shown(subscription: &Value) -> Value {
    let mut shown = Map::from_iter([("@odata.etag".to_owned(), entity::etag(subscription).into())]);
    let fields = subscription.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with('@'));
    shown.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(shown)
}

fn answer(request: &Request, status: StatusCode, subscription: &Value) -> Response {
    let mut body = Map::from_iter([("@odata.context".to_owned(), context(request, "/$entity").into())]);
    body.extend(shown(subscription).as_object().cloned().unwrap_or_default());
    odata(status, &Value::Object(body))
}

fn context(request: &Request, suffix: &str) -> String {
    let service = request.path.split("/subscriptions").next().unwrap_or(&request.path);
    format!("{}{service}/$metadata#subscriptions{suffix}", request.base_url)
}

/// The page and company that a resource names: `/api/v2.0/companies(id)/customers`, absolute or relative.
fn target(resource: &str) -> Option<(&'static Page, String)> {
    let (service, rest) = resource.split_once("/companies(")?;
    let (company, set) = rest.split_once(")/")?;
    let api = if service.ends_with("api/v2.0") { Api::Standard } else { Api::Delivery };
    if api == Api::Delivery && !service.ends_with(service_of(Api::Delivery)) {
        return None;
    }
    let set = set.split(['?', '(']).next().unwrap_or(set);
    Page::named(api, set).filter(|page| page.notifies).map(|page| (page, company.to_owned()))
}

/// Tells every subscriber of the page about a change.
pub(super) fn notify(world: &mut World, page: &Page, entity: &Value, change: &str) {
    let now = world.now();
    let company = entity[COMPANY].as_str().unwrap_or_default();
    let timely = |one: &Value| {
        one["expirationDateTime"]
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .is_some_and(|until| until > now)
    };
    let concerned: Vec<Value> = world
        .all(SUBSCRIPTIONS)
        .filter(|(_, one)| timely(one))
        .filter(|(_, one)| {
            one["resource"]
                .as_str()
                .and_then(target)
                .is_some_and(|(of, at)| of.set == page.set && at == company)
        })
        .map(|(_, one)| one.clone())
        .collect();
    let id = entity["id"].as_str().unwrap_or_default();
    for subscription in concerned {
        let body = json!({"value": [{
            "subscriptionId": subscription["subscriptionId"],
            "clientState": subscription["clientState"],
            "expirationDateTime": subscription["expirationDateTime"],
            "resource": format!("{}/companies({company})/{}({id})", service_of(page.api), page.set),
            "changeType": change,
            "lastModifiedDateTime": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }]});
        world.post(Delivery {
            lane: subscription["subscriptionId"].as_str().unwrap_or_default().to_owned(),
            url: subscription["notificationUrl"].as_str().unwrap_or_default().to_owned(),
            body: body.to_string(),
            due_ms: now.as_millisecond() + NOTIFY_AFTER_MS,
            about: json!({"subscription": subscription["subscriptionId"]}),
            ..Delivery::default()
        });
    }
}

/// What an answer means: only 408, 429 and 5xx are tried again; any other refusal ends the subscription.
pub(super) fn delivered(world: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Answered(200..300) => None,
        Outcome::Answered(408 | 429 | 500..) | Outcome::Unreachable => {
            let again = Duration::from_millis(500 << delivery.attempts.min(7));
            (delivery.attempts < GIVE_UP_AFTER).then_some(again)
        }
        Outcome::Answered(_) => {
            world.remove(SUBSCRIPTIONS, delivery.about["subscription"].as_str().unwrap_or_default());
            None
        }
    }
}

//! Microsoft Graph, files: one document library.
//!
//! As the vendor does: names are unique in a folder without regard to case, uploading by path makes missing folders, content
//! comes from a redirect, a change needs the right ETag only when it states one. Absent: permissions, versions, copying,
//! search, batches, personal drives.

mod address;
mod items;
mod problem;
mod quick_xor;
mod render;
mod rest;
mod subscriptions;
mod uploads;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::oauth::{entra, tokens};
use crate::simulator::{Collection, Handshake, Simulator};
use crate::world::World;
use problem::Problem;

/// The simulator.
pub struct Graph;

const TENANT_ID: &str = "6f1d3a52-8b0e-4c55-9d27-0c5f3d1e7a90";
const CLIENT_ID: &str = "throughline-sandbox-graph";
const DRIVE_ID: &str = "b!Jw9cPR4bN0S7tQ2mX8vYk1-firm-contracts-library";
/// Where the library's site is shown to people.
const SITE: &str = "/sites/contracts/Documents";

const REGISTRATION: entra::Registration = entra::Registration {
    tenant: TENANT_ID,
    client_id: CLIENT_ID,
    client_secret: "throughline-sandbox-graph-secret",
    resource: "https://graph.microsoft.com",
};

const COLLECTIONS: &[Collection] = &[
    Collection { name: items::ITEMS, key: path },
    Collection { name: items::NAMES, key: items::name_entry },
    Collection { name: subscriptions::SUBSCRIPTIONS, key: |_, _| None },
];

fn path(_: &str, item: &Value) -> Option<String> {
    item["path"].as_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

impl Simulator for Graph {
    fn product(&self) -> &'static str {
        "graph"
    }

    fn name(&self) -> &'static str {
        "docs"
    }

    fn settings(&self) -> Value {
        json!({"tenantId": TENANT_ID, "driveId": DRIVE_ID, "folder": "Contracts"})
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        [("clientId", REGISTRATION.client_id), ("clientSecret", REGISTRATION.client_secret)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn furnish(&self, world: &mut World) {
        items::furnish(world);
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        if let Some(token) = REGISTRATION.token(world, request) {
            return token;
        }
        if request.path.starts_with(uploads::PATH) {
            return uploads::answer(world, request).unwrap_or_else(|problem| problem.response());
        }
        if request.path.starts_with(SITE) {
            return download(world, request).unwrap_or_else(|problem| problem.response());
        }
        match tokens::check(world, request) {
            tokens::Standing::Valid(_) => {
                let answer = world.all_or_nothing(|world| rest::answer(world, request));
                answer.unwrap_or_else(|problem| problem.response())
            }
            tokens::Standing::Missing => {
                Problem::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", "Access token is empty.")
                    .response()
            }
            tokens::Standing::Invalid => Problem::token().response(),
        }
    }

    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response> {
        match refusal {
            Refusal::Throttled { retry_after_s } => {
                let message = "The request has been throttled";
                let response =
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, "activityLimitReached", message).response();
                Some(match retry_after_s {
                    Some(seconds) => response.with("retry-after", &seconds.to_string()),
                    None => response,
                })
            }
            Refusal::Unavailable { status: 503 } => {
                let message =
                    "The service is temporarily unavailable. You may repeat the request after a delay.";
                Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "serviceNotAvailable", message).response())
            }
            Refusal::Unavailable { status } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(
                    Problem::new(status, "generalException", "General exception while processing").response(),
                )
            }
            Refusal::TokenExpired => tokens::invalidate(world, request).then(|| Problem::token().response()),
            Refusal::StaleEtag => {
                let conditional = request.if_match().is_some_and(|held| held != "*");
                conditional.then(|| Problem::stale().response())
            }
        }
    }

    fn handshake(&self, world: &World, request: &Request) -> Option<Handshake> {
        let known = matches!(tokens::check(world, request), tokens::Standing::Valid(_));
        let asks = request.method == Method::POST && request.path == "/v1.0/subscriptions";
        if known && asks { subscriptions::handshake(request) } else { None }
    }

    fn delivered(&self, _: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
        subscriptions::delivered(delivery, outcome)
    }
}

/// A file's content, for whoever holds the pass in the address.
fn download(world: &World, request: &Request) -> Result<Response, Problem> {
    let id = request.parameter("UniqueId").ok_or_else(Problem::not_found)?;
    let item = world.get(items::ITEMS, &id).ok_or_else(Problem::not_found)?;
    if request.parameter("tempauth") != Some(render::pass(item)) {
        return Err(Problem::token());
    }
    let content = items::content(world, &id)?;
    Ok(Response::bytes(StatusCode::OK, "application/octet-stream", content).with("etag", &items::etag(item)))
}

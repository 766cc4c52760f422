//! DocuSign eSignature with Connect.
//!
//! As the vendor does: booleans and counts are text, posting twice makes two envelopes, a transaction id is forgotten after
//! seven days. Absent: templates' content, tabs, signing pages, bulk sending.

mod access;
mod connect;
mod envelopes;
mod pdf;
mod problem;
mod render;
mod rest;
mod search;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::oauth::{DOCUSIGN_TEST_KEY, tokens};
use crate::simulator::{Collection, Simulator};
use crate::world::World;
use problem::Problem;

pub(crate) use connect::configure;
pub(crate) use envelopes::{DESK, ENVELOPES, TEXT_CHARACTERS_MAX, complete, create, decline, deliver, field};

/// The simulator.
pub struct DocuSign;

const ACCOUNT_ID: &str = "7c2b8d7e-6a35-4c0f-9d59-0f7b1a6e2c43";
/// The key that Connect signs with, unless another is configured.
pub const CONNECT_KEY: &str = "connect-key-of-the-sandbox";
/// Calls an hour; an account of this size has had its limit raised.
const HOURLY_CALLS_MAX: u64 = 200_000;

const COLLECTIONS: &[Collection] = &[Collection { name: ENVELOPES, key: transaction }];

/// An envelope that was declined or voided is no contract any more: another in its place is no duplicate.
fn transaction(_: &str, envelope: &Value) -> Option<String> {
    let void = ["declined", "voided"].iter().any(|status| envelope["status"] == *status);
    envelope["transactionId"].as_str().filter(|_| !void).map(str::to_owned)
}

impl Simulator for DocuSign {
    fn product(&self) -> &'static str {
        "docusign"
    }

    fn name(&self) -> &'static str {
        "clm"
    }

    fn settings(&self) -> Value {
        json!({
            "accountId": ACCOUNT_ID,
            "signers": [
                {"name": "Managing Partner", "email": "partner@firm.example"},
                {"name": "Client Signatory", "email": "signatory@client.example"},
            ],
        })
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        let entries = [
            ("integrationKey", access::INTEGRATION_KEY),
            ("userId", access::USER_ID),
            ("privateKey", DOCUSIGN_TEST_KEY),
            ("connectKey", CONNECT_KEY),
        ];
        entries.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        match (&request.method, request.path.as_str()) {
            (&Method::POST, "/oauth/token") => return access::token(world, request),
            (&Method::GET, "/oauth/userinfo") => return access::user_info(world, request),
            _ => {}
        }
        if !matches!(tokens::check(world, request), tokens::Standing::Valid(_)) {
            return Problem::token().response();
        }
        let (used, reset) = count_call(world);
        if used > HOURLY_CALLS_MAX {
            return hourly_limit(reset);
        }
        rest::answer(world, request)
            .with("x-ratelimit-limit", &HOURLY_CALLS_MAX.to_string())
            .with("x-ratelimit-remaining", &(HOURLY_CALLS_MAX - used).to_string())
            .with("x-ratelimit-reset", &reset.to_string())
            .with("x-burstlimit-limit", "500")
            .with("x-burstlimit-remaining", "499")
    }

    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response> {
        let at_token = request.path.starts_with("/oauth");
        match refusal {
            Refusal::Throttled { .. } if at_token => None,
            // No Retry-After: the account's next window is told by a header of the vendor's own.
            Refusal::Throttled { retry_after_s: Some(seconds) } => {
                Some(hourly_limit(world.now().as_second() + i64::from(seconds)))
            }
            Refusal::Throttled { retry_after_s: None } => Some(burst_limit()),
            Refusal::Unavailable { status: 500 } => {
                let message = "An unspecified error has occurred.";
                Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "UNSPECIFIED_ERROR", message).response())
            }
            Refusal::Unavailable { status } => Some(Response::bytes(
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                "text/html",
                "<html><body><h1>The service is unavailable.</h1></body></html>",
            )),
            Refusal::TokenExpired => tokens::invalidate(world, request).then(|| Problem::token().response()),
            Refusal::StaleEtag => None,
        }
    }

    fn prepare(&self, world: &World, delivery: &mut Delivery) {
        connect::prepare(world, delivery);
    }

    fn delivered(&self, world: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
        connect::delivered(world, delivery, outcome)
    }
}

/// The calls of this hour, and when the hour ends.
fn count_call(world: &mut World) -> (u64, i64) {
    let hour = world.now().as_second() / 3_600;
    (world.next(&format!("calls:{hour}")), (hour + 1) * 3_600)
}

fn hourly_limit(reset: i64) -> Response {
    let message = "The maximum number of hourly API invocations has been exceeded.";
    Problem::bad("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", message)
        .response()
        .with("x-ratelimit-limit", &HOURLY_CALLS_MAX.to_string())
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-reset", &reset.to_string())
}

fn burst_limit() -> Response {
    let message = "The maximum number of API invocations in a short period has been exceeded.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "BURST_APIINVOCATION_LIMIT_EXCEEDED", message)
        .response()
        .with("x-burstlimit-limit", "500")
        .with("x-burstlimit-remaining", "0")
}

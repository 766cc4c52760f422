//! NetSuite: the REST record service, SuiteQL and asynchronous jobs.
//!
//! Behaves as the vendor documents, in particular where that surprises
//! - PUT on `eid:` is the only upsert; it answers 204 with a Location, for a new record and for a changed one.
//! - The idempotency header counts on asynchronous requests alone.
//! - Lines of a sublist are merged unless `?replace=` names it: sending the same schedule twice doubles its lines.
//! - The limit is on requests at the same time in the whole account, not on requests per minute.
//!
//! Deliberately absent: saved searches, joins, RESTlets, SOAP, file cabinet. There are no events; callers poll SuiteQL.

mod access;
mod filter;
mod furniture;
mod input;
mod jobs;
mod listing;
mod metadata;
mod oauth1;
mod problem;
mod query;
mod records;
mod schema;
mod suiteql;
mod view;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::oauth::{NETSUITE_TEST_KEY, tokens};
use crate::simulator::{Collection, Simulator};
use crate::world::World;
use problem::Problem;

const ACCOUNT: &str = "TSTDRV1000001";
const CLIENT_ID: &str = "throughline-sandbox-netsuite-client";
const CERTIFICATE_ID: &str = "throughline-sandbox-certificate";
const CONSUMER_KEY: &str = "throughline-sandbox-consumer";
const CONSUMER_SECRET: &str = "throughline-sandbox-consumer-secret";
const TOKEN_ID: &str = "throughline-sandbox-token";
const TOKEN_SECRET: &str = "throughline-sandbox-token-secret";

/// Requests that the account handles at the same time.
const CONCURRENCY_MAX: usize = 15;

/// The simulator.
#[derive(Debug)]
pub struct NetSuite;

const fn collection(name: &'static str) -> Collection {
    Collection { name, key: external_id }
}

fn external_id(_: &str, record: &Value) -> Option<String> {
    record["externalId"].as_str().map(str::to_owned)
}

const COLLECTIONS: &[Collection] = &[
    collection("customer"),
    collection("job"),
    collection("projectTask"),
    collection("billingSchedule"),
    collection("charge"),
    collection("salesOrder"),
    collection("invoice"),
    collection("subsidiary"),
    collection("currency"),
    collection("term"),
    collection("serviceSaleItem"),
];

impl Simulator for NetSuite {
    fn product(&self) -> &'static str {
        "netsuite"
    }

    fn name(&self) -> &'static str {
        "erp-americas"
    }

    fn settings(&self) -> Value {
        json!({
            "subsidiaries": furniture::subsidiary_ids(),
            "currencies": furniture::currency_ids(),
            // Fixed bid by milestones.
            "scheduleType": "3",
        })
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        [
            ("clientId", CLIENT_ID),
            ("certificateId", CERTIFICATE_ID),
            ("privateKey", NETSUITE_TEST_KEY),
            ("account", ACCOUNT),
            ("consumerKey", CONSUMER_KEY),
            ("consumerSecret", CONSUMER_SECRET),
            ("tokenId", TOKEN_ID),
            ("tokenSecret", TOKEN_SECRET),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn furnish(&self, world: &mut World) {
        furniture::furnish(world);
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        if request.path == access::TOKEN_PATH {
            return access::token(world, request);
        }
        if request.in_flight > CONCURRENCY_MAX {
            return Problem::concurrency().response();
        }
        if let Err(problem) = access::check(world, request) {
            return problem.response();
        }
        if jobs::is_wanted(request) && !request.path.contains("/async/") {
            return jobs::submit(world, request, route);
        }
        route(world, request)
    }

    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response> {
        match refusal {
            Refusal::Throttled { retry_after_s } => {
                let response = Problem::concurrency().response();
                Some(match retry_after_s {
                    Some(seconds) => response.with("retry-after", &seconds.to_string()),
                    None => response,
                })
            }
            Refusal::Unavailable { status } => Some(Problem::unavailable(status).response()),
            Refusal::TokenExpired => tokens::invalidate(world, request).then(|| Problem::login().response()),
            // Records have no ETag.
            Refusal::StaleEtag => None,
        }
    }
}

fn route(world: &mut World, request: &Request) -> Response {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answered = match segments.as_slice() {
        ["services", "rest", "record", "v1", "metadata-catalog", rest @ ..] => metadata::serve(request, rest),
        ["services", "rest", "record", "v1", rest @ ..] => records::serve(world, request, rest),
        ["services", "rest", "query", "v1", "suiteql"] => query::serve(world, request),
        ["services", "rest", "async", "v1", "job", rest @ ..] => jobs::serve(world, request, rest),
        _ => Err(Problem::no_such_path()),
    };
    answered.unwrap_or_else(Response::from)
}

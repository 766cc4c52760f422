//! Salesforce: the REST API of an org with the firm's custom fields.
//!
//! As the vendor does: errors are arrays, an org over its quota answers 403, SystemModstamp has whole seconds, an
//! opportunity with line items is worth their sum. Absent: Bulk API, Pub/Sub, SOAP, triggers, sharing.

mod access;
mod composite;
mod describe;
mod identity;
mod problem;
mod query;
mod records;
mod rest;
mod schema;
mod soql;
mod value;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::oauth::{SALESFORCE_TEST_KEY, tokens};
use crate::simulator::{Collection, Simulator};
use crate::world::World;
use problem::Problem;

/// The simulator.
pub struct Salesforce;

/// Calls in 24 hours; a firm of this size buys more than the standard quota.
const DAILY_CALLS_MAX: u64 = 1_000_000;
const TOKEN_PATH: &str = "/services/oauth2/token";

const COLLECTIONS: &[Collection] = &[
    Collection { name: "Account", key: by_id },
    Collection { name: "Opportunity", key: by_id },
    Collection { name: "OpportunityLineItem", key: by_id },
    Collection { name: "Product2", key: by_id },
    Collection { name: "Pricebook2", key: by_id },
    Collection { name: "PricebookEntry", key: by_id },
    Collection { name: records::LINES, key: by_parent },
];

fn by_id(id: &str, _: &Value) -> Option<String> {
    Some(id.to_owned())
}

fn by_parent(_: &str, line: &Value) -> Option<String> {
    line["parent"].as_str().map(str::to_owned)
}

impl Simulator for Salesforce {
    fn product(&self) -> &'static str {
        "salesforce"
    }

    fn name(&self) -> &'static str {
        "crm"
    }

    fn settings(&self) -> Value {
        json!({"apiVersion": "v62.0"})
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        let entries = [
            ("clientId", access::CLIENT_ID),
            ("clientSecret", access::CLIENT_SECRET),
            ("username", access::USERNAME),
            ("privateKey", SALESFORCE_TEST_KEY),
        ];
        entries.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn furnish(&self, world: &mut World) {
        if world.len("Pricebook2") == 0 {
            price_book(world);
        }
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        if request.path == TOKEN_PATH && request.method == Method::POST {
            return access::token(world, request);
        }
        if request.path.trim_end_matches('/') == "/services/data" {
            return describe::versions();
        }
        if !matches!(session(world, request), tokens::Standing::Valid(_)) {
            return Problem::session().response();
        }
        let used = count_call(world);
        if used > DAILY_CALLS_MAX {
            return over_quota();
        }
        rest::answer(world, request).with("sforce-limit-info", &format!("api-usage={used}/{DAILY_CALLS_MAX}"))
    }

    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response> {
        let at_token = request.path == TOKEN_PATH;
        match refusal {
            // The vendor knows no 429 and no Retry-After here: an org over its quota is refused.
            Refusal::Throttled { retry_after_s: None } if !at_token => Some(over_quota()),
            Refusal::Throttled { .. } | Refusal::StaleEtag => None,
            Refusal::Unavailable { status: 500 } if !request.method.is_safe() && !at_token => {
                let message = "unable to obtain exclusive access to this record";
                Some(Problem::bad("UNABLE_TO_LOCK_ROW", message).on(&[]).response())
            }
            Refusal::Unavailable { status: 503 } => {
                let message = "We are unavailable. Please try again later.";
                Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "SERVER_UNAVAILABLE", message).response())
            }
            Refusal::Unavailable { status: 500 } => {
                let message = "An unexpected error occurred. Please include this ErrorId if you contact support: 1604-2";
                Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", message).response())
            }
            Refusal::Unavailable { status } => Some(Response::bytes(
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                "text/html",
                "<html><head><title>Error</title></head><body><h1>Down for maintenance</h1></body></html>",
            )),
            Refusal::TokenExpired => {
                let request = unwrapped(request);
                tokens::invalidate(world, &request).then(|| Problem::session().response())
            }
        }
    }
}

/// A session token is the organisation's id, an exclamation mark and the token proper.
fn unwrapped(request: &Request) -> Request {
    let mut request = request.clone();
    let token =
        request.bearer().and_then(|token| token.rsplit_once('!')).map(|(_, token)| format!("Bearer {token}"));
    if let Some(value) = token.and_then(|token| token.parse().ok()) {
        request.headers.insert(http::header::AUTHORIZATION, value);
    }
    request
}

fn session(world: &World, request: &Request) -> tokens::Standing {
    tokens::check(world, &unwrapped(request))
}

fn over_quota() -> Response {
    Problem::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").response()
}

fn calls_counter(world: &World) -> String {
    format!("calls:{}", world.now().strftime("%Y-%m-%d"))
}

fn count_call(world: &mut World) -> u64 {
    let counter = calls_counter(world);
    world.next(&counter)
}

fn limits(world: &World) -> Value {
    let used = world.count(&calls_counter(world));
    json!({"DailyApiRequests": {"Max": DAILY_CALLS_MAX, "Remaining": DAILY_CALLS_MAX.saturating_sub(used)}})
}

/// Creates a record as a user of the org would; its id, or why it is refused.
pub(crate) fn create(world: &mut World, object: &str, fields: Value) -> Result<String, String> {
    let of = schema::object(object).ok_or_else(|| format!("no object {object}"))?;
    let fields = without_nulls(fields);
    records::create(world, of, &fields).map_err(|problem| format!("{object}: {}", problem.message))
}

/// Changes a record as a user of the org would.
pub(crate) fn update(world: &mut World, object: &str, id: &str, fields: Value) -> Result<(), String> {
    let of = schema::object(object).ok_or_else(|| format!("no object {object}"))?;
    let fields = without_nulls(fields);
    records::update(world, of, id, &fields).map_err(|problem| format!("{object} {id}: {}", problem.message))
}

fn without_nulls(fields: Value) -> records::Fields {
    let fields = fields.as_object().cloned().unwrap_or_default();
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// The price book's entry for a product.
pub(crate) fn price_of(world: &World, product_code: &str) -> Option<String> {
    let (product, _) = world.all("Product2").find(|(_, product)| product["ProductCode"] == product_code)?;
    let (entry, _) = world.all("PricebookEntry").find(|(_, entry)| entry["Product2Id"] == product)?;
    Some(entry.to_owned())
}

/// The products a firm sells, one a billing model, in the standard price book.
fn price_book(world: &mut World) {
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let create = |world: &mut World, of: &str, value: Value| {
        schema::object(of).and_then(|of| records::create(world, of, &fields(value)).ok())
    };
    let book = create(world, "Pricebook2", json!({"Name": "Standard Price Book", "IsActive": true}));
    for (code, name) in PRODUCTS {
        let product = create(
            world,
            "Product2",
            json!({"Name": name, "ProductCode": code, "IsActive": true, "Family": "Services"}),
        );
        let entry = json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 0, "IsActive": true});
        create(world, "PricebookEntry", entry);
    }
}

const PRODUCTS: [(&str, &str); 5] = [
    ("TM", "Time and Materials"),
    ("FF", "Fixed Fee"),
    ("RT", "Retainer"),
    ("MS", "Managed Service"),
    ("EX", "Expenses"),
];

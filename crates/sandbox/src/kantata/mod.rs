//! Kantata OX: workspaces, stories, time, expenses, people and the feed of changes.
//!
//! Behaves as the vendor documents, in particular where that surprises
//! - A POST answers 200, and attributes that are not known are dropped without a word.
//! - Nothing makes a POST safe to repeat: an external reference is accepted inside it and is not kept unique.
//! - 429 comes without Retry-After.
//! - There are no webhooks; the feed of changes is unordered and holds some events twice.
//!
//! Deliberately absent: invoices, rate cards, estimates, resource planning, approvals.

mod body;
mod events;
mod furniture;
mod problem;
mod reading;
mod references;
mod resources;
mod writing;

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::simulator::{Collection, Simulator};
use crate::world::World;
use problem::Problem;
use resources::{EXTERNAL_REFERENCES, Resource};

const ACCOUNT: u64 = 6_300_575;
/// The user to whom the token belongs.
const OWNER: &str = "12000005";
const TOKEN: &str = "throughline-sandbox-kantata-token";
const FIRST_ID: u64 = 40_000_000;

/// The simulator.
#[derive(Debug)]
pub struct Kantata;

fn reference(_: &str, object: &Value) -> Option<String> {
    object[references::REFERENCE].as_str().map(str::to_owned)
}

const COLLECTIONS: &[Collection] = &[
    Collection { name: "workspaces", key: reference },
    Collection { name: "stories", key: reference },
    Collection { name: "time_entries", key: reference },
    Collection { name: "expenses", key: reference },
    Collection { name: "workspace_groups", key: reference },
    Collection { name: "users", key: reference },
    Collection { name: "custom_fields", key: reference },
    Collection { name: "custom_field_values", key: reference },
    Collection { name: EXTERNAL_REFERENCES, key: references::key },
    Collection { name: events::EVENTS, key: |_, _| None },
];

impl Simulator for Kantata {
    fn product(&self) -> &'static str {
        "kantata"
    }

    fn name(&self) -> &'static str {
        "psa"
    }

    fn settings(&self) -> Value {
        json!({})
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("token".to_owned(), TOKEN.to_owned())])
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn furnish(&self, world: &mut World) {
        furniture::furnish(world);
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        if request.bearer() != Some(TOKEN) {
            return Problem::token().response();
        }
        route(world, request).unwrap_or_else(Response::from)
    }

    fn refuse(&self, _: &mut World, _: &Request, refusal: Refusal) -> Option<Response> {
        match refusal {
            Refusal::Throttled { retry_after_s: None } => Some(Problem::throttled().response()),
            Refusal::Unavailable { status } => Some(Problem::unavailable(status).response()),
            // It never says how long to wait, its tokens do not end, and its objects are changed without conditions.
            Refusal::Throttled { retry_after_s: Some(_) } | Refusal::TokenExpired | Refusal::StaleEtag => {
                None
            }
        }
    }
}

fn route(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(|segment| segment.trim_end_matches(".json")).collect();
    let ["api", "v1", name, rest @ ..] = segments.as_slice() else { return Err(Problem::missing()) };
    if *name == "subscribed_events" {
        return match (&request.method, rest) {
            (&Method::GET, []) => {
                reading::envelope(world, request, "subscribed_events", None, &events::select(world, request))
            }
            _ => Err(Problem::not_allowed()),
        };
    }
    let resource = Resource::named(name).ok_or_else(Problem::missing)?;
    match (&request.method, rest) {
        (&Method::GET, []) => reading::list(world, request, resource),
        (&Method::POST, []) => writing::create(world, request, resource),
        (&Method::POST, ["create_or_update"]) if resource.name == EXTERNAL_REFERENCES => {
            writing::put_reference(world, request, resource)
        }
        (&Method::GET, [id]) => reading::single(world, request, resource, id),
        (&Method::PUT | &Method::PATCH, [id]) => writing::change(world, request, resource, id),
        (&Method::DELETE, [id]) => writing::delete(world, resource, id),
        _ => Err(Problem::not_allowed()),
    }
}

fn next_id(world: &mut World) -> String {
    // The vendor's ids end in 5.
    (FIRST_ID + 10 * world.next("id") + 5).to_string()
}

fn stamp(world: &World) -> String {
    world.now().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

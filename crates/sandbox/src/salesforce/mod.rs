//! Salesforce.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::simulator::{Collection, Simulator};
use crate::world::World;

/// The simulator.
pub struct Salesforce;

impl Simulator for Salesforce {
    fn product(&self) -> &'static str {
        "salesforce"
    }

    fn name(&self) -> &'static str {
        "crm"
    }

    fn settings(&self) -> Value {
        json!({})
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn collections(&self) -> &'static [Collection] {
        &[]
    }

    fn handle(&self, _: &mut World, _: &Request) -> Response {
        Response::empty(StatusCode::NOT_FOUND)
    }

    fn refuse(&self, _: &mut World, _: &Request, _: Refusal) -> Option<Response> {
        None
    }
}

//! Bodies: JSON, or the form encoding with brackets that older clients send.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::exchange::Request;

/// The attributes under the body's key, e.g. `workspace`.
pub(super) fn attributes(request: &Request, singular: &str) -> Result<Map<String, Value>, Problem> {
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if is_form { Some(form(request)) } else { request.json().ok() };
    match body.and_then(|mut body| body.get_mut(singular).map(Value::take)) {
        Some(Value::Object(attributes)) => Ok(attributes),
        _ => Err(Problem::bad(format!("param is missing or the value is empty: {singular}"))),
    }
}

/// `story[external_reference][service_name]=x` as nested objects; every value is text.
fn form(request: &Request) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in request.form() {
        let mut place = &mut root;
        for part in name.split('[').map(|part| part.trim_end_matches(']')) {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[part];
        }
        *place = value.into();
    }
    root
}

//! `/services/data/vNN.0/...`: the routes.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::problem::Problem;
use super::records::{self, Fields, rendered};
use super::schema::{Field, Object, object};
use super::{composite, describe, query};
use crate::exchange::{Request, Response};
use crate::world::World;

/// Answers an authenticated request.
pub(super) fn answer(world: &mut World, request: &Request) -> Response {
    route(world, request).unwrap_or_else(|problem| problem.response())
}

fn route(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["services", "data", version, rest @ ..] = segments.as_slice() else {
        return Err(Problem::not_found());
    };
    if !known_version(version) {
        return Err(Problem::not_found());
    }
    let get = request.method == Method::GET;
    match rest {
        [] if get => Ok(describe::resources(version)),
        ["limits"] if get => Ok(Response::json(StatusCode::OK, &super::limits(world))),
        ["limits", "recordCount"] if get => Ok(record_counts(world, request)),
        ["query" | "queryAll"] if get => query::first(world, request, version),
        ["query" | "queryAll", locator] if get => query::next(world, version, locator),
        ["composite"] if request.method == Method::POST => composite::composite(world, request),
        ["composite", "sobjects", rest @ ..] => composite::collection(world, request, version, rest),
        ["sobjects"] if get => Ok(Response::json(StatusCode::OK, &describe::global(version))),
        ["sobjects", name, rest @ ..] => {
            let of = object(name).ok_or_else(Problem::not_found)?;
            sobject(world, request, version, of, rest)
        }
        _ => Err(Problem::not_found()),
    }
}

fn known_version(version: &str) -> bool {
    let number = version.strip_prefix('v').and_then(|version| version.strip_suffix(".0"));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| describe::VERSIONS.contains(&number))
}

fn sobject(
    world: &mut World,
    request: &Request,
    version: &str,
    of: &'static Object,
    rest: &[&str],
) -> Result<Response, Problem> {
    match (&request.method, rest) {
        (&Method::GET, []) => Ok(Response::json(StatusCode::OK, &describe::basic(of, version))),
        (&Method::POST, []) => {
            let id = records::create(world, of, &sent(request)?)?;
            let location = format!("/services/data/{version}/sobjects/{}/{id}", of.name);
            let body = json!({"id": id, "success": true, "errors": []});
            Ok(Response::json(StatusCode::CREATED, &body).with("location", &location))
        }
        (&Method::GET, ["describe"]) => Ok(Response::json(StatusCode::OK, &describe::full(of, version))),
        (&Method::GET, [id]) => {
            let id = super::identity::with_check(id);
            let record = world.get(of.name, &id).ok_or_else(|| Problem::no_such_key(&id))?;
            shown(request, version, of, record)
        }
        (&Method::PATCH, [id]) => {
            records::update(world, of, id, &sent(request)?)?;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        (&Method::DELETE, [id]) => {
            records::delete(world, of, id)?;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        (method, [name, key]) => {
            let field = of.field(name).filter(|field| field.external_id || field.name == "Id");
            let field = field.ok_or_else(|| Problem::no_such_key(name))?;
            by_external_id(world, request, version, of, field, key, method)
        }
        _ => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{}' not allowed. Allowed are HEAD,GET,PATCH,DELETE", request.method),
        )),
    }
}

fn by_external_id(
    world: &mut World,
    request: &Request,
    version: &str,
    of: &'static Object,
    field: &'static Field,
    key: &str,
    method: &Method,
) -> Result<Response, Problem> {
    let found = records::find_by(world, of, field, key);
    if found.len() > 1 {
        let urls =
            found.iter().map(|id| json!(format!("/services/data/{version}/sobjects/{}/{id}", of.name)));
        return Ok(Response::json(StatusCode::MULTIPLE_CHOICES, &urls.collect()));
    }
    match *method {
        Method::PATCH => {
            let (id, created) = upsert(world, of, field, key, &sent(request)?)?;
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            let body = json!({"id": id, "success": true, "errors": [], "created": created});
            Ok(Response::json(status, &body))
        }
        Method::GET => {
            let record = found.first().and_then(|id| world.get(of.name, id));
            shown(request, version, of, record.ok_or_else(Problem::not_found)?)
        }
        Method::DELETE => {
            records::delete(world, of, found.first().ok_or_else(Problem::not_found)?)?;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::not_found()),
    }
}

/// Updates the record with this key, or creates it; its id, and whether it is new.
pub(super) fn upsert(
    world: &mut World,
    of: &'static Object,
    field: &Field,
    key: &str,
    sent: &Fields,
) -> Result<(String, bool), Problem> {
    if sent.contains_key(field.name) {
        let message = format!("The {} field should not be specified in the sobject data.", field.name);
        return Err(Problem::bad("INVALID_FIELD", message).on(&[field.name]));
    }
    if let Some(id) = records::find_by(world, of, field, key).into_iter().next() {
        return records::update(world, of, &id, sent).map(|()| (id, false));
    }
    if field.name == "Id" && !key.is_empty() {
        return Err(Problem::no_such_key(key));
    }
    let mut fields = sent.clone();
    if field.name != "Id" {
        fields.insert(field.name.to_owned(), json!(key));
    }
    records::create(world, of, &fields).map(|id| (id, true))
}

fn shown(request: &Request, version: &str, of: &'static Object, record: &Value) -> Result<Response, Problem> {
    let Some(names) = request.parameter("fields") else {
        return Ok(Response::json(StatusCode::OK, &rendered(of, version, record, None)));
    };
    let mut fields = Vec::new();
    for name in names.split(',').map(str::trim) {
        let field = of.field(name).ok_or_else(|| {
            Problem::bad("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", of.name))
        })?;
        fields.push(field);
    }
    Ok(Response::json(StatusCode::OK, &rendered(of, version, record, Some(&fields))))
}

fn sent(request: &Request) -> Result<Fields, Problem> {
    match request.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::bad("JSON_PARSER_ERROR", "The HTTP entity body must be an object")),
        Err(error) if request.body.is_empty() => {
            let _ = error;
            Err(Problem::bad(
                "JSON_PARSER_ERROR",
                "The HTTP entity body is required, but this request has no entity body.",
            ))
        }
        Err(error) => Err(Problem::bad("JSON_PARSER_ERROR", error.to_string())),
    }
}

fn record_counts(world: &World, request: &Request) -> Response {
    let asked = request.parameter("sObjects").unwrap_or_default();
    let counts: Vec<Value> = asked
        .split(',')
        .filter_map(object)
        .map(|of| json!({"count": world.len(of.name), "name": of.name}))
        .collect();
    Response::json(StatusCode::OK, &json!({"sObjects": counts}))
}

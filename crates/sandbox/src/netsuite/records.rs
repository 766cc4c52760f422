//! The record service: create, upsert by external id, read, change, delete, transform.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::input::{self, Manner};
use super::problem::Problem;
use super::schema::{Access, Kind, RecordType, TYPES};
use super::{listing, view};
use crate::exchange::{Request, Response};
use crate::world::World;

/// The header with which a caller asks that unknown properties be errors.
const VALIDATION_HEADER: &str = "x-netsuite-propertynamevalidation";
/// Internal ids begin here; those below belong to what the account came with.
const FIRST_ID: u64 = 100;

/// Answers below `/services/rest/record/v1/{type}`.
pub(super) fn serve(world: &mut World, request: &Request, path: &[&str]) -> Result<Response, Problem> {
    let [type_name, rest @ ..] = path else { return Err(Problem::no_such_path()) };
    let kind = RecordType::named(type_name).ok_or_else(|| Problem::unknown_type(type_name))?;
    if !request.method.is_safe() && kind.access == Access::Read {
        let detail = "Permission Violation: You need a higher level of permission to access this record type. Please \
                      contact your account administrator.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSION", detail));
    }
    match (&request.method, rest) {
        (&Method::GET, []) => listing::list(world, request, kind),
        (&Method::POST, []) => create(world, request, kind, None),
        (&Method::GET, [key]) => read(world, request, kind, key),
        (&Method::PUT, [key]) => upsert(world, request, kind, key),
        (&Method::PATCH, [key]) => change(world, request, kind, key),
        (&Method::DELETE, [key]) => delete(world, kind, key),
        (&Method::GET, [key, part]) => read_sublist(world, request, kind, key, part),
        (&Method::POST, [key, "!transform", target]) => transform(world, request, kind, key, target),
        _ => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_METHOD",
            "The method is not allowed here.",
        )),
    }
}

/// The internal id that a path's key means.
fn find(world: &World, kind: &RecordType, key: &str) -> Option<String> {
    match key.strip_prefix("eid:") {
        Some(external) => world.by_key(kind.name, external).next().map(|(id, _)| id.to_owned()),
        None => world.get(kind.name, key).map(|_| key.to_owned()),
    }
}

fn existing(world: &World, kind: &RecordType, key: &str) -> Result<(String, Map<String, Value>), Problem> {
    let id = find(world, kind, key).ok_or_else(Problem::missing)?;
    let record =
        world.get(kind.name, &id).and_then(Value::as_object).cloned().ok_or_else(Problem::missing)?;
    Ok((id, record))
}

fn body(request: &Request) -> Result<Map<String, Value>, Problem> {
    let invalid =
        || Problem::new(StatusCode::BAD_REQUEST, "INVALID_CONTENT", "Invalid content in the request body.");
    match request.json() {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(invalid()),
    }
}

fn manner(request: &Request) -> Manner {
    let strict = request.header(VALIDATION_HEADER).is_some_and(|value| value.eq_ignore_ascii_case("error"));
    let replace = request.parameter("replace").unwrap_or_default();
    Manner { strict, replace: replace.split(',').map(|name| name.trim().to_owned()).collect() }
}

fn create(
    world: &mut World,
    request: &Request,
    kind: &'static RecordType,
    external: Option<&str>,
) -> Result<Response, Problem> {
    let mut body = body(request)?;
    if let Some(external) = external {
        body.insert("externalId".to_owned(), external.into());
    }
    let record = input::apply(world, kind, Map::new(), &body, &manner(request))?;
    if let Some(external) = record.get("externalId").and_then(Value::as_str)
        && world.by_key(kind.name, external).next().is_some()
    {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "DUP_RCRD",
            "Error while accessing a resource. This record already exists.",
        ));
    }
    let id = insert(world, kind, record)?;
    Ok(located(request, kind, &id))
}

/// Stores a new record under the next internal id.
fn insert(world: &mut World, kind: &RecordType, mut record: Map<String, Value>) -> Result<String, Problem> {
    unique_entity(world, kind, &record, None)?;
    let id = (FIRST_ID + world.next("internalId")).to_string();
    let now = world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    record.insert("id".to_owned(), id.as_str().into());
    record.insert("dateCreated".to_owned(), now.as_str().into());
    record.insert("lastModifiedDate".to_owned(), now.into());
    number(world, kind, &mut record);
    derive(world, kind, &mut record);
    world.put(kind.name, &id, Value::Object(record));
    Ok(id)
}

/// Gives entities and transactions their numbers.
fn number(world: &mut World, kind: &RecordType, record: &mut Map<String, Value>) {
    let (field, prefix) = match kind.name {
        "customer" => ("entityId", "CUST"),
        "job" => ("entityId", "PRJ"),
        "invoice" => ("tranId", "INV"),
        "salesOrder" => ("tranId", "SO"),
        _ => return,
    };
    if !record.contains_key(field) {
        let number = format!("{prefix}{:05}", world.next(prefix));
        record.insert(field.to_owned(), number.into());
    }
}

/// Fills what the account works out itself.
fn derive(world: &World, kind: &RecordType, record: &mut Map<String, Value>) {
    record.entry("isInactive").or_insert(Value::Bool(false));
    if kind.name == "customer" {
        record.entry("isPerson").or_insert(Value::Bool(false));
        record.entry("balance").or_insert(json!(0.0));
    }
    if kind.name == "charge" && !record.contains_key("amount") {
        let amount = record["rate"].as_f64().unwrap_or(0.0) * record["quantity"].as_f64().unwrap_or(0.0);
        record.insert("amount".to_owned(), json!((amount * 100.0).round() / 100.0));
    }
    // A project or transaction belongs to the subsidiary of its customer unless it says otherwise.
    let owner = record.get("parent").or_else(|| record.get("entity")).cloned().unwrap_or_default();
    if let (Some(owner_kind), Some(owner_id)) = (owner["type"].as_str(), owner["id"].as_str())
        && let Some(owner) = world.get(owner_kind, owner_id)
        && kind.field("subsidiary").is_some()
    {
        for name in ["subsidiary", "currency"] {
            if let Some(value) = owner.get(name) {
                record.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    if kind.is_transaction() {
        let today = world.now().strftime("%Y-%m-%d").to_string();
        record.entry("tranDate").or_insert_with(|| today.into());
        let total: f64 = record["item"]["items"].as_array().into_iter().flatten().map(line_amount).sum();
        record.insert("total".to_owned(), json!((total * 100.0).round() / 100.0));
        if kind.name == "invoice" {
            record.insert("amountRemaining".to_owned(), record["total"].clone());
            record.entry("status").or_insert_with(|| json!({"id": "open", "refName": "Open"}));
        }
    }
}

fn line_amount(line: &Value) -> f64 {
    let rated = line["rate"].as_f64().unwrap_or(0.0) * line["quantity"].as_f64().unwrap_or(1.0);
    line["amount"].as_f64().unwrap_or(rated)
}

/// Entities of one type have each a number of their own.
fn unique_entity(
    world: &World,
    kind: &RecordType,
    record: &Map<String, Value>,
    own_id: Option<&str>,
) -> Result<(), Problem> {
    let Some(number) = record.get("entityId").filter(|_| matches!(kind.name, "customer" | "job")) else {
        return Ok(());
    };
    let taken = world.all(kind.name).any(|(id, other)| Some(id) != own_id && other["entityId"] == *number);
    if !taken {
        return Ok(());
    }
    let label = kind.label.to_lowercase();
    Err(Problem::user(format!(
        "A {label} record with this ID already exists. You must enter a unique {label} ID for each record you create."
    )))
}

fn located(request: &Request, kind: &RecordType, id: &str) -> Response {
    Response::empty(StatusCode::NO_CONTENT).with("location", &view::address(&request.base_url, kind.name, id))
}

fn read(world: &World, request: &Request, kind: &RecordType, key: &str) -> Result<Response, Problem> {
    let (_, record) = existing(world, kind, key)?;
    let expand = request.parameter("expandSubResources").is_some_and(|value| value == "true");
    let mut shown = view::record(world, &request.base_url, kind, &Value::Object(record), expand);
    if let (Some(fields), Some(shown)) = (request.parameter("fields"), shown.as_object_mut()) {
        let wanted: Vec<&str> = fields.split(',').collect();
        shown.retain(|name, _| wanted.contains(&name.as_str()) || matches!(name.as_str(), "links" | "id"));
    }
    Ok(resource(&shown))
}

fn read_sublist(
    world: &World,
    request: &Request,
    kind: &RecordType,
    key: &str,
    part: &str,
) -> Result<Response, Problem> {
    let (id, record) = existing(world, kind, key)?;
    let sublist = kind.sublist(part).ok_or_else(Problem::no_such_path)?;
    let href = format!("{}/{}", view::address(&request.base_url, kind.name, &id), sublist.name);
    let stored = record.get(sublist.name).cloned().unwrap_or_default();
    Ok(resource(&view::sublist(world, &request.base_url, &href, &stored)))
}

/// A body of the record service.
pub(super) fn resource(body: &Value) -> Response {
    Response::bytes(
        StatusCode::OK,
        "application/vnd.oracle.resource+json; type=singular; charset=UTF-8",
        body.to_string(),
    )
}

fn upsert(
    world: &mut World,
    request: &Request,
    kind: &'static RecordType,
    key: &str,
) -> Result<Response, Problem> {
    let Some(external) = key.strip_prefix("eid:") else {
        let detail = "Upsert needs an external ID in the form eid:{externalId}.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "INVALID_ID", detail));
    };
    match find(world, kind, key) {
        Some(_) => change(world, request, kind, key),
        None => create(world, request, kind, Some(external)),
    }
}

fn change(world: &mut World, request: &Request, kind: &RecordType, key: &str) -> Result<Response, Problem> {
    let (id, record) = existing(world, kind, key)?;
    let mut body = body(request)?;
    body.remove("id");
    if key.starts_with("eid:") {
        body.remove("externalId");
    }
    if let Some(external) = body.get("externalId").and_then(Value::as_str)
        && world.by_key(kind.name, external).any(|(other, _)| other != id)
    {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "DUP_RCRD",
            "Error while accessing a resource. This record already exists.",
        ));
    }
    let mut record = input::apply(world, kind, record, &body, &manner(request))?;
    unique_entity(world, kind, &record, Some(&id))?;
    derive(world, kind, &mut record);
    record
        .insert("lastModifiedDate".to_owned(), world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
    world.put(kind.name, &id, Value::Object(record));
    Ok(located(request, kind, &id))
}

fn delete(world: &mut World, kind: &RecordType, key: &str) -> Result<Response, Problem> {
    let (id, _) = existing(world, kind, key)?;
    if TYPES
        .iter()
        .any(|other| world.all(other.name).any(|(_, record)| refers(other, record, kind.name, &id)))
    {
        return Err(Problem::user("This record cannot be deleted because it has dependent records."));
    }
    world.remove(kind.name, &id);
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

fn refers(kind: &RecordType, record: &Value, target: &str, id: &str) -> bool {
    kind.fields
        .iter()
        .filter(|field| matches!(field.kind, Kind::Reference(_)))
        .any(|field| record[field.name]["type"] == target && record[field.name]["id"] == id)
}

/// Makes a sales order of a project, or an invoice of a sales order or project.
fn transform(
    world: &mut World,
    request: &Request,
    kind: &RecordType,
    key: &str,
    target: &str,
) -> Result<Response, Problem> {
    let allowed =
        matches!((kind.name, target), ("job", "salesOrder" | "invoice") | ("salesOrder", "invoice"));
    let target = RecordType::named(target).filter(|_| allowed).ok_or_else(Problem::no_such_path)?;
    let (id, source) = existing(world, kind, key)?;
    let mut start = Map::new();
    for name in ["subsidiary", "currency", "billingSchedule", "entity", "job", "item", "otherRefNum"] {
        if let Some(value) =
            source.get(name).filter(|_| target.field(name).is_some() || target.sublist(name).is_some())
        {
            start.insert(name.to_owned(), value.clone());
        }
    }
    if kind.name == "job" {
        start.insert("entity".to_owned(), source.get("parent").cloned().unwrap_or_default());
        start.insert("job".to_owned(), json!({"id": id, "type": "job"}));
    } else {
        start.insert("createdFrom".to_owned(), json!({"id": id, "type": kind.name}));
    }
    let record = input::apply(world, target, start, &body(request)?, &manner(request))?;
    let id = insert(world, target, record)?;
    Ok(located(request, target, &id))
}

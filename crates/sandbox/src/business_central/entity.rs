//! Entities: kept with their company and revision, shown with their ETag.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::pages::{Access, Field, Kind, Page};
use super::problem::Problem;
use crate::world::World;

/// Where a stored entity keeps its company and its revision; no page has fields of these names.
pub(super) const COMPANY: &str = "@company";
const REVISION: &str = "@revision";

const NO_GUID: &str = "00000000-0000-0000-0000-000000000000";
const NO_DATE: &str = "0001-01-01";

/// The unique key of an entity inside its company.
pub(super) fn key(page: &Page, entity: &Value) -> String {
    let mut parts = vec![text_of(&entity[COMPANY])];
    parts.extend(page.key.iter().map(|(name, _)| text_of(&entity[*name])));
    parts.join("/")
}

/// Which entity holds each unique key, by set and key.
const KEYS: &str = "_keys";

/// The id of the entity that holds the same unique key.
pub(super) fn holder(world: &World, page: &Page, entity: &Value) -> Option<String> {
    let held = world.get(KEYS, &format!("{}/{}", page.set, key(page, entity)))?;
    held["id"].as_str().map(str::to_owned)
}

/// Lets go of a stored entity's unique key.
pub(super) fn release(world: &mut World, page: &Page, entity: &Value) {
    world.remove(KEYS, &format!("{}/{}", page.set, key(page, entity)));
}

fn text_of(value: &Value) -> String {
    crate::condition::as_text(value)
}

/// Takes a body in: every property must be a writable field, of its type and length.
pub(super) fn apply(
    page: &Page,
    entity: &mut Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    for (name, value) in body.iter().filter(|(name, _)| !name.starts_with("@odata.")) {
        let Some(field) = page.field(name) else {
            return Err(Problem::bad(format!(
                "The property '{name}' does not exist on type 'Microsoft.NAV.{}'. Make sure to only use property names \
                 that are defined by the type.",
                page.set.trim_end_matches('s')
            )));
        };
        if field.access == Access::Read {
            let message = format!("Control '{}' is read-only.", field.caption);
            return Err(Problem::new(http::StatusCode::BAD_REQUEST, "BadRequest_InvalidOperation", message));
        }
        entity.insert(name.clone(), taken(field, value)?);
    }
    Ok(())
}

fn taken(field: &Field, value: &Value) -> Result<Value, Problem> {
    let kind = |wanted: &str| {
        Problem::bad(format!(
            "Cannot convert the value of '{}' ({value}) to the expected type '{wanted}'.",
            field.name
        ))
    };
    if value.is_null() {
        return Ok(empty(field.kind));
    }
    match field.kind {
        Kind::Text(length_max) | Kind::Code(length_max) => {
            let text = value.as_str().ok_or_else(|| kind("Edm.String"))?;
            let length = text.chars().count();
            if length > length_max {
                return Err(Problem::new(
                    http::StatusCode::BAD_REQUEST,
                    "Application_StringExceededLength",
                    format!(
                        "The length of the string is {length}, but it must be less than or equal to {length_max} \
                         characters. Value: {text}"
                    ),
                ));
            }
            Ok(if matches!(field.kind, Kind::Code(_)) { as_code(text).into() } else { text.into() })
        }
        Kind::Decimal => value.as_f64().map(|number| json!(number)).ok_or_else(|| kind("Edm.Decimal")),
        Kind::Integer => value.as_i64().map(Value::from).ok_or_else(|| kind("Edm.Int32")),
        Kind::Flag => value.as_bool().map(Value::from).ok_or_else(|| kind("Edm.Boolean")),
        Kind::Date => {
            let text = value.as_str().ok_or_else(|| kind("Edm.Date"))?;
            let known = text == NO_DATE || text.parse::<jiff::civil::Date>().is_ok();
            if known { Ok(text.into()) } else { Err(kind("Edm.Date")) }
        }
        Kind::Instant => value.as_str().map(Value::from).ok_or_else(|| kind("Edm.DateTimeOffset")),
        Kind::Guid => {
            let text = value.as_str().filter(|text| uuid::Uuid::parse_str(text).is_ok());
            text.map(|text| text.to_lowercase().into()).ok_or_else(|| kind("Edm.Guid"))
        }
        Kind::Choice(names) => {
            let text = value.as_str().ok_or_else(|| kind("Edm.String"))?;
            // A blank option is written as a space, and in JSON often as its escaped name.
            let text = if text == "_x0020_" { " " } else { text };
            if names.contains(&text) {
                return Ok(text.into());
            }
            Err(Problem::bad(format!(
                "The value \"{text}\" cannot be evaluated into type {}.",
                field.caption
            )))
        }
    }
}

/// A code as it is kept.
pub(super) fn as_code(text: &str) -> String {
    text.trim().to_uppercase()
}

fn empty(kind: Kind) -> Value {
    match kind {
        Kind::Text(_) | Kind::Code(_) => "".into(),
        Kind::Decimal | Kind::Integer => 0.into(),
        Kind::Flag => false.into(),
        Kind::Date => NO_DATE.into(),
        Kind::Instant => "0001-01-01T00:00:00Z".into(),
        Kind::Guid => NO_GUID.into(),
        Kind::Choice(names) => names[0].into(),
    }
}

/// Stores an entity as a new revision, with what the system sets.
pub(super) fn store(
    world: &mut World,
    page: &Page,
    company: &str,
    id: &str,
    mut entity: Map<String, Value>,
) -> Value {
    for field in page.fields {
        entity.entry(field.name).or_insert_with(|| empty(field.kind));
    }
    let now = world.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    entity.insert("id".to_owned(), id.into());
    if page.field("lastModifiedDateTime").is_some() {
        entity.insert("lastModifiedDateTime".to_owned(), now.into());
    }
    entity.insert(COMPANY.to_owned(), company.into());
    entity.insert(REVISION.to_owned(), world.next("revision").into());
    let entity = Value::Object(entity);
    if let Some(earlier) = world.get(page.set, id).cloned() {
        release(world, page, &earlier);
    }
    world.put(KEYS, &format!("{}/{}", page.set, key(page, &entity)), json!({"id": id}));
    world.put(page.set, id, entity.clone());
    entity
}

/// The ETag of a stored entity.
pub(super) fn etag(entity: &Value) -> String {
    let revision = entity[REVISION].as_u64().unwrap_or(0);
    format!("W/\"{}\"", STANDARD.encode(format!("'20;{revision:019};00;'")))
}

/// Whether the caller holds the present state; `*` stands for any.
pub(super) fn check_etag(entity: &Value, if_match: Option<&str>) -> Result<(), Problem> {
    match if_match {
        None => Err(Problem::no_etag()),
        Some("*") => Ok(()),
        Some(held) if held == etag(entity) => Ok(()),
        Some(_) => Err(Problem::changed()),
    }
}

/// An entity as the service shows it: the ETag first, then the page's fields, or those selected.
pub(super) fn show(page: &Page, entity: &Value, select: Option<&[String]>) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("@odata.etag".to_owned(), etag(entity).into());
    let wanted = |field: &&Field| select.is_none_or(|names| names.iter().any(|name| name == field.name));
    for field in page.fields.iter().filter(wanted) {
        shown.insert(field.name.to_owned(), entity[field.name].clone());
    }
    shown
}

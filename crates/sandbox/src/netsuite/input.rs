//! From what a caller sends to what the account keeps: fields converted and checked, references resolved, lines merged.

use serde_json::{Map, Number, Value, json};

use super::problem::Problem;
use super::schema::{Field, Kind, RecordType, Sublist, is_custom};
use crate::world::World;

/// How a body is to be taken.
#[derive(Debug, Default)]
pub(super) struct Manner {
    /// Sublists whose lines are replaced instead of merged.
    pub(super) replace: Vec<String>,
    /// Whether an unknown property is an error.
    pub(super) strict: bool,
}

/// The record after `body` is applied to `record`, which is empty for a new one.
pub(super) fn apply(
    world: &World,
    kind: &RecordType,
    mut record: Map<String, Value>,
    body: &Map<String, Value>,
    manner: &Manner,
) -> Result<Map<String, Value>, Problem> {
    for (name, value) in body {
        if let Some(sublist) = kind.sublist(name) {
            let kept = record.remove(name).unwrap_or_else(|| json!({"items": []}));
            let lines = lines(world, sublist, &kept, value, manner)?;
            record.insert(name.clone(), json!({"items": lines}));
        } else if let Some(field) = kind.field(name).filter(|field| field.name == name) {
            set(world, &mut record, field, name, value)?;
        } else if is_custom(name) {
            record.insert(name.clone(), value.clone());
        } else if manner.strict && name != "links" {
            let detail = format!("Unknown property name '{name}'. Provide a valid property name.");
            return Err(Problem::new(http::StatusCode::BAD_REQUEST, "INVALID_CONTENT", detail).at(name));
        }
    }
    complete(kind, &record)?;
    Ok(record)
}

fn set(
    world: &World,
    record: &mut Map<String, Value>,
    field: &Field,
    path: &str,
    value: &Value,
) -> Result<(), Problem> {
    if matches!(field.kind, Kind::Fixed) {
        return Ok(());
    }
    if value.is_null() {
        record.remove(field.name);
        return Ok(());
    }
    record.insert(field.name.to_owned(), converted(world, field, path, value)?);
    Ok(())
}

fn converted(world: &World, field: &Field, path: &str, value: &Value) -> Result<Value, Problem> {
    let refused = || Problem::value(path, field.name, value);
    match &field.kind {
        Kind::Text(length_max) => {
            let text = scalar(value).ok_or_else(refused)?;
            let length = text.chars().count();
            if length > *length_max {
                return Err(Problem::user(format!(
                    "The field {} contained more than the maximum number ( {length_max} ) of characters allowed.",
                    field.name
                ))
                .at(path));
            }
            Ok(text.into())
        }
        Kind::Number => match value {
            Value::Number(_) => Ok(value.clone()),
            Value::String(text) => text.parse::<Number>().map(Value::Number).map_err(|_| refused()),
            _ => Err(refused()),
        },
        Kind::Flag => value.as_bool().map(Value::Bool).ok_or_else(refused),
        Kind::Date => {
            let text = value.as_str().ok_or_else(refused)?;
            text.parse::<jiff::civil::Date>().map(|date| date.to_string().into()).map_err(|_| refused())
        }
        Kind::Choice(ids) => {
            let id = scalar(value).or_else(|| scalar(&value["id"])).ok_or_else(refused)?;
            if ids.contains(&id.as_str()) { Ok(json!({"id": id})) } else { Err(refused()) }
        }
        Kind::Reference(types) => reference(world, types, value)
            .map(|(kind, id)| json!({"id": id, "type": kind}))
            .ok_or_else(|| Problem::value(path, field.name, sought(value))),
        Kind::Fixed => Ok(value.clone()),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The part of a reference that the error names.
fn sought(value: &Value) -> &Value {
    [&value["id"], &value["externalId"]].into_iter().find(|part| !part.is_null()).unwrap_or(value)
}

/// The record that a reference means, by internal or external id.
fn reference<'a>(world: &World, types: &[&'a str], value: &Value) -> Option<(&'a str, String)> {
    let id = scalar(value).or_else(|| scalar(&value["id"]));
    types.iter().find_map(|kind| {
        let found = match (&id, value["externalId"].as_str()) {
            (Some(id), _) => world.get(kind, id).map(|_| id.clone()),
            (None, Some(external)) => world.by_key(kind, external).next().map(|(id, _)| id.to_owned()),
            (None, None) => None,
        };
        found.map(|id| (*kind, id))
    })
}

/// The lines after those sent are merged in: a line with a known key is changed, any other is added.
fn lines(
    world: &World,
    sublist: &Sublist,
    kept: &Value,
    sent: &Value,
    manner: &Manner,
) -> Result<Vec<Value>, Problem> {
    let items = sent["items"].as_array().or_else(|| sent.as_array());
    let Some(items) = items else { return Err(Problem::value(sublist.name, sublist.name, sent)) };
    let replaced = manner.replace.iter().any(|name| name == sublist.name);
    let mut lines = if replaced { Vec::new() } else { kept["items"].as_array().cloned().unwrap_or_default() };
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}.items[{index}]", sublist.name);
        let key = &item[sublist.line_key];
        let known = lines.iter().position(|line| !key.is_null() && line[sublist.line_key] == *key);
        let earlier = known.and_then(|at| lines[at].as_object().cloned()).unwrap_or_default();
        let mut line = line(world, sublist, earlier, item, &path)?;
        match known {
            Some(at) => lines[at] = Value::Object(line),
            None => {
                let next =
                    lines.iter().filter_map(|line| line[sublist.line_key].as_u64()).max().unwrap_or(0) + 1;
                line.entry(sublist.line_key).or_insert_with(|| next.into());
                lines.push(Value::Object(line));
            }
        }
    }
    Ok(lines)
}

fn line(
    world: &World,
    sublist: &Sublist,
    mut line: Map<String, Value>,
    item: &Value,
    path: &str,
) -> Result<Map<String, Value>, Problem> {
    let Some(item) = item.as_object() else { return Err(Problem::value(path, sublist.name, item)) };
    for (name, value) in item {
        match sublist.fields.iter().find(|field| field.name == name) {
            Some(field) => set(world, &mut line, field, &format!("{path}.{name}"), value)?,
            // Subrecords such as an address, and the firm's own columns.
            None => {
                line.insert(name.clone(), value.clone());
            }
        }
    }
    match missing(sublist.fields, &line).as_slice() {
        [] => Ok(line),
        labels => Err(Problem::user(format!("Please enter value(s) for: {}", labels.join(", "))).at(path)),
    }
}

/// Whether everything that must be filled is.
fn complete(kind: &RecordType, record: &Map<String, Value>) -> Result<(), Problem> {
    let mut labels = missing(kind.fields, record);
    labels.extend(
        kind.sublists.iter().filter(|list| list.needed && is_empty(record, list)).map(|list| list.label),
    );
    let priced = |name: &str| record.contains_key(name);
    if kind.name == "charge" && !priced("amount") && !(priced("rate") && priced("quantity")) {
        labels.push("Amount");
    }
    let is_custom = record.get("frequency").is_some_and(|frequency| frequency["id"] == "CUSTOM");
    let recurrence = kind.sublist("recurrence").filter(|list| is_custom && is_empty(record, list));
    labels.extend(recurrence.map(|list| list.label));
    if labels.is_empty() {
        Ok(())
    } else {
        Err(Problem::user(format!("Please enter value(s) for: {}", labels.join(", "))))
    }
}

fn missing(fields: &[Field], record: &Map<String, Value>) -> Vec<&'static str> {
    let empty = |field: &&Field| record.get(field.name).is_none_or(|value| value.as_str() == Some(""));
    fields.iter().filter(|field| field.needed).filter(empty).map(|field| field.label).collect()
}

fn is_empty(record: &Map<String, Value>, sublist: &Sublist) -> bool {
    record.get(sublist.name).and_then(|list| list["items"].as_array()).is_none_or(Vec::is_empty)
}

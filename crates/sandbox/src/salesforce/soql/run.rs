//! Running a query over the world: the ids that match, in order, and the records as they are shown.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::super::problem::Problem;
use super::super::records::{attributes, child_ids};
use super::super::schema::{Field, Object, object};
use super::test::{compared, holds};
use super::{Condition, Item, Path, Query};
use crate::world::World;

/// The ids that match, in order, within limit and offset.
pub(in super::super) fn matches(world: &World, query: &Query, text: &str) -> Result<Vec<String>, Problem> {
    let of = object(&query.from).ok_or_else(|| no_such_object(&query.from, text))?;
    check(of, query, text)?;
    let all = world.all(of.name).map(|(id, record)| (id.to_owned(), record)).collect();
    Ok(narrowed(world, of, query, all))
}

/// Those of the candidates that match, in order, within limit and offset.
fn narrowed(
    world: &World,
    of: &'static Object,
    query: &Query,
    candidates: Vec<(String, &Value)>,
) -> Vec<String> {
    let fits = |record: &Value| {
        query.condition.as_ref().is_none_or(|condition| fulfils(world, of, record, condition))
    };
    let mut found: Vec<(String, &Value)> =
        candidates.into_iter().filter(|(_, record)| fits(record)).collect();
    if !query.order.is_empty() {
        found.sort_by(|(_, one), (_, other)| ordered(world, of, query, one, other));
    }
    let limit = query.limit.unwrap_or(usize::MAX);
    found.into_iter().skip(query.offset).take(limit).map(|(id, _)| id).collect()
}

fn ordered(world: &World, of: &'static Object, query: &Query, one: &Value, other: &Value) -> Ordering {
    for order in &query.order {
        let (a, b) =
            (reached(world, of, one, &order.path.parts), reached(world, of, other, &order.path.parts));
        let ordering = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if order.nulls_last => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) if order.nulls_last => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) if order.descending => compared(&b, &a),
            (false, false) => compared(&a, &b),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

fn fulfils(world: &World, of: &'static Object, record: &Value, condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| fulfils(world, of, record, part)),
        Condition::Any(parts) => parts.iter().any(|part| fulfils(world, of, record, part)),
        Condition::Not(part) => !fulfils(world, of, record, part),
        Condition::Test(path, operator, literals) => {
            holds(&reached(world, of, record, &path.parts), *operator, literals)
        }
    }
}

/// The value at the end of a path; null where a reference is empty.
fn reached(world: &World, of: &'static Object, record: &Value, parts: &[String]) -> Value {
    match parts {
        [] => Value::Null,
        [name] => of.field(name).map_or(Value::Null, |field| record[field.name].clone()),
        [name, rest @ ..] if name.eq_ignore_ascii_case(of.name) && of.relationship(name).is_none() => {
            reached(world, of, record, rest)
        }
        [name, rest @ ..] => parent(world, of, record, name)
            .map_or(Value::Null, |(of, record)| reached(world, of, record, rest)),
    }
}

fn parent<'w>(
    world: &'w World,
    of: &'static Object,
    record: &Value,
    name: &str,
) -> Option<(&'static Object, &'w Value)> {
    let (field, parent) = of.relationship(name)?;
    Some((parent, world.get(parent.name, record[field.name].as_str()?)?))
}

/// A record as a query shows it.
pub(in super::super) fn project(world: &World, query: &Query, version: &str, id: &str) -> Option<Value> {
    let of = object(&query.from)?;
    Some(shown(world, of, query, version, world.get(of.name, id)?))
}

fn shown(world: &World, of: &'static Object, query: &Query, version: &str, record: &Value) -> Value {
    let mut out = json!({"attributes": attributes(of, version, record["Id"].as_str().unwrap_or_default())});
    for item in &query.select {
        match item {
            Item::Count => {}
            Item::Path(path) => {
                if let Some(out) = out.as_object_mut() {
                    place(world, of, version, record, &path.parts, out);
                }
            }
            Item::Children(children) => {
                if let Some(known) = of.children(&children.from) {
                    out[known.name] = nested(world, known.object, known.field, children, version, record);
                }
            }
        }
    }
    out
}

/// Puts the value of a path into its place, parents as nested records.
fn place(
    world: &World,
    of: &'static Object,
    version: &str,
    record: &Value,
    parts: &[String],
    out: &mut Map<String, Value>,
) {
    match parts {
        [] => {}
        [name] => {
            if let Some(field) = of.field(name) {
                out.insert(field.name.to_owned(), record[field.name].clone());
            }
        }
        [name, rest @ ..] => {
            let Some((field, of_parent)) = of.relationship(name) else {
                return place(world, of, version, record, rest, out);
            };
            let label = relationship_name(field);
            let Some((_, parent)) = parent(world, of, record, name) else {
                out.insert(label.to_owned(), Value::Null);
                return;
            };
            let id = parent["Id"].as_str().unwrap_or_default();
            let nested =
                out.entry(label).or_insert_with(|| json!({"attributes": attributes(of_parent, version, id)}));
            if let Some(nested) = nested.as_object_mut() {
                place(world, of_parent, version, parent, rest, nested);
            }
        }
    }
}

fn relationship_name(field: &Field) -> &'static str {
    match field.kind {
        super::super::schema::Kind::Reference { name, .. } => name,
        _ => field.name,
    }
}

/// A sub-select's result: null when there are no children.
fn nested(world: &World, name: &str, field: &str, query: &Query, version: &str, parent: &Value) -> Value {
    let Some(of) = object(name) else { return Value::Null };
    let ids = child_ids(world, name, field, parent["Id"].as_str().unwrap_or_default());
    let candidates =
        ids.into_iter().filter_map(|id| world.get(name, &id).map(|record| (id, record))).collect();
    let found = narrowed(world, of, query, candidates);
    if found.is_empty() {
        return Value::Null;
    }
    let records: Vec<Value> = found
        .iter()
        .filter_map(|id| world.get(name, id))
        .map(|record| shown(world, of, query, version, record))
        .collect();
    json!({"totalSize": records.len(), "done": true, "records": records})
}

/// Every field and relationship must exist.
fn check(of: &'static Object, query: &Query, text: &str) -> Result<(), Problem> {
    for item in &query.select {
        match item {
            Item::Count => {}
            Item::Path(path) => check_path(of, path, text)?,
            Item::Children(children) => {
                let known = of.children(&children.from).and_then(|known| object(known.object));
                let known = known.ok_or_else(|| no_such_relationship(of, &children.from, text))?;
                check(known, children, text)?;
            }
        }
    }
    if let Some(condition) = &query.condition {
        check_condition(of, condition, text)?;
    }
    query.order.iter().try_for_each(|order| check_path(of, &order.path, text))
}

fn check_condition(of: &'static Object, condition: &Condition, text: &str) -> Result<(), Problem> {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().try_for_each(|part| check_condition(of, part, text))
        }
        Condition::Not(part) => check_condition(of, part, text),
        Condition::Test(path, operator, literals) => {
            check_path(of, path, text)?;
            match field_of(of, &path.parts) {
                Some(field) => super::test::check(field, *operator, literals),
                None => Ok(()),
            }
        }
    }
}

fn field_of(of: &'static Object, parts: &[String]) -> Option<&'static Field> {
    match parts {
        [] => None,
        [name] => of.field(name),
        [name, rest @ ..] => match of.relationship(name) {
            Some((_, parent)) => field_of(parent, rest),
            None if name.eq_ignore_ascii_case(of.name) => field_of(of, rest),
            None => None,
        },
    }
}

fn check_path(of: &'static Object, path: &Path, text: &str) -> Result<(), Problem> {
    if field_of(of, &path.parts).is_some() {
        return Ok(());
    }
    let mut of = of;
    for part in path.parts.iter().rev().skip(1).rev() {
        match of.relationship(part) {
            Some((_, parent)) => of = parent,
            None if part.eq_ignore_ascii_case(of.name) => {}
            None => {
                let message = format!(
                    "{}Didn't understand relationship '{part}' in field path. If you are attempting to use a custom \
                     relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
                     WSDL or the describe call for the appropriate names.",
                    pointer(text, path.column)
                );
                return Err(Problem::bad("INVALID_FIELD", message));
            }
        }
    }
    let name = path.parts.last().map_or("", String::as_str);
    let message = format!(
        "{}No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure to append the \
         '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
        pointer(text, path.column),
        of.name
    );
    Err(Problem::bad("INVALID_FIELD", message))
}

fn no_such_object(name: &str, text: &str) -> Problem {
    let column = text.find(name).map_or(1, |at| at + 1);
    let message = format!(
        "{}sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the \
         '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        pointer(text, column)
    );
    Problem::bad("INVALID_TYPE", message)
}

fn no_such_relationship(of: &Object, name: &str, text: &str) -> Problem {
    let column = text.find(name).map_or(1, |at| at + 1);
    let message = format!(
        "{}Didn't understand relationship '{name}' in FROM part of query call on '{}'. If you are attempting to use a \
         custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL \
         or the describe call for the appropriate names.",
        pointer(text, column),
        of.name
    );
    Problem::bad("INVALID_TYPE", message)
}

/// The query with a caret under the place.
fn pointer(text: &str, column: usize) -> String {
    let shown = text.replace('\n', " ");
    format!("\n{shown}\n{}^\nERROR at Row:1:Column:{column}\n", " ".repeat(column.saturating_sub(1)))
}

//! Records as the service answers them: links, names of what is referred to, sublists folded or expanded.

use serde_json::{Map, Value, json};

use super::schema::{Kind, RecordType};
use crate::world::World;

/// The address of a record.
pub(super) fn address(base_url: &str, kind: &str, id: &str) -> String {
    format!("{base_url}/services/rest/record/v1/{kind}/{id}")
}

/// A link to the resource itself.
pub(super) fn self_link(href: &str) -> Value {
    json!([{"rel": "self", "href": href}])
}

/// A record as GET answers it.
pub(super) fn record(
    world: &World,
    base_url: &str,
    kind: &RecordType,
    stored: &Value,
    expand_sub_resources: bool,
) -> Value {
    let id = stored["id"].as_str().unwrap_or_default();
    let href = address(base_url, kind.name, id);
    let mut shown = Map::new();
    shown.insert("links".to_owned(), self_link(&href));
    for (name, value) in stored.as_object().into_iter().flatten() {
        let value = match kind.sublist(name) {
            Some(_) if expand_sub_resources => sublist(world, base_url, &format!("{href}/{name}"), value),
            Some(_) => json!({"links": self_link(&format!("{href}/{name}"))}),
            None => field(world, base_url, kind, name, value),
        };
        shown.insert(name.clone(), value);
    }
    Value::Object(shown)
}

/// A sublist with its lines.
pub(super) fn sublist(world: &World, base_url: &str, href: &str, stored: &Value) -> Value {
    let items: Vec<Value> = stored["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| {
            let mut line = line.clone();
            for value in line.as_object_mut().into_iter().flat_map(Map::values_mut) {
                if let Some(shown) = referred(world, base_url, value) {
                    *value = shown;
                }
            }
            line
        })
        .collect();
    json!({
        "links": self_link(href), "count": items.len(), "hasMore": false, "offset": 0, "totalResults": items.len(),
        "items": items,
    })
}

fn field(world: &World, base_url: &str, kind: &RecordType, name: &str, value: &Value) -> Value {
    match kind.field(name).map(|field| &field.kind) {
        Some(Kind::Reference(_)) => referred(world, base_url, value).unwrap_or_else(|| value.clone()),
        Some(Kind::Choice(_)) => json!({"id": value["id"], "refName": value["id"]}),
        _ => value.clone(),
    }
}

/// A stored reference with its link and the name of what it refers to; none for anything else.
fn referred(world: &World, base_url: &str, value: &Value) -> Option<Value> {
    let (kind, id) = (value["type"].as_str()?, value["id"].as_str()?);
    let target = world.get(kind, id)?;
    let mut shown =
        json!({"links": self_link(&address(base_url, kind, id)), "id": id, "refName": name(target)});
    if let Some(external) = target["externalId"].as_str() {
        shown["externalId"] = external.into();
    }
    Some(shown)
}

/// What a record is called where others refer to it.
fn name(record: &Value) -> String {
    let text = |field: &str| record[field].as_str().map(str::to_owned);
    match (text("entityId"), text("companyName")) {
        (Some(number), Some(name)) if number != name => format!("{number} {name}"),
        (_, Some(name)) => name,
        _ => text("name").or_else(|| text("tranId")).or_else(|| text("title")).unwrap_or_default(),
    }
}

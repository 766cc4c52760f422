//! Creating, changing and deleting objects.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::resources::{EXTERNAL_REFERENCES, Resource};
use super::{OWNER, body, events, next_id, reading, references, stamp};
use crate::condition::as_text;
use crate::exchange::{Request, Response};
use crate::world::World;

const REFERENCE: &str = "external_reference";
const STORY_TYPES: &[&str] = &["task", "deliverable", "milestone", "issue"];

/// POST on a collection. It answers 200, not 201.
pub(super) fn create(world: &mut World, request: &Request, resource: &Resource) -> Result<Response, Problem> {
    if resource.create.is_empty() || resource.name == EXTERNAL_REFERENCES {
        return Err(Problem::not_allowed());
    }
    let sent = body::attributes(request, resource.singular)?;
    let id = world.all_or_nothing(|world| insert(world, resource, &sent))?;
    reading::single(world, request, resource, &id)
}

fn insert(world: &mut World, resource: &Resource, sent: &Map<String, Value>) -> Result<String, Problem> {
    let blank =
        |name: &&&str| sent.get(**name).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
    let missing: Vec<(&str, &str)> =
        resource.needed.iter().filter(blank).map(|name| (*name, "can't be blank")).collect();
    if !missing.is_empty() {
        return Err(Problem::invalid(&missing));
    }
    let mut object = resource.fresh();
    let now = stamp(world);
    for name in ["created_at", "updated_at", "assignment_timestamped_at"] {
        if object.get(name).is_some() {
            object[name] = now.as_str().into();
        }
    }
    for name in ["creator_id", "user_id", "setter_id", "primary_maven_id"] {
        if object.get(name).is_some() {
            object[name] = OWNER.into();
        }
    }
    take(world, resource, &mut object, resource.create, sent)?;
    let id = next_id(world);
    object["id"] = id.as_str().into();
    world.put(resource.name, &id, object);
    if let Some(reference) = sent.get(REFERENCE).and_then(Value::as_object) {
        references::attach(world, resource, &id, reference)?;
    }
    if resource.name == "stories" {
        count_below(world, &id);
    }
    let stored = world.get(resource.name, &id).cloned().unwrap_or_default();
    events::record(world, resource, "created", None, &stored);
    Ok(id)
}

/// PUT on an object.
pub(super) fn change(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    id: &str,
) -> Result<Response, Problem> {
    let before = world.get(resource.name, id).cloned().ok_or_else(Problem::missing)?;
    let sent = body::attributes(request, resource.singular)?;
    world.all_or_nothing(|world| {
        let mut object = before.clone();
        take(world, resource, &mut object, resource.update, &sent)?;
        object["updated_at"] = stamp(world).into();
        world.put(resource.name, id, object);
        if let Some(reference) = sent.get(REFERENCE).and_then(Value::as_object) {
            references::attach(world, resource, id, reference)?;
        }
        let after = world.get(resource.name, id).cloned().unwrap_or_default();
        events::record(world, resource, "updated", Some(&before), &after);
        Ok::<_, Problem>(())
    })?;
    reading::single(world, request, resource, id)
}

/// DELETE on an object; what hangs on it goes too.
pub(super) fn delete(world: &mut World, resource: &Resource, id: &str) -> Result<Response, Problem> {
    let object = world.get(resource.name, id).cloned().ok_or_else(Problem::missing)?;
    if resource.name == "users" {
        return Err(Problem::not_allowed());
    }
    let below: Vec<(&Resource, String)> = ["stories", "time_entries", "expenses"]
        .into_iter()
        .filter_map(Resource::named)
        .flat_map(|other| {
            let foreign_key = if resource.name == "workspaces" { "workspace_id" } else { "parent_id" };
            let hangs = matches!(resource.name, "workspaces" | "stories");
            let objects = world.all(other.name).filter(|(_, one)| hangs && one[foreign_key] == id);
            objects.map(|(below, _)| (other, below.to_owned())).collect::<Vec<_>>()
        })
        .collect();
    for (other, below) in below {
        if world.get(other.name, &below).is_some() {
            delete(world, other, &below)?;
        }
    }
    let references: Vec<String> = references::of_subject(world, resource.class, id)
        .into_iter()
        .map(|(reference, _)| reference.to_owned())
        .collect();
    for reference in references {
        world.remove(EXTERNAL_REFERENCES, &reference);
    }
    world.remove(resource.name, id);
    if resource.name == "stories"
        && let Some(parent) = object["parent_id"].as_str()
    {
        add_to(world, parent, "sub_story_count", -1);
    }
    events::record(world, resource, "deleted", Some(&object), &object);
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

/// POST on `/external_references/create_or_update`.
pub(super) fn put_reference(
    world: &mut World,
    request: &Request,
    resource: &Resource,
) -> Result<Response, Problem> {
    let sent = body::attributes(request, resource.singular)?;
    let id = references::put(world, &sent)?;
    reading::single(world, request, resource, &id)
}

/// Takes the permitted attributes in and works out what follows from them.
fn take(
    world: &World,
    resource: &Resource,
    object: &mut Value,
    permitted: &[&str],
    sent: &Map<String, Value>,
) -> Result<(), Problem> {
    for name in permitted {
        let Some(value) = sent.get(*name) else { continue };
        let is_id = name.ends_with("_id") && *name != "subject_id";
        object[*name] = match value {
            Value::Number(_) if is_id => as_text(value).into(),
            Value::String(text) if name.ends_with("_in_cents") || name.ends_with("_in_minutes") => {
                text.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
            }
            value => value.clone(),
        };
    }
    match resource.name {
        "workspaces" => workspace(world, object, sent),
        "stories" => story(world, object),
        "time_entries" | "expenses" => entry(world, resource, object, sent),
        "custom_field_values" => field_value(world, object),
        _ => Ok(()),
    }
}

fn workspace(world: &World, object: &mut Value, sent: &Map<String, Value>) -> Result<(), Problem> {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("creator_role");
    }
    let role = sent.get("creator_role").and_then(Value::as_str);
    if role.is_some_and(|role| !["maven", "buyer"].contains(&role)) {
        return Err(Problem::invalid(&[("creator_role", "is not included in the list")]));
    }
    let symbol = symbol(object["currency"].as_str().unwrap_or_default());
    let Some(symbol) = symbol else {
        return Err(Problem::invalid(&[("currency", "is not included in the list")]));
    };
    object["currency_symbol"] = symbol.into();
    for name in ["start_date", "due_date"] {
        date(object, name)?;
    }
    object["effective_due_date"] = object["due_date"].clone();
    if let Some(price) = sent.get("price") {
        let amount: f64 = as_text(price)
            .trim_start_matches(symbol)
            .replace(',', "")
            .parse()
            .map_err(|_| Problem::invalid(&[("price", "is not a number")]))?;
        let cents = (amount * 100.0).round();
        object["price_in_cents"] = json!(cents as i64);
        object["price"] = money(symbol, cents as i64).into();
        object["budget_remaining"] = object["price"].clone();
    }
    if let Some(key) = sent.get("status_key").and_then(Value::as_i64) {
        let (color, message) = match key {
            300..400 => ("green", "In Progress"),
            400..500 => ("yellow", "At Risk"),
            500.. => ("blue", "Completed"),
            _ => ("grey", "Not Started"),
        };
        object["status"] = json!({"color": color, "key": key, "message": message});
    }
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status_key");
    }
    let groups: Vec<String> =
        object["workspace_group_ids"].as_array().into_iter().flatten().map(as_text).collect();
    if groups.iter().any(|id| world.get("workspace_groups", id).is_none()) {
        return Err(Problem::invalid(&[("workspace_group_ids", "must exist")]));
    }
    Ok(())
}

/// `$50,000` or `$1,234.50`, as the vendor shows a price.
fn money(symbol: &str, cents: i64) -> String {
    let digits = (cents.abs() / 100).to_string();
    let mut whole = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            whole.push(',');
        }
        whole.push(digit);
    }
    let rest = cents.abs() % 100;
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:02}") };
    format!("{}{symbol}{whole}{fraction}", if cents < 0 { "-" } else { "" })
}

fn symbol(currency: &str) -> Option<&'static str> {
    Some(match currency {
        "USD" | "CAD" | "AUD" | "NZD" | "SGD" | "HKD" | "MXN" | "CLP" | "COP" | "ARS" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" | "CNY" => "¥",
        "CHF" => "CHF",
        "SEK" | "NOK" | "DKK" => "kr",
        "PLN" => "zł",
        "INR" => "₹",
        "BRL" => "R$",
        "ZAR" => "R",
        "PEN" => "S/",
        "PYG" => "₲",
        "AED" | "CZK" | "HUF" | "RON" | "UAH" | "TRY" | "KZT" => "¤",
        _ => return None,
    })
}

fn date(object: &Value, name: &str) -> Result<(), Problem> {
    match &object[name] {
        Value::Null => Ok(()),
        Value::String(text) if text.is_empty() || text.parse::<jiff::civil::Date>().is_ok() => Ok(()),
        _ => Err(Problem::invalid(&[(name, "is not a valid date")])),
    }
}

fn story(world: &World, object: &mut Value) -> Result<(), Problem> {
    if !object["story_type"].as_str().is_some_and(|kind| STORY_TYPES.contains(&kind)) {
        return Err(Problem::invalid(&[("story_type", "is not included in the list")]));
    }
    for name in ["start_date", "due_date"] {
        date(object, name)?;
    }
    let workspace = object["workspace_id"].as_str().unwrap_or_default();
    if world.get("workspaces", workspace).is_none() {
        return Err(Problem::invalid(&[("workspace_id", "must exist")]));
    }
    let Some(parent_id) = object["parent_id"].as_str().map(str::to_owned) else { return Ok(()) };
    let parent = world.get("stories", &parent_id).filter(|parent| parent["workspace_id"] == workspace);
    let Some(parent) = parent.filter(|_| object["id"] != parent_id.as_str()) else {
        return Err(Problem::invalid(&[("parent_id", "must be a story of the same workspace")]));
    };
    let mut ancestors = parent["ancestor_ids"].as_array().cloned().unwrap_or_default();
    ancestors.push(parent_id.as_str().into());
    object["root_id"] = ancestors[0].clone();
    object["ancestry_depth"] = ancestors.len().into();
    object["ancestor_ids"] = ancestors.into();
    Ok(())
}

/// Tells a new story's ancestors that it is there.
fn count_below(world: &mut World, id: &str) {
    let story = world.get("stories", id).cloned().unwrap_or_default();
    if let Some(parent) = story["parent_id"].as_str() {
        add_to(world, parent, "sub_story_count", 1);
    }
    let ancestors = story["ancestor_ids"].as_array().cloned().unwrap_or_default();
    for (index, ancestor) in ancestors.iter().filter_map(Value::as_str).enumerate() {
        let depth = ancestors.len() - index;
        if let Some(mut above) = world.get("stories", ancestor).cloned()
            && above["subtree_depth"].as_u64().unwrap_or(0) < depth as u64
        {
            above["subtree_depth"] = depth.into();
            world.put("stories", ancestor, above);
        }
    }
}

fn add_to(world: &mut World, story: &str, counter: &str, more: i64) {
    if let Some(mut above) = world.get("stories", story).cloned() {
        above[counter] = (above[counter].as_i64().unwrap_or(0) + more).max(0).into();
        world.put("stories", story, above);
    }
}

/// Time and expenses: of a workspace, perhaps of a story, by a user.
fn entry(
    world: &World,
    resource: &Resource,
    object: &mut Value,
    sent: &Map<String, Value>,
) -> Result<(), Problem> {
    let workspace_id = object["workspace_id"].as_str().unwrap_or_default().to_owned();
    let Some(workspace) = world.get("workspaces", &workspace_id) else {
        return Err(Problem::invalid(&[("workspace_id", "must exist")]));
    };
    if let Some(story) = object["story_id"].as_str()
        && world.get("stories", story).is_none_or(|story| story["workspace_id"] != workspace_id.as_str())
    {
        return Err(Problem::invalid(&[("story_id", "must be a story of the same workspace")]));
    }
    if object["user_id"].as_str().is_none_or(|user| world.get("users", user).is_none()) {
        return Err(Problem::invalid(&[("user_id", "must exist")]));
    }
    for name in ["currency", "currency_symbol"] {
        object[name] = workspace[name].clone();
    }
    let (dated, amount) = if resource.name == "expenses" {
        ("date", "amount_in_cents")
    } else {
        ("date_performed", "time_in_minutes")
    };
    date(object, dated)?;
    if object[amount].as_i64().is_none_or(|amount| amount < 0) {
        return Err(Problem::invalid(&[(amount, "is not a number")]));
    }
    if let (true, Some(billable)) = (resource.name == "expenses", sent.get("billable")) {
        object["is_billable"] = billable.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("billable");
        }
    }
    Ok(())
}

/// A value belongs to one field of one subject and is there once.
fn field_value(world: &World, object: &mut Value) -> Result<(), Problem> {
    let field_id = object["custom_field_id"].as_str().unwrap_or_default();
    let Some(field) = world.get("custom_fields", field_id) else {
        return Err(Problem::invalid(&[("custom_field_id", "must exist")]));
    };
    let taken = world.all("custom_field_values").any(|(_, other)| {
        other["id"] != object["id"]
            && ["custom_field_id", "subject_type"].iter().all(|name| other[*name] == object[*name])
            && as_text(&other["subject_id"]) == as_text(&object["subject_id"])
    });
    if taken {
        return Err(Problem::invalid(&[("custom_field_id", "has already been taken")]));
    }
    object["custom_field_name"] = field["name"].clone();
    object["type"] = field["value_type"].clone();
    object["display_value"] = as_text(&object["value"]).into();
    Ok(())
}

//! Lists and single objects: filters, order, pages, includes, and the envelope around them all.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::references;
use super::resources::{Association, EXTERNAL_REFERENCES, Kind, Resource};
use crate::condition::{as_text, order};
use crate::exchange::{Request, Response};
use crate::world::World;

const PER_PAGE: usize = 20;
const PER_PAGE_MAX: usize = 200;

/// GET on a collection.
pub(super) fn list(world: &World, request: &Request, resource: &Resource) -> Result<Response, Problem> {
    if resource.name == EXTERNAL_REFERENCES && request.parameter("subject_type").is_none() {
        return Err(Problem::bad("subject_type is required"));
    }
    let mut found: Vec<&Value> = candidates(world, request, resource)
        .into_iter()
        .filter(|object| is_wanted(world, request, resource, object))
        .collect();
    if let Some(wanted) = request.parameter("order") {
        let (name, direction) = wanted.split_once(':').unwrap_or((&wanted, "asc"));
        found.sort_by(|left, right| order(&left[name], &right[name]));
        if direction == "desc" {
            found.reverse();
        }
    }
    envelope(world, request, resource.name, Some(resource), &found)
}

/// GET on one object, and the answer to writes.
pub(super) fn single(
    world: &World,
    request: &Request,
    resource: &Resource,
    id: &str,
) -> Result<Response, Problem> {
    let object = world.get(resource.name, id).ok_or_else(Problem::missing)?;
    // Paging parameters of the request are not meant for a single object.
    let request = Request { query: without_paging(request), ..request.clone() };
    envelope(world, &request, resource.name, Some(resource), &[object])
}

fn without_paging(request: &Request) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.pairs().iter().filter(|(name, _)| name != "page" && name != "per_page") {
        query.append_pair(name, value);
    }
    query.finish()
}

/// Objects of one external reference where the request names it whole, else all.
fn candidates<'a>(world: &'a World, request: &Request, resource: &Resource) -> Vec<&'a Value> {
    let part = |name: &str| request.parameter(&format!("external_reference_{name}"));
    match (part("service_name"), part("service_model"), part("service_model_ref")) {
        (Some(service), Some(model), Some(reference)) if resource.name != EXTERNAL_REFERENCES => world
            .by_key(resource.name, &format!("{service}/{model}/{reference}"))
            .map(|(_, object)| object)
            .collect(),
        _ => world.all(resource.name).map(|(_, object)| object).collect(),
    }
}

/// Whether an object passes every filter that the request has. Parameters that are no filter are ignored.
fn is_wanted(world: &World, request: &Request, resource: &Resource, object: &Value) -> bool {
    request.pairs().iter().all(|(name, wanted)| {
        let any_of = |value: &Value| wanted.split(',').any(|one| as_text(value).eq_ignore_ascii_case(one));
        match name.as_str() {
            "only" => wanted.split(',').any(|id| object["id"] == id),
            "created_after" => object["created_at"].as_str().is_some_and(|at| at > wanted.as_str()),
            "created_before" => object["created_at"].as_str().is_some_and(|at| at < wanted.as_str()),
            "updated_after" => object["updated_at"].as_str().is_some_and(|at| at > wanted.as_str()),
            "updated_before" => object["updated_at"].as_str().is_some_and(|at| at < wanted.as_str()),
            "date_performed_between" => between(&object["date_performed"], wanted),
            "search" | "matching" => ["title", "name", "full_name"]
                .iter()
                .any(|field| as_text(&object[*field]).to_lowercase().contains(&wanted.to_lowercase())),
            "workspace_groups" => object["workspace_group_ids"].as_array().into_iter().flatten().any(any_of),
            "has_external_references" => {
                references_of(world, resource, object).next().is_some() == (wanted == "true")
            }
            "external_reference_service_model_refs" => {
                references_of(world, resource, object).any(|one| any_of(&one["service_model_ref"]))
            }
            name => match name.strip_prefix("external_reference_") {
                Some(field) => references_of(world, resource, object).any(|one| any_of(&one[field])),
                None if resource.filters.contains(&name) => any_of(&object[name]),
                None => true,
            },
        }
    })
}

/// Dates as `2026-01-01:2026-01-31`, either end open.
fn between(value: &Value, range: &str) -> bool {
    let (from, to) = range.split_once(':').unwrap_or((range, ""));
    value.as_str().is_some_and(|date| (from.is_empty() || date >= from) && (to.is_empty() || date <= to))
}

fn references_of<'a>(
    world: &'a World,
    resource: &Resource,
    object: &Value,
) -> impl Iterator<Item = &'a Value> {
    let id = object["id"].as_str().unwrap_or_default();
    references::of_subject(world, resource.class, id).into_iter().map(|(_, reference)| reference)
}

/// The envelope: count, results, the objects by id, what is included, and the page.
pub(super) fn envelope(
    world: &World,
    request: &Request,
    name: &str,
    resource: Option<&Resource>,
    found: &[&Value],
) -> Result<Response, Problem> {
    let number = |name: &str, otherwise: usize| match request.parameter(name) {
        None => Ok(otherwise),
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| Problem::bad(format!("{name} must be a positive number"))),
    };
    let size = number("per_page", PER_PAGE)?.min(PER_PAGE_MAX);
    let page = number("page", 1)?;
    let shown: Vec<&Value> = found.iter().skip((page - 1).saturating_mul(size)).take(size).copied().collect();
    let includes = request.parameter("include").unwrap_or_default();
    let mut included: Map<String, Value> = Map::new();
    let mut objects: Map<String, Value> = Map::new();
    for object in &shown {
        let mut view = visible(object);
        for wanted in includes.split(',').map(str::trim).filter(|wanted| !wanted.is_empty()) {
            include(world, resource, object, wanted, &mut view, &mut included);
        }
        objects.insert(as_text(&object["id"]), Value::Object(view));
    }
    let results: Vec<Value> = shown.iter().map(|object| json!({"key": name, "id": object["id"]})).collect();
    let count = found.len();
    let mut body = Map::new();
    body.insert("count".to_owned(), count.into());
    body.insert("results".to_owned(), results.into());
    body.insert(name.to_owned(), Value::Object(objects));
    body.insert(
        "meta".to_owned(),
        json!({"count": count, "page_count": count.div_ceil(size), "page_number": page, "page_size": size}),
    );
    for (collection, more) in included {
        match (body.get_mut(&collection).and_then(Value::as_object_mut), more) {
            (Some(there), Value::Object(more)) => there.extend(more),
            (_, more) => {
                body.insert(collection, more);
            }
        }
    }
    Ok(Response::json(StatusCode::OK, &Value::Object(body)))
}

fn visible(object: &Value) -> Map<String, Value> {
    let fields = object.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with('@'));
    let mut view: Map<String, Value> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    // The id stands last in the vendor's answers.
    if let Some(id) = view.shift_remove("id") {
        view.insert("id".to_owned(), id);
    }
    view
}

/// Adds an association's ids to the object and its objects beside it. What is no association is ignored.
fn include(
    world: &World,
    resource: Option<&Resource>,
    object: &Value,
    wanted: &str,
    view: &mut Map<String, Value>,
    included: &mut Map<String, Value>,
) {
    let Some(resource) = resource else { return };
    if wanted == "subject" && resource.name == EXTERNAL_REFERENCES {
        subject(world, object, view, included);
        return;
    }
    let Some(association) = resource.associations.iter().find(|one| one.name == wanted) else { return };
    let ids = ids(world, resource, object, association);
    if association.kind != Kind::One {
        view.insert(association.foreign_key.to_owned(), json!(ids));
    }
    let place = included.entry(association.collection).or_insert_with(|| Value::Object(Map::new()));
    for id in ids {
        if let Some(other) = world.get(association.collection, &id) {
            place[id.as_str()] = Value::Object(visible(other));
        }
    }
}

fn ids(world: &World, resource: &Resource, object: &Value, association: &Association) -> Vec<String> {
    let id = object["id"].as_str().unwrap_or_default();
    match association.kind {
        Kind::One => object[association.foreign_key].as_str().map(str::to_owned).into_iter().collect(),
        Kind::Many => object[association.foreign_key].as_array().into_iter().flatten().map(as_text).collect(),
        Kind::Reverse(attribute) => world
            .all(association.collection)
            .filter(|(_, other)| other[attribute] == id)
            .map(|(other, _)| other.to_owned())
            .collect(),
        Kind::References => references_of(world, resource, object)
            .filter_map(|one| one["id"].as_str().map(str::to_owned))
            .collect(),
        Kind::Values => world
            .all(association.collection)
            .filter(|(_, value)| {
                value["subject_type"] == resource.singular && as_text(&value["subject_id"]) == id
            })
            .map(|(value, _)| value.to_owned())
            .collect(),
    }
}

/// The subject of a reference, whatever it is.
fn subject(
    world: &World,
    reference: &Value,
    view: &mut Map<String, Value>,
    included: &mut Map<String, Value>,
) {
    let Some(of) = reference["subject_type"].as_str().and_then(Resource::of_class) else { return };
    let id = as_text(&reference["subject_id"]);
    view.insert("subject_ref".to_owned(), json!({"key": of.name, "id": id}));
    if let Some(object) = world.get(of.name, &id) {
        let place = included.entry(of.name).or_insert_with(|| Value::Object(Map::new()));
        place[id.as_str()] = Value::Object(visible(object));
    }
}

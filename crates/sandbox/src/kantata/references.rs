//! External references: what an object is called in another system.
//!
//! The account does not keep them unique: two workspaces may name the same foreign id. Whoever wants that must look first.

use serde_json::{Map, Value};

use super::problem::Problem;
use super::resources::{EXTERNAL_REFERENCES, Resource};
use super::{next_id, stamp};
use crate::world::World;

/// Where an object keeps its first reference, by which the ledger counts it; never shown.
pub(super) const REFERENCE: &str = "@reference";
const REFERENCES: &str = "@references";

/// Attaches the reference that came inside an object's body.
pub(super) fn attach(
    world: &mut World,
    resource: &Resource,
    id: &str,
    sent: &Map<String, Value>,
) -> Result<(), Problem> {
    let mut reference = sent.clone();
    reference.insert("subject_type".to_owned(), resource.class.into());
    reference.insert("subject_id".to_owned(), id.parse::<u64>().unwrap_or(0).into());
    put(world, &reference).map(|_| ())
}

/// Changes the subject's reference of the same service and model, or makes one; its id.
pub(super) fn put(world: &mut World, sent: &Map<String, Value>) -> Result<String, Problem> {
    let Some(resource) = Resource::named(EXTERNAL_REFERENCES) else { return Err(Problem::missing()) };
    let blank =
        |name: &&&str| sent.get(**name).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
    let missing: Vec<(&str, &str)> =
        resource.needed.iter().filter(blank).map(|name| (*name, "can't be blank")).collect();
    if !missing.is_empty() {
        return Err(Problem::invalid(&missing));
    }
    let subject_id = crate::condition::as_text(&sent["subject_id"]);
    let subject = sent["subject_type"].as_str().and_then(Resource::of_class).map(|of| of.name);
    if subject.is_none_or(|collection| world.get(collection, &subject_id).is_none()) {
        return Err(Problem::invalid(&[("subject_id", "must exist")]));
    }
    let class = sent["subject_type"].as_str().unwrap_or_default();
    let known = of_subject(world, class, &subject_id)
        .into_iter()
        .find(|(_, one)| {
            one["service_name"] == sent["service_name"] && one["service_model"] == sent["service_model"]
        })
        .map(|(id, one)| (id.to_owned(), one.clone()));
    let now = stamp(world);
    let (id, mut reference) = match known {
        Some(known) => known,
        None => {
            let id = next_id(world);
            let mut fresh = resource.fresh();
            fresh["id"] = id.as_str().into();
            fresh["created_at"] = now.as_str().into();
            (id, fresh)
        }
    };
    for name in resource.create {
        if let Some(value) = sent.get(*name) {
            reference[*name] = value.clone();
        }
    }
    reference["service_model_ref"] = crate::condition::as_text(&reference["service_model_ref"]).into();
    reference["subject_id"] = subject_id.parse::<u64>().unwrap_or(0).into();
    reference["updated_at"] = now.into();
    world.put(EXTERNAL_REFERENCES, &id, reference.clone());
    mark(world, subject, &subject_id, &reference);
    Ok(id)
}

/// Keeps beside the subject its business key and which references it has.
fn mark(world: &mut World, collection: Option<&str>, subject_id: &str, reference: &Value) {
    let Some(collection) = collection else { return };
    let Some(mut subject) = world.get(collection, subject_id).cloned() else { return };
    if let Some(key) = key("", reference) {
        subject[REFERENCE] = key.into();
    }
    let mut ids = subject[REFERENCES].as_array().cloned().unwrap_or_default();
    if !ids.contains(&reference["id"]) {
        ids.push(reference["id"].clone());
    }
    subject[REFERENCES] = ids.into();
    world.put(collection, subject_id, subject);
}

/// The references of a subject.
pub(super) fn of_subject<'a>(world: &'a World, class: &str, id: &str) -> Vec<(&'a str, &'a Value)> {
    let subject = Resource::of_class(class).and_then(|of| world.get(of.name, id));
    let ids = subject.and_then(|subject| subject[REFERENCES].as_array()).into_iter().flatten();
    ids.filter_map(|id| Some((id.as_str()?, world.get(EXTERNAL_REFERENCES, id.as_str()?)?))).collect()
}

/// The key of a reference: what it names in the other system.
pub(super) fn key(_: &str, reference: &Value) -> Option<String> {
    let part = |name: &str| reference[name].as_str();
    Some(format!("{}/{}/{}", part("service_name")?, part("service_model")?, part("service_model_ref")?))
}

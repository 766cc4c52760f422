//! Records: checked, stored, derived from one another, removed.

use serde_json::{Map, Value, json};

use super::identity::{record_id, with_check};
use super::problem::Problem;
use super::schema::{Field, Kind, Object, STAGES, object};
use super::value::{accepted, shown};
use crate::world::World;

/// The user on whose behalf the simulated org writes.
pub(super) const USER: &str = "0057Q000000001AAA";

const LINE_ITEM: &str = "OpportunityLineItem";

/// Which opportunity a line item belongs to, indexed by the opportunity.
pub(super) const LINES: &str = "_lines";

/// The fields of a request's body.
pub(super) type Fields = Map<String, Value>;

/// Creates a record; its id.
pub(super) fn create(world: &mut World, of: &Object, sent: &Fields) -> Result<String, Problem> {
    let mut record = checked(world, of, sent)?;
    let missing: Vec<&str> = of
        .fields()
        .filter(|field| field.required && record.get(field.name).is_none_or(Value::is_null))
        .map(|field| field.name)
        .collect();
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).on(&missing));
    }
    if of.name == LINE_ITEM && !(record.contains_key("UnitPrice") || record.contains_key("TotalPrice")) {
        let message = "Required fields are missing: [UnitPrice]";
        return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).on(&["UnitPrice"]));
    }
    unique(world, of, None, &record)?;
    let number = world.next(of.name);
    let id = record_id(of.key_prefix, number);
    let now = json!(shown(world.now()));
    record.insert("Id".into(), json!(id));
    record.insert("IsDeleted".into(), json!(false));
    record.insert("CreatedDate".into(), now);
    record.insert("CreatedById".into(), json!(USER));
    if of.field("OwnerId").is_some() && !record.contains_key("OwnerId") {
        record.insert("OwnerId".into(), json!(USER));
    }
    if let Some(parent) = record.get("OpportunityId").filter(|_| of.name == LINE_ITEM) {
        world.put(LINES, &id, json!({"parent": parent}));
    }
    store(world, of, &id, record);
    Ok(id)
}

/// Changes a record.
pub(super) fn update(world: &mut World, of: &Object, id: &str, sent: &Fields) -> Result<(), Problem> {
    let id = with_check(id);
    let Some(Value::Object(record)) = world.get(of.name, &id).cloned() else {
        return Err(Problem::no_such_key(&id));
    };
    let changes = checked(world, of, sent)?;
    unique(world, of, Some(&id), &changes)?;
    let mut changed = record;
    if changes.contains_key("UnitPrice") {
        // The other of the pair is worked out anew.
        changed.remove("TotalPrice");
    }
    changed.extend(changes);
    store(world, of, &id, changed);
    Ok(())
}

/// Removes a record and, as the org does, its line items.
pub(super) fn delete(world: &mut World, of: &Object, id: &str) -> Result<(), Problem> {
    let id = with_check(id);
    let Some(record) = world.get(of.name, &id).cloned() else {
        return Err(Problem::no_such_key(&id));
    };
    for children in of.children.iter().filter(|children| children.object == LINE_ITEM) {
        for child in child_ids(world, children.object, children.field, &id) {
            world.remove(children.object, &child);
            world.remove(LINES, &child);
        }
    }
    world.remove(of.name, &id);
    world.remove(LINES, &id);
    if let Some(parent) = record["OpportunityId"].as_str().filter(|_| of.name == LINE_ITEM) {
        total(world, parent);
    }
    Ok(())
}

/// The id of the record that holds a value in an external-id field (or in `Id`).
pub(super) fn find_by(world: &World, of: &Object, field: &Field, value: &str) -> Vec<String> {
    if field.name == "Id" {
        let id = with_check(value);
        return world.get(of.name, &id).map(|_| id).into_iter().collect();
    }
    let same =
        |record: &Value| record[field.name].as_str().is_some_and(|held| held.eq_ignore_ascii_case(value));
    world.all(of.name).filter(|(_, record)| same(record)).map(|(id, _)| id.to_owned()).collect()
}

/// The sent fields, each known, writable and of the right kind.
fn checked(world: &World, of: &Object, sent: &Fields) -> Result<Fields, Problem> {
    let mut record = Fields::new();
    for (name, value) in sent.iter().filter(|(name, _)| *name != "attributes") {
        let Some(field) = of.field(name) else {
            let message = format!("No such column '{name}' on sobject of type {}", of.name);
            return Err(Problem::bad("INVALID_FIELD", message));
        };
        if !field.writable {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that it \
                 is read/write for your profile or permission set.",
                field.name
            );
            return Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).on(&[field.name]));
        }
        let value = accepted(field, value)?;
        if let (Kind::Reference { to, .. }, Some(id)) = (field.kind, value.as_str()) {
            refers(world, field, to, id)?;
        }
        record.insert(field.name.to_owned(), value);
    }
    Ok(record)
}

fn refers(world: &World, field: &Field, to: &str, id: &str) -> Result<(), Problem> {
    if world.get(to, id).is_some() {
        return Ok(());
    }
    let right_kind = object(to).is_some_and(|object| id.starts_with(object.key_prefix));
    let (code, message) = if right_kind {
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".to_owned())
    } else {
        ("FIELD_INTEGRITY_EXCEPTION", format!("{}: id value of incorrect type: {id}", field.name))
    };
    Err(Problem::bad(code, message).on(&[field.name]))
}

/// External ids are unique in this org.
fn unique(world: &World, of: &Object, own: Option<&str>, record: &Fields) -> Result<(), Problem> {
    for field in of.fields().filter(|field| field.external_id) {
        let Some(value) = record.get(field.name).and_then(Value::as_str) else { continue };
        if let Some(holder) = find_by(world, of, field, value).into_iter().find(|id| Some(id.as_str()) != own)
        {
            let message = format!(
                "duplicate value found: {} duplicates value on record with id: {}",
                field.name,
                &holder[..15]
            );
            return Err(Problem::bad("DUPLICATE_VALUE", message));
        }
    }
    Ok(())
}

/// Writes a record with what follows from it.
fn store(world: &mut World, of: &Object, id: &str, mut record: Fields) {
    match of.name {
        "Opportunity" => derive_opportunity(&mut record),
        LINE_ITEM => derive_line_item(world, &mut record),
        "PricebookEntry" => {
            let name =
                record.get("Product2Id").and_then(Value::as_str).and_then(|id| world.get("Product2", id));
            let name = name.map(|product| product["Name"].clone());
            record.insert("Name".into(), name.unwrap_or(Value::Null));
        }
        _ => {}
    }
    touch(world, &mut record);
    let parent = record.get("OpportunityId").and_then(Value::as_str).map(str::to_owned);
    world.put(of.name, id, Value::Object(record));
    if let Some(parent) = parent.filter(|_| of.name == LINE_ITEM) {
        total(world, &parent);
    }
}

fn touch(world: &World, record: &mut Fields) {
    let now = json!(shown(world.now()));
    record.insert("LastModifiedDate".into(), now.clone());
    record.insert("LastModifiedById".into(), json!(USER));
    record.insert("SystemModstamp".into(), now);
}

fn derive_opportunity(record: &mut Fields) {
    let stage = record.get("StageName").and_then(Value::as_str).unwrap_or_default();
    let known = STAGES.iter().find(|(name, _)| *name == stage);
    let (closed, won) = (stage.starts_with("Closed"), stage == "Closed Won");
    record.insert("IsClosed".into(), json!(closed));
    record.insert("IsWon".into(), json!(won));
    if let Some((_, probability)) = known {
        record.insert("Probability".into(), json!(f64::from(*probability)));
    }
    record.entry("HasOpportunityLineItem").or_insert(json!(false));
}

fn derive_line_item(world: &World, record: &mut Fields) {
    let number = |record: &Fields, name: &str| record.get(name).and_then(Value::as_f64);
    let quantity = number(record, "Quantity").unwrap_or(1.0);
    match (number(record, "UnitPrice"), number(record, "TotalPrice")) {
        (Some(unit), None) => record.insert("TotalPrice".into(), json!(cents(unit * quantity))),
        (None, Some(total)) if quantity != 0.0 => {
            record.insert("UnitPrice".into(), json!(cents(total / quantity)))
        }
        _ => None,
    };
    let entry =
        record.get("PricebookEntryId").and_then(Value::as_str).and_then(|id| world.get("PricebookEntry", id));
    if let Some(entry) = entry {
        record.insert("Product2Id".into(), entry["Product2Id"].clone());
        record.insert("Name".into(), entry["Name"].clone());
    }
}

/// An opportunity with line items is worth what they are worth.
fn total(world: &mut World, opportunity: &str) {
    let Some(Value::Object(mut record)) = world.get("Opportunity", opportunity).cloned() else { return };
    let lines = child_ids(world, LINE_ITEM, "OpportunityId", opportunity);
    let amounts = lines.iter().filter_map(|id| world.get(LINE_ITEM, id)?["TotalPrice"].as_f64());
    let amount: f64 = amounts.sum();
    record.insert("HasOpportunityLineItem".into(), json!(!lines.is_empty()));
    if !lines.is_empty() {
        record.insert("Amount".into(), json!(cents(amount)));
    }
    touch(world, &mut record);
    world.put("Opportunity", opportunity, Value::Object(record));
}

/// The children of a record. Line items are indexed by their parent, as they are asked for with every opportunity.
pub(super) fn child_ids(world: &World, object: &str, field: &str, parent: &str) -> Vec<String> {
    if object == LINE_ITEM {
        return world.by_key(LINES, parent).map(|(id, _)| id.to_owned()).collect();
    }
    let children = world.all(object).filter(|(_, record)| record[field] == parent);
    children.map(|(id, _)| id.to_owned()).collect()
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// A record with its attributes and the fields asked for; all of them when none are.
pub(super) fn rendered(
    of: &Object,
    version: &str,
    record: &Value,
    fields: Option<&[&'static Field]>,
) -> Value {
    let mut out = Fields::new();
    out.insert("attributes".into(), attributes(of, version, record["Id"].as_str().unwrap_or_default()));
    let every: Vec<&Field>;
    let fields = match fields {
        Some(fields) => fields,
        None => {
            every = of.fields().collect();
            &every
        }
    };
    for field in fields {
        out.insert(field.name.to_owned(), record[field.name].clone());
    }
    Value::Object(out)
}

pub(super) fn attributes(of: &Object, version: &str, id: &str) -> Value {
    json!({"type": of.name, "url": format!("/services/data/{version}/sobjects/{}/{id}", of.name)})
}

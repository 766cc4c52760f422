//! The feed of changes: nine days of them, not in order, some twice, as the vendor warns.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::resources::Resource;
use super::{ACCOUNT, OWNER, next_id, stamp};
use crate::exchange::Request;
use crate::world::World;

/// Where events are kept; no objects of the ledger.
pub(super) const EVENTS: &str = "_events";
const RETENTION: SignedDuration = SignedDuration::from_hours(9 * 24);
/// Every so many events one is recorded twice.
const TWICE_EVERY: u64 = 10;

/// Records a change.
pub(super) fn record(
    world: &mut World,
    resource: &Resource,
    change: &str,
    before: Option<&Value>,
    after: &Value,
) {
    let text = |object: &Value| {
        let mut shown = object.clone();
        if let Some(object) = shown.as_object_mut() {
            object.retain(|name, _| !name.starts_with('@'));
        }
        shown.to_string()
    };
    let times = if world.next("_event").is_multiple_of(TWICE_EVERY) { 2 } else { 1 };
    for _ in 0..times {
        let id = next_id(world);
        let now = stamp(world);
        let event = json!({
            "id": id, "event_type": format!("{}:{change}", resource.singular), "account_id": ACCOUNT,
            "user_id": OWNER.parse::<u64>().unwrap_or(0),
            "subject_id": after["id"].as_str().and_then(|id| id.parse::<u64>().ok()),
            "subject_type": resource.class, "subject_changed_at": now, "created_at": now, "updated_at": now,
            "previous_payload": before.map(text), "current_payload": text(after),
            "payload_changes": Value::Null,
        });
        world.put(EVENTS, &id, event);
    }
}

/// The events that a request asks for, newest and older mixed.
pub(super) fn select<'a>(world: &'a World, request: &Request) -> Vec<&'a Value> {
    let time = |value: &str| value.parse::<Timestamp>().ok();
    let oldest = world.now().checked_sub(RETENTION).unwrap_or(Timestamp::MIN);
    let after = request.parameter("created_after").and_then(|text| time(&text)).unwrap_or(oldest).max(oldest);
    let before = request.parameter("created_before").and_then(|text| time(&text)).unwrap_or(Timestamp::MAX);
    let kinds = request.parameter("event_types");
    let kinds: Option<Vec<&str>> = kinds.as_ref().map(|list| list.split(',').collect());
    let mut found: Vec<&Value> = world
        .all(EVENTS)
        .map(|(_, event)| event)
        .filter(|event| {
            let at = event["created_at"].as_str().and_then(time);
            at.is_some_and(|at| at >= after && at <= before)
        })
        .filter(|event| {
            kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| event["event_type"] == *kind))
        })
        .collect();
    if request.parameter("most_recent").as_deref() == Some("true") {
        let mut seen = std::collections::HashSet::new();
        found.reverse();
        found.retain(|event| seen.insert((event["subject_type"].clone(), event["subject_id"].clone())));
        found.reverse();
    }
    for pair in found.chunks_mut(2) {
        pair.reverse();
    }
    found
}

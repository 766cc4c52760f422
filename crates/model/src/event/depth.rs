//! Depth of a JSON value, without recursion: the value is the sender's.

use serde_json::Value;

/// Whether arrays and objects are nested deeper than `max` levels.
pub(super) fn exceeds(value: &Value, max: usize) -> bool {
    let mut open = vec![(value, 0_usize)];
    while let Some((value, depth)) = open.pop() {
        if depth > max {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|v| (v, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    false
}

/// Frees a deep value level by level; dropping it whole would recurse as deep as the sender nested it.
pub(super) fn take_apart(value: Value) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, v)| v)),
            _ => {}
        }
    }
}

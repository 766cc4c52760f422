//! Context attributes: names, kinds and sizes, as CloudEvents 1.0 states them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Problem, limits};
use crate::day::{YEAR_MAX, YEAR_MIN};

/// Names must be lowercase letters and digits of ASCII.
pub(super) fn check_names(fields: &Map<String, Value>, problems: &mut Vec<Problem>) {
    for name in fields.keys().filter(|n| *n != "data_base64") {
        let good = !name.is_empty()
            && name.len() <= limits::NAME_CHARS_MAX
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !good {
            let reason = format!(
                "no attribute name; names have 1 to {} lowercase letters and digits",
                limits::NAME_CHARS_MAX
            );
            problems.push(Problem::new(quoted(name), reason));
        }
    }
}

/// Only version 1.0 is spoken here.
pub(super) fn check_version(value: Option<Value>, problems: &mut Vec<Problem>) {
    match value {
        Some(Value::String(version)) if version == "1.0" => {}
        Some(Value::Null) | None => problems.push(Problem::new("specversion", "missing; expected \"1.0\"")),
        Some(_) => problems.push(Problem::new("specversion", "unknown version; expected \"1.0\"")),
    }
}

/// A required text; empty when it is missing or wrong, which is then a problem.
pub(super) fn required(fields: &mut Map<String, Value>, name: &str, problems: &mut Vec<Problem>) -> String {
    let before = problems.len();
    let value = optional(fields, name, problems);
    if value.is_none() && problems.len() == before {
        problems.push(Problem::new(name, "missing"));
    }
    value.unwrap_or_default()
}

/// An optional text.
pub(super) fn optional(
    fields: &mut Map<String, Value>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    match fields.shift_remove(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => match text_problem(&text) {
            None => Some(text),
            Some(reason) => {
                problems.push(Problem::new(name, reason));
                None
            }
        },
        Some(other) => {
            problems.push(Problem::new(name, format!("{}; expected text", kind(&other))));
            None
        }
    }
}

fn text_problem(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("empty; expected text of one character or more".to_owned());
    }
    if text.len() > limits::ATTRIBUTE_BYTES_MAX {
        return Some(format!("{} bytes; the most is {}", text.len(), limits::ATTRIBUTE_BYTES_MAX));
    }
    let forbidden =
        |c: &char| c.is_control() || matches!(*c as u32, 0xFDD0..=0xFDEF) || (*c as u32) & 0xFFFE == 0xFFFE;
    text.chars().find(forbidden).map(|c| format!("holds the control character U+{:04X}", c as u32))
}

/// `source` is a URI reference.
pub(super) fn check_source(source: &str, problems: &mut Vec<Problem>) {
    if !source.is_empty() && !is_uri_text(source) {
        problems.push(Problem::new("source", "no URI reference; spaces and <>\"{}|\\^` have to be escaped"));
    }
}

fn is_uri_text(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`'))
}

/// `time` is an instant of RFC 3339, not absurdly far away.
pub(super) fn time(fields: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<Timestamp> {
    let text = optional(fields, "time", problems)?;
    match instant(&text) {
        Ok(time) => Some(time),
        Err(reason) => {
            problems.push(Problem::new("time", reason));
            None
        }
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let expected = "no RFC 3339 instant; expected the like of 2026-01-31T09:30:00Z";
    let bytes = text.as_bytes();
    // The parser takes RFC 9557 and space separators as well; the standard does not.
    let shape = bytes.len() >= 20
        && bytes[10].eq_ignore_ascii_case(&b'T')
        && bytes[4] == b'-'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && !text.contains('[');
    if !shape {
        return Err(expected.to_owned());
    }
    let time: Timestamp = text.parse().map_err(|_| expected.to_owned())?;
    let year = time.to_zoned(jiff::tz::TimeZone::UTC).year();
    if (YEAR_MIN..=YEAR_MAX).contains(&year) {
        Ok(time)
    } else {
        Err(format!("year {year} is out of range; expected {YEAR_MIN} to {YEAR_MAX}"))
    }
}

/// `datacontenttype` is a media type.
pub(super) fn media_type(fields: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<String> {
    let text = optional(fields, "datacontenttype", problems)?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    let token =
        |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    if !essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
        problems
            .push(Problem::new("datacontenttype", "no media type; expected the like of application/json"));
    }
    Some(text)
}

/// `dataschema` is an absolute URI.
pub(super) fn schema_uri(fields: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<String> {
    let text = optional(fields, "dataschema", problems)?;
    let absolute = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
    });
    if !absolute || !is_uri_text(&text) {
        problems.push(Problem::new("dataschema", "no absolute URI"));
    }
    Some(text)
}

/// `data_base64` is text in base 64.
pub(super) fn base64(fields: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<String> {
    match fields.shift_remove("data_base64")? {
        Value::Null => None,
        Value::String(text) => {
            let body = text.trim_end_matches('=');
            let good = text.len().is_multiple_of(4)
                && text.len() - body.len() <= 2
                && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
            if !good {
                problems.push(Problem::new("data_base64", "not base 64 of RFC 4648, with padding"));
            }
            Some(text)
        }
        other => {
            problems.push(Problem::new("data_base64", format!("{}; expected text", kind(&other))));
            None
        }
    }
}

/// What is left are extensions: text, truth values or 32-bit integers.
pub(super) fn extensions(fields: Map<String, Value>, problems: &mut Vec<Problem>) -> BTreeMap<String, Value> {
    if fields.len() > limits::EXTENSIONS_MAX {
        let reason = format!("{} extension attributes; the most is {}", fields.len(), limits::EXTENSIONS_MAX);
        problems.push(Problem::new("", reason));
        return BTreeMap::new();
    }
    let mut extensions = BTreeMap::new();
    for (name, value) in fields {
        let wrong = match &value {
            Value::Null => continue,
            Value::Bool(_) => None,
            Value::Number(n) => match n.as_i64() {
                Some(n) if i32::try_from(n).is_ok() => None,
                _ => Some("a number; only 32-bit integers are allowed".to_owned()),
            },
            Value::String(text) => text_problem(text),
            other => Some(format!("{}; expected text, a truth value or an integer", kind(other))),
        };
        match wrong {
            Some(reason) => problems.push(Problem::new(quoted(&name), reason)),
            None => drop(extensions.insert(name, value)),
        }
    }
    extensions
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A name from the sender, short enough for a message.
fn quoted(name: &str) -> String {
    name.chars().take(limits::QUOTED_CHARS_MAX).collect()
}

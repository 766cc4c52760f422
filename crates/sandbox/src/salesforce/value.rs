//! Field values: what a caller may send for a field, and the form in which it is kept and shown.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::problem::Problem;
use super::schema::{Field, Kind};

/// The value as it is kept, or why it is refused.
pub(super) fn accepted(field: &Field, value: &Value) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    match field.kind {
        Kind::Id | Kind::Reference { .. } => reference(field, value),
        Kind::Text(length) | Kind::LongText(length) => text(field, value, length),
        Kind::Picklist(_) => text(field, value, 255),
        Kind::Currency | Kind::Double | Kind::Percent => number(field, value),
        Kind::Boolean => boolean(field, value),
        Kind::Date => date(field, value),
        Kind::DateTime => moment(field, value),
    }
}

fn undeserialisable(field: &Field, value: &Value, kind: &str) -> Problem {
    let found = if value.is_string() { "VALUE_STRING" } else { "VALUE" };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let message = format!(
        "Cannot deserialize instance of {kind} from {found} value {shown} or request may be missing a required field at \
         [line:1, column:1]"
    );
    Problem::bad("JSON_PARSER_ERROR", message).on(&[field.name])
}

fn text(field: &Field, value: &Value, length_max: u32) -> Result<Value, Problem> {
    let text = match value {
        Value::String(text) => text.trim_end().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return Err(undeserialisable(field, value, "string")),
    };
    if text.chars().count() > usize::try_from(length_max).unwrap_or(usize::MAX) {
        let shown: String = text.chars().take(60).collect();
        let message = format!("{}: data value too large: {shown} (max length={length_max})", field.name);
        return Err(Problem::bad("STRING_TOO_LONG", message).on(&[field.name]));
    }
    // An empty text is no text.
    Ok(if text.is_empty() { Value::Null } else { json!(text) })
}

fn reference(field: &Field, value: &Value) -> Result<Value, Problem> {
    let malformed = |shown: &str| {
        let message = format!("{}: id value of incorrect type: {shown}", field.name);
        Problem::bad("MALFORMED_ID", message).on(&[field.name])
    };
    let id = value.as_str().ok_or_else(|| malformed(&value.to_string()))?;
    if !(id.len() == 15 || id.len() == 18) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(malformed(id));
    }
    Ok(json!(super::identity::with_check(id)))
}

fn number(field: &Field, value: &Value) -> Result<Value, Problem> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number.filter(|number: &f64| number.is_finite()) {
        Some(number) => Ok(json!(number)),
        None => Err(undeserialisable(field, value, "double")),
    }
}

fn boolean(field: &Field, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(json!(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(json!(false)),
        _ => Err(undeserialisable(field, value, "boolean")),
    }
}

fn date(field: &Field, value: &Value) -> Result<Value, Problem> {
    let wrong = || undeserialisable(field, value, "date");
    let text = value.as_str().ok_or_else(wrong)?;
    let date: Date = text.get(..10).unwrap_or(text).parse().map_err(|_| wrong())?;
    Ok(json!(date.to_string()))
}

fn moment(field: &Field, value: &Value) -> Result<Value, Problem> {
    let wrong = || undeserialisable(field, value, "datetime");
    let instant = value.as_str().and_then(instant).ok_or_else(wrong)?;
    Ok(json!(shown(instant)))
}

/// An instant as the API shows it: whole seconds, a zero of milliseconds, an offset without a colon.
pub(super) fn shown(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// An instant as the API shows it or takes it.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
        let (hours, minutes) = offset.split_at_checked(3)?;
        format!("{time}{hours}:{minutes}").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_every_spelling() {
        let same = ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000+0000", "2026-01-31T12:00:00+02:00"];
        for text in same {
            assert_eq!(instant(text).map(shown).as_deref(), Some("2026-01-31T10:00:00.000+0000"), "{text}");
        }
        assert_eq!(instant("yesterday"), None);
    }
}

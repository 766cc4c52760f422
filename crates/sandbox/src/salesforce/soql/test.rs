//! Comparing a field's value with literals, as SOQL does: text without case, null unlike everything but null.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::problem::Problem;
use super::super::schema::{Field, Kind};
use super::super::value::instant;
use super::{Literal, Operator};

/// Refuses literals of another type than the field's.
pub(super) fn check(field: &Field, operator: Operator, literals: &[Literal]) -> Result<(), Problem> {
    for literal in literals {
        let textual = matches!(
            field.kind,
            Kind::Id | Kind::Text(_) | Kind::LongText(_) | Kind::Picklist(_) | Kind::Reference { .. }
        );
        let fits = match literal {
            Literal::Null => true,
            Literal::Moment(_) => field.kind == Kind::DateTime,
            Literal::Date(_) => matches!(field.kind, Kind::Date | Kind::DateTime),
            Literal::Boolean(_) => field.kind == Kind::Boolean,
            Literal::Number(_) => matches!(field.kind, Kind::Currency | Kind::Double | Kind::Percent),
            Literal::Text(_) => textual,
        };
        if !fits {
            return Err(mismatch(field, literal));
        }
    }
    if matches!(field.kind, Kind::LongText(_)) {
        let message = format!("field '{}' can not be filtered in a query call", field.name);
        return Err(Problem::bad("INVALID_FIELD", message));
    }
    let textual = matches!(field.kind, Kind::Text(_) | Kind::Picklist(_));
    if operator == Operator::Like && !textual {
        return Err(Problem::bad("INVALID_FIELD", format!("invalid operator on {} field", type_name(field))));
    }
    Ok(())
}

fn mismatch(field: &Field, literal: &Literal) -> Problem {
    let quoting = match (field.kind, literal) {
        (_, Literal::Text(_)) => "should not be enclosed in quotes",
        _ => "should be enclosed in quotes",
    };
    let message = format!(
        "value of filter criterion for field '{}' must be of type {} and {quoting}",
        field.name,
        type_name(field)
    );
    Problem::bad("INVALID_FIELD", message)
}

fn type_name(field: &Field) -> &'static str {
    match field.kind {
        Kind::Id | Kind::Reference { .. } => "reference",
        Kind::Text(_) | Kind::Picklist(_) | Kind::LongText(_) => "string",
        Kind::Currency | Kind::Double | Kind::Percent => "double",
        Kind::Date => "date",
        Kind::DateTime => "dateTime",
        Kind::Boolean => "boolean",
    }
}

pub(super) fn holds(value: &Value, operator: Operator, literals: &[Literal]) -> bool {
    let first = || literals.first().unwrap_or(&Literal::Null);
    let equal = |literal: &Literal| against(value, literal) == Some(Ordering::Equal);
    let ordering = || against(value, first());
    match operator {
        Operator::Equal => equal(first()),
        Operator::NotEqual => !equal(first()),
        Operator::In => literals.iter().any(equal),
        Operator::NotIn => !literals.iter().any(equal),
        Operator::Less => ordering().is_some_and(Ordering::is_lt) && !value.is_null(),
        Operator::LessOrEqual => ordering().is_some_and(Ordering::is_le) && !value.is_null(),
        Operator::Greater => ordering().is_some_and(Ordering::is_gt) && !value.is_null(),
        Operator::GreaterOrEqual => ordering().is_some_and(Ordering::is_ge) && !value.is_null(),
        Operator::Like => match (value.as_str(), first()) {
            (Some(text), Literal::Text(pattern)) => like(text, pattern),
            _ => false,
        },
    }
}

/// How a value stands to a literal; none when they cannot be compared.
fn against(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(held), Literal::Boolean(wanted)) => Some(held.cmp(wanted)),
        (Value::Number(held), Literal::Number(wanted)) => held.as_f64()?.partial_cmp(wanted),
        (Value::String(held), Literal::Text(wanted)) => Some(text_order(held, wanted)),
        (Value::String(held), Literal::Date(wanted)) if held.len() == 10 => {
            Some(held.as_str().cmp(&wanted.to_string()))
        }
        (Value::String(held), Literal::Date(wanted)) => {
            let midnight = wanted.to_zoned(TimeZone::UTC).ok()?.timestamp();
            Some(instant(held)?.cmp(&midnight))
        }
        (Value::String(held), Literal::Moment(wanted)) => Some(instant(held)?.cmp(wanted)),
        _ => None,
    }
}

/// Ids of either length are the same; other text is compared without case.
fn text_order(held: &str, wanted: &str) -> Ordering {
    if held.len() == 18 && wanted.len() == 15 && held.starts_with(wanted) {
        return Ordering::Equal;
    }
    held.to_lowercase().cmp(&wanted.to_lowercase())
}

/// Two values of one field, for ORDER BY.
pub(super) fn compared(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.to_lowercase().cmp(&other.to_lowercase()),
        _ => Ordering::Equal,
    }
}

/// `%` is any text, `_` any character, a backslash takes either literally.
fn like(text: &str, pattern: &str) -> bool {
    let mut expression = String::from("(?is)^");
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            '\\' => expression.push_str(&regex::escape(characters.as_str().get(..1).unwrap_or("\\"))),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
        if character == '\\' {
            characters.next();
        }
    }
    expression.push('$');
    regex::Regex::new(&expression).is_ok_and(|expression| expression.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_reads_wildcards_and_escapes() {
        for (text, pattern, expected) in [
            ("Acme Ltd", "acme%", true),
            ("Acme Ltd", "%ltd", true),
            ("Acme", "A_me", true),
            ("Acme", "A_e", false),
            ("100%", "100\\%", true),
            ("1000", "100\\%", false),
            ("a.c", "a.c", true),
            ("abc", "a.c", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}

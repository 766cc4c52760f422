//! Conditions on stored objects: the tree that every vendor's filter language is read into, and the reader of its words.
//!
//! The languages differ (NetSuite's `q`, SuiteQL, OData's `$filter`) and each has a parser of its own beside its simulator;
//! what a comparison means is the same and stands here once. Comparing is forgiving as the vendors' databases are: numbers
//! and digits in text are equal, text compares without case where the vendor says so.

mod tokens;

use serde_json::Value;

pub(crate) use tokens::{Token, Tokens};

/// What an object must satisfy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// Every part holds. Empty: always true.
    All(Vec<Condition>),
    /// At least one part holds.
    Any(Vec<Condition>),
    /// The part does not hold.
    Not(Box<Condition>),
    /// A field passes a test.
    Field(String, Test),
}

/// A test of one field's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Equal(Value),
    Less(Value),
    LessOrEqual(Value),
    Greater(Value),
    GreaterOrEqual(Value),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    /// SQL's pattern: `%` any text, `_` any character.
    Like(String),
    OneOf(Vec<Value>),
    Between(Value, Value),
    Empty,
}

impl Condition {
    /// Whether `lookup`, which finds a field's value by its name, satisfies the condition.
    pub(crate) fn holds(&self, lookup: &dyn Fn(&str) -> Option<Value>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(lookup)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(lookup)),
            Condition::Not(part) => !part.holds(lookup),
            Condition::Field(name, test) => test.passes(lookup(name).as_ref()),
        }
    }

    /// The names of the fields that the condition looks at.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().flat_map(Condition::fields).collect()
            }
            Condition::Not(part) => part.fields(),
            Condition::Field(name, _) => vec![name],
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null() && value.as_str() != Some(""));
        let Some(value) = value else {
            return match self {
                Test::Empty => true,
                Test::Equal(wanted) => wanted.is_null() || wanted.as_str() == Some(""),
                _ => false,
            };
        };
        let text = || as_text(value).to_lowercase();
        match self {
            Test::Empty => false,
            Test::Equal(wanted) => order(value, wanted) == std::cmp::Ordering::Equal,
            Test::Less(bound) => order(value, bound).is_lt(),
            Test::LessOrEqual(bound) => order(value, bound).is_le(),
            Test::Greater(bound) => order(value, bound).is_gt(),
            Test::GreaterOrEqual(bound) => order(value, bound).is_ge(),
            Test::Contains(part) => text().contains(&part.to_lowercase()),
            Test::StartsWith(part) => text().starts_with(&part.to_lowercase()),
            Test::EndsWith(part) => text().ends_with(&part.to_lowercase()),
            Test::Like(pattern) => like(&as_text(value), pattern),
            Test::OneOf(wanted) => wanted.iter().any(|one| order(value, one).is_eq()),
            Test::Between(low, high) => order(value, low).is_ge() && order(value, high).is_le(),
        }
    }
}

/// The order of two values: numbers by size, also when one is written as text; everything else as text without case.
pub(crate) fn order(left: &Value, right: &Value) -> std::cmp::Ordering {
    if let (Some(left), Some(right)) = (as_number(left), as_number(right)) {
        return left.total_cmp(&right);
    }
    as_text(left).to_lowercase().cmp(&as_text(right).to_lowercase())
}

/// A scalar as text: strings bare, everything else as JSON writes it.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
            text.parse().ok()
        }
        _ => None,
    }
}

fn like(text: &str, pattern: &str) -> bool {
    fn matches(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skipped| matches(&text[skipped..], rest)),
            Some(('_', rest)) => !text.is_empty() && matches(&text[1..], rest),
            Some((letter, rest)) => text.first() == Some(letter) && matches(&text[1..], rest),
        }
    }
    let characters = |text: &str| text.chars().collect::<Vec<_>>();
    matches(&characters(text), &characters(pattern))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(test: Test, value: Value, expected: bool) {
        let condition = Condition::Field("field".into(), test.clone());
        let lookup = |name: &str| (name == "field").then(|| value.clone());
        assert_eq!(condition.holds(&lookup), expected, "{test:?} on {value}");
    }

    #[test]
    fn a_test_compares_as_the_vendors_databases_do() {
        check(Test::Equal(json!(5)), json!("5"), true);
        check(Test::Equal(json!("Acme")), json!("ACME"), true);
        check(Test::Greater(json!("2026-01-31")), json!("2026-02-01"), true);
        check(Test::Greater(json!(9)), json!(10), true);
        check(Test::LessOrEqual(json!("10")), json!("9"), true);
        check(Test::Like("A%c".into()), json!("Abc"), true);
        check(Test::Like("A_".into()), json!("Abc"), false);
        check(Test::OneOf(vec![json!(1), json!(2)]), json!("2"), true);
        check(Test::Between(json!(1), json!(3)), json!(4), false);
        check(Test::Empty, Value::Null, true);
        check(Test::Equal(json!("")), Value::Null, true);
        check(Test::Less(json!(1)), Value::Null, false);
    }
}

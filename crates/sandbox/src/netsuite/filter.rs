//! The `q` parameter of a record collection: `companyName IS "Acme" AND id ANY_OF [1, 2]`.

use serde_json::Value;

use crate::condition::{Condition, Test, Token, Tokens, as_text};

/// Reads a filter; the error is the vendor's detail text.
pub(super) fn parse(text: &str) -> Result<Condition, String> {
    let mut tokens = Tokens::read(text)?;
    let condition = any(&mut tokens)?;
    if tokens.is_empty() {
        Ok(condition)
    } else {
        Err("AND or OR was expected between two conditions".to_owned())
    }
}

fn any(tokens: &mut Tokens) -> Result<Condition, String> {
    let mut parts = vec![all(tokens)?];
    while tokens.take_word("OR") {
        parts.push(all(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(tokens: &mut Tokens) -> Result<Condition, String> {
    let mut parts = vec![one(tokens)?];
    while tokens.take_word("AND") {
        parts.push(one(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn one(tokens: &mut Tokens) -> Result<Condition, String> {
    if tokens.take_sign("(") {
        let inner = any(tokens)?;
        tokens.sign(")")?;
        return Ok(inner);
    }
    let field = match tokens.next() {
        Some(Token::Word(word) | Token::Quoted(word)) => word,
        _ => return Err("a field name was expected".to_owned()),
    };
    let operator = tokens.word()?.to_ascii_uppercase();
    let (name, negated) = match operator.strip_suffix("_NOT") {
        Some(name) => (name, true),
        None => (operator.as_str(), false),
    };
    let condition = Condition::Field(field, test(name, tokens)?);
    Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

fn test(operator: &str, tokens: &mut Tokens) -> Result<Test, String> {
    Ok(match operator {
        "EMPTY" => Test::Empty,
        "IS" | "EQUAL" | "ON" => Test::Equal(value(tokens)?),
        "CONTAIN" => Test::Contains(as_text(&value(tokens)?)),
        "START_WITH" => Test::StartsWith(as_text(&value(tokens)?)),
        "END_WITH" => Test::EndsWith(as_text(&value(tokens)?)),
        "GREATER" | "AFTER" => Test::Greater(value(tokens)?),
        "GREATER_OR_EQUAL" | "ON_OR_AFTER" => Test::GreaterOrEqual(value(tokens)?),
        "LESS" | "BEFORE" => Test::Less(value(tokens)?),
        "LESS_OR_EQUAL" | "ON_OR_BEFORE" => Test::LessOrEqual(value(tokens)?),
        "ANY_OF" => Test::OneOf(list(tokens)?),
        "BETWEEN" | "WITHIN" => match <[Value; 2]>::try_from(list(tokens)?) {
            Ok([low, high]) => Test::Between(low, high),
            Err(_) => return Err(format!("the operator {operator} needs two values")),
        },
        other => return Err(format!("the operator {other} is not known")),
    })
}

fn value(tokens: &mut Tokens) -> Result<Value, String> {
    Ok(iso_date(tokens.value()?))
}

fn list(tokens: &mut Tokens) -> Result<Vec<Value>, String> {
    tokens.sign("[")?;
    let mut values = vec![value(tokens)?];
    while tokens.take_sign(",") {
        values.push(value(tokens)?);
    }
    tokens.sign("]")?;
    Ok(values)
}

/// Filters write dates as the account does, month first; records hold ISO dates.
fn iso_date(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [month, day, year] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            Value::String(format!("{year}-{month:0>2}-{day:0>2}"))
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(filter: &str, expected: bool) {
        let record = json!({"companyName": "Acme Ltd", "id": "7", "balance": 12.5, "created": "2026-02-01"});
        let condition = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(condition.holds(&|name| record.get(name).cloned()), expected, "{filter}");
    }

    #[test]
    fn filters_select_as_documented() {
        check(r#"companyName IS "Acme Ltd""#, true);
        check(r#"companyName START_WITH "Ac" AND id ANY_OF [6, 7]"#, true);
        check(r#"companyName CONTAIN_NOT "Ltd""#, false);
        check("balance BETWEEN [1, 13] AND NOTHING EMPTY", true);
        check(r#"created ON_OR_AFTER "2/1/2026""#, true);
        check(r#"(id EQUAL 1 OR id EQUAL 7) AND balance LESS 3"#, false);
    }

    #[test]
    fn a_filter_that_cannot_be_read_says_why() {
        for (filter, part) in [
            ("companyName", "a name was expected, found the end"),
            ("companyName RESEMBLES \"x\"", "RESEMBLES is not known"),
            ("companyName IS \"x", "not closed"),
            ("a IS 1 b IS 2", "AND or OR"),
            ("a BETWEEN [1]", "two values"),
        ] {
            let error = parse(filter).expect_err(filter);
            assert!(error.contains(part), "{filter}: {error}");
        }
    }
}

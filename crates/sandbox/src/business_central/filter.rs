//! OData's `$filter`, as far as Business Central answers it: comparisons, `and`, `or`, `not`, brackets and text functions.

use serde_json::Value;

use crate::condition::{Condition, Test, Token, Tokens, as_text};

/// Reads a filter; the error is the rest of the vendor's message.
pub(super) fn parse(text: &str) -> Result<Condition, String> {
    let mut tokens = Tokens::read(text)?;
    let condition = any(&mut tokens)?;
    if tokens.is_empty() { Ok(condition) } else { Err("Syntax error: an operator was expected".to_owned()) }
}

fn any(tokens: &mut Tokens) -> Result<Condition, String> {
    let mut parts = vec![all(tokens)?];
    while tokens.take_word("or") {
        parts.push(all(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(tokens: &mut Tokens) -> Result<Condition, String> {
    let mut parts = vec![one(tokens)?];
    while tokens.take_word("and") {
        parts.push(one(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn one(tokens: &mut Tokens) -> Result<Condition, String> {
    if tokens.take_word("not") {
        return Ok(Condition::Not(Box::new(one(tokens)?)));
    }
    if tokens.take_sign("(") {
        let inner = any(tokens)?;
        tokens.sign(")")?;
        return Ok(inner);
    }
    let name = tokens.word()?;
    if tokens.take_sign("(") {
        return function(&name, tokens);
    }
    let operator = tokens.word()?;
    let value = tokens.value()?;
    let field = |test| Condition::Field(name.clone(), test);
    Ok(match operator.as_str() {
        "eq" => field(Test::Equal(value)),
        "ne" => Condition::Not(Box::new(field(Test::Equal(value)))),
        "gt" => field(Test::Greater(value)),
        "ge" => field(Test::GreaterOrEqual(value)),
        "lt" => field(Test::Less(value)),
        "le" => field(Test::LessOrEqual(value)),
        other => return Err(format!("Syntax error: '{other}' is not an operator")),
    })
}

fn function(name: &str, tokens: &mut Tokens) -> Result<Condition, String> {
    let field = tokens.word()?;
    tokens.sign(",")?;
    let text = match tokens.next() {
        Some(Token::Quoted(text)) => as_text(&Value::String(text)),
        _ => return Err(format!("{name} needs text in quotes")),
    };
    tokens.sign(")")?;
    Ok(Condition::Field(
        field,
        match name {
            "contains" => Test::Contains(text),
            "startswith" => Test::StartsWith(text),
            "endswith" => Test::EndsWith(text),
            other => return Err(format!("An unknown function with name '{other}' was found.")),
        },
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(filter: &str, expected: bool) {
        let record = json!({"number": "CU-1", "displayName": "O'Neil & Sons", "balanceDue": 10, "blocked": " ",
            "lastModifiedDateTime": "2026-03-01T10:00:00Z", "id": "26814998-936a-401c-81c1-0e848a64971d"});
        let condition = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(condition.holds(&|name| record.get(name).cloned()), expected, "{filter}");
    }

    #[test]
    fn filters_select_as_odata_says() {
        check("number eq 'CU-1'", true);
        check("displayName eq 'O''Neil & Sons' and balanceDue gt 9", true);
        check("lastModifiedDateTime gt 2026-03-01T09:59:59.5Z", true);
        check("id eq 26814998-936a-401c-81c1-0e848a64971d", true);
        check("not startswith(number,'CU') or number ne 'CU-1'", false);
        check("(number eq 'X' or contains(displayName,'neil')) and balanceDue le 10", true);
    }

    #[test]
    fn a_filter_that_cannot_be_read_says_why() {
        for (filter, part) in [
            ("number is 'x'", "'is' is not an operator"),
            ("length(number,'x')", "unknown function"),
            ("number eq", "the end"),
            ("number eq 'a' number eq 'b'", "an operator was expected"),
        ] {
            let error = parse(filter).expect_err(filter);
            assert!(error.contains(part), "{filter}: {error}");
        }
    }
}

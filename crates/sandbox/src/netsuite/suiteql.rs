//! SuiteQL, a small part of it: `SELECT columns FROM table [WHERE condition] [ORDER BY columns]` over one table.
//!
//! Every value of a result is text or number as stored, names are lower case and columns without a value are left out,
//! as the real service answers. Joins, subqueries and functions other than TO_DATE, TO_TIMESTAMP and COUNT(*) are refused.

use serde_json::{Map, Value};

use crate::condition::{Condition, Test, Token, Tokens, as_text, order};

/// A query that has been read.
#[derive(Debug)]
pub(super) struct Query {
    columns: Vec<Column>,
    /// The table's name in lower case.
    pub(super) table: String,
    condition: Condition,
    /// Fields to sort by and whether downwards.
    sorting: Vec<(String, bool)>,
}

#[derive(Debug, PartialEq)]
enum Column {
    Everything,
    Count(String),
    Field { name: String, shown_as: String },
}

/// Reads a query; the error is the rest of the vendor's detail text.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut tokens = Tokens::read(text)?;
    if !tokens.take_word("SELECT") {
        return Err("Only SELECT statements are supported".to_owned());
    }
    let columns = columns(&mut tokens)?;
    if !tokens.take_word("FROM") {
        return Err("FROM was expected after the columns".to_owned());
    }
    let table = tokens.word()?.to_ascii_lowercase();
    let condition = if tokens.take_word("WHERE") { any(&mut tokens)? } else { Condition::All(Vec::new()) };
    let sorting = if tokens.take_word("ORDER") { sorting(&mut tokens)? } else { Vec::new() };
    tokens.take_sign(";");
    if tokens.is_empty() {
        Ok(Query { columns, table, condition, sorting })
    } else {
        Err("Unexpected text after the query".to_owned())
    }
}

impl Query {
    /// The lines of the result from the table's rows, whose keys are lower case.
    pub(super) fn run(&self, rows: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
        let mut rows: Vec<_> =
            rows.into_iter().filter(|row| self.condition.holds(&|name| row.get(name).cloned())).collect();
        if let [Column::Count(shown_as)] = self.columns.as_slice() {
            return vec![Map::from_iter([(shown_as.clone(), Value::String(rows.len().to_string()))])];
        }
        rows.sort_by(|left, right| self.compare(left, right));
        rows.into_iter().map(|row| self.line(&row)).collect()
    }

    /// The names of the columns that the query looks at.
    pub(super) fn fields(&self) -> Vec<&str> {
        let columns = self.columns.iter().filter_map(|column| match column {
            Column::Field { name, .. } => Some(name.as_str()),
            Column::Everything | Column::Count(_) => None,
        });
        let sorting = self.sorting.iter().map(|(name, _)| name.as_str());
        columns.chain(self.condition.fields()).chain(sorting).collect()
    }

    fn compare(&self, left: &Map<String, Value>, right: &Map<String, Value>) -> std::cmp::Ordering {
        let of = |row: &Map<String, Value>, name: &str| row.get(name).cloned().unwrap_or_default();
        self.sorting.iter().fold(std::cmp::Ordering::Equal, |decided, (name, downwards)| {
            decided.then_with(|| {
                let found = order(&of(left, name), &of(right, name));
                if *downwards { found.reverse() } else { found }
            })
        })
    }

    fn line(&self, row: &Map<String, Value>) -> Map<String, Value> {
        let mut line = Map::new();
        for column in &self.columns {
            match column {
                Column::Everything => {
                    line.extend(row.iter().map(|(name, value)| (name.clone(), text(value))))
                }
                Column::Field { name, shown_as } => {
                    line.extend(row.get(name).map(|value| (shown_as.clone(), text(value))));
                }
                Column::Count(_) => {}
            }
        }
        line.retain(|_, value| !value.is_null());
        line
    }
}

/// SuiteQL answers everything as text, and flags as T and F.
fn text(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(true) => "T".into(),
        Value::Bool(false) => "F".into(),
        other => as_text(other).into(),
    }
}

fn columns(tokens: &mut Tokens) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    loop {
        columns.push(column(tokens)?);
        if !tokens.take_sign(",") {
            break;
        }
    }
    let counts = columns.iter().filter(|column| matches!(column, Column::Count(_))).count();
    if counts > 0 && columns.len() > 1 {
        return Err("COUNT(*) beside other columns needs GROUP BY, which is not supported".to_owned());
    }
    Ok(columns)
}

fn column(tokens: &mut Tokens) -> Result<Column, String> {
    if tokens.take_sign("*") {
        return Ok(Column::Everything);
    }
    let name = tokens.word()?.to_ascii_lowercase();
    let count = name == "count" && tokens.take_sign("(");
    if count {
        tokens.sign("*")?;
        tokens.sign(")")?;
    }
    let renamed = if tokens.take_word("AS") { Some(tokens.word()?.to_ascii_lowercase()) } else { None };
    Ok(match (count, renamed) {
        (true, renamed) => Column::Count(renamed.unwrap_or_else(|| "expr1".to_owned())),
        (false, renamed) => Column::Field { shown_as: renamed.unwrap_or_else(|| name.clone()), name },
    })
}

fn sorting(tokens: &mut Tokens) -> Result<Vec<(String, bool)>, String> {
    if !tokens.take_word("BY") {
        return Err("BY was expected after ORDER".to_owned());
    }
    let mut sorting = Vec::new();
    loop {
        let name = tokens.word()?.to_ascii_lowercase();
        let downwards = tokens.take_word("DESC");
        if !downwards {
            tokens.take_word("ASC");
        }
        sorting.push((name, downwards));
        if !tokens.take_sign(",") {
            return Ok(sorting);
        }
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
    if tokens.take_word("NOT") {
        return Ok(Condition::Not(Box::new(one(tokens)?)));
    }
    if tokens.take_sign("(") {
        let inner = any(tokens)?;
        tokens.sign(")")?;
        return Ok(inner);
    }
    let name = tokens.word()?.to_ascii_lowercase();
    let (test, negated) = test(tokens)?;
    let condition = Condition::Field(name, test);
    Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

/// The test after a column's name, and whether it is turned round.
fn test(tokens: &mut Tokens) -> Result<(Test, bool), String> {
    if tokens.take_word("IS") {
        let negated = tokens.take_word("NOT");
        return if tokens.take_word("NULL") {
            Ok((Test::Empty, negated))
        } else {
            Err("NULL was expected after IS".to_owned())
        };
    }
    let negated = tokens.take_word("NOT");
    if tokens.take_word("IN") {
        tokens.sign("(")?;
        let mut values = vec![value(tokens)?];
        while tokens.take_sign(",") {
            values.push(value(tokens)?);
        }
        tokens.sign(")")?;
        return Ok((Test::OneOf(values), negated));
    }
    if tokens.take_word("LIKE") {
        return Ok((Test::Like(as_text(&value(tokens)?)), negated));
    }
    if tokens.take_word("BETWEEN") {
        let low = value(tokens)?;
        if !tokens.take_word("AND") {
            return Err("AND was expected after BETWEEN and its first value".to_owned());
        }
        return Ok((Test::Between(low, value(tokens)?), negated));
    }
    let Some(Token::Sign(operator)) = tokens.next() else {
        return Err("a comparison was expected".to_owned());
    };
    let value = value(tokens)?;
    match operator.as_str() {
        "=" => Ok((Test::Equal(value), negated)),
        "!=" | "<>" => Ok((Test::Equal(value), !negated)),
        "<" => Ok((Test::Less(value), negated)),
        "<=" => Ok((Test::LessOrEqual(value), negated)),
        ">" => Ok((Test::Greater(value), negated)),
        ">=" => Ok((Test::GreaterOrEqual(value), negated)),
        other => Err(format!("'{other}' is not a comparison")),
    }
}

fn value(tokens: &mut Tokens) -> Result<Value, String> {
    if tokens.take_word("TO_DATE") || tokens.take_word("TO_TIMESTAMP") {
        tokens.sign("(")?;
        let date = tokens.value()?;
        tokens.sign(",")?;
        tokens.value()?;
        tokens.sign(")")?;
        return Ok(date);
    }
    tokens.value()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Map<String, Value>> {
        let rows = json!([
            {"id": "1", "companyname": "Acme", "externalid": "CU-1", "isinactive": false, "lastmodifieddate": "2026-01-31"},
            {"id": "2", "companyname": "Bell", "externalid": null, "isinactive": true, "lastmodifieddate": "2026-02-28"},
        ]);
        rows.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    fn check(query: &str, expected: Value) {
        let parsed = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(json!(parsed.run(rows())), expected, "{query}");
    }

    #[test]
    fn queries_answer_as_suiteql_does() {
        check("SELECT id FROM customer ORDER BY id DESC", json!([{"id": "2"}, {"id": "1"}]));
        check("select count(*) as total from customer where companyName like 'A%'", json!([{"total": "1"}]));
        check(
            "SELECT companyName AS name, isInactive FROM Customer WHERE externalId = 'CU-1'",
            json!([{"name": "Acme", "isinactive": "F"}]),
        );
        check("SELECT id, externalId FROM customer WHERE externalid IS NULL", json!([{"id": "2"}]));
        check(
            "SELECT id FROM customer WHERE lastModifiedDate >= TO_DATE('2026-02-01', 'YYYY-MM-DD')",
            json!([{"id": "2"}]),
        );
        check(
            "SELECT id FROM customer WHERE id NOT IN (2, 3) AND NOT (companyname = 'Bell')",
            json!([{"id": "1"}]),
        );
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for (query, part) in [
            ("DELETE FROM customer", "Only SELECT"),
            ("SELECT id customer", "FROM was expected"),
            ("SELECT id FROM customer GROUP BY id", "Unexpected text"),
            ("SELECT id, COUNT(*) FROM customer", "GROUP BY"),
            ("SELECT id FROM customer WHERE id", "a comparison was expected"),
        ] {
            let error = parse(query).expect_err(query);
            assert!(error.contains(part), "{query}: {error}");
        }
    }
}

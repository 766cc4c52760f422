//! Facts from a record: texts, days and amounts, each with its field when it is wrong.

use serde_json::Value;
use throughline_model::{Amount, Currency, Day, Problem};

/// Where in a record one stands.
#[derive(Debug, Clone)]
pub(super) struct At<'v> {
    value: &'v Value,
    path: String,
}

static NOTHING: Value = Value::Null;

impl<'v> At<'v> {
    pub(super) fn of(value: &'v Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A field of an object; null when there is none.
    pub(super) fn get(&self, name: &str) -> Self {
        Self { value: self.value.get(name).unwrap_or(&NOTHING), path: format!("{}/{name}", self.path) }
    }

    /// The elements of an array that are not null; none when it is no array.
    pub(super) fn each(&self) -> impl Iterator<Item = At<'v>> + use<'v> {
        let path = self.path.clone();
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .enumerate()
            .filter(|(_, v)| !v.is_null())
            .map(move |(i, value)| At { value, path: format!("{path}/{i}") })
    }

    pub(super) fn value(&self) -> &'v Value {
        self.value
    }

    pub(super) fn is_there(&self) -> bool {
        match self.value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        }
    }

    /// A problem of this field.
    pub(super) fn problem(&self, reason: impl Into<String>) -> Problem {
        Problem::new(self.path.clone(), reason)
    }

    /// Text without space around it; a number counts as text, as registers write ids either way.
    pub(super) fn text(&self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Text that has to be there.
    pub(super) fn needed(&self, what: &str) -> Result<String, Problem> {
        self.text().ok_or_else(|| self.problem(format!("missing; {what}")))
    }

    /// A day, with or without a time behind it: registers write midnight of their own zone, whose date is the day meant.
    pub(super) fn day(&self) -> Result<Option<Day>, Problem> {
        let Some(text) = self.text() else { return Ok(None) };
        let date = match text.as_bytes().get(10) {
            None => text.as_str(),
            Some(b'T' | b't' | b' ' | b'+' | b'-' | b'Z') => text.get(..10).unwrap_or(&text),
            Some(_) => &text,
        };
        date.parse().map(Some).map_err(|error| self.problem(format!("{error}")))
    }

    /// An amount.
    pub(super) fn amount(&self) -> Result<Option<Amount>, Problem> {
        let text = match self.value {
            Value::Number(number) if number.is_f64() => format!("{}", number.as_f64().unwrap_or_default()),
            Value::Null => return Ok(None),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(self.problem("no decimal number; expected the like of 1234.50"));
            }
            _ => match self.text() {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        text.parse().map(Some).map_err(|error| self.problem(format!("{error}")))
    }

    /// What a contract is worth. Registers write 0 where they do not know: that is no value to bill by.
    pub(super) fn worth(&self) -> Result<Option<Amount>, Problem> {
        Ok(self.amount()?.filter(|amount| *amount > Amount::ZERO))
    }

    /// A currency.
    pub(super) fn currency(&self) -> Result<Option<Currency>, Problem> {
        let Some(code) = self.text() else { return Ok(None) };
        code.parse().map(Some).map_err(|error| self.problem(format!("{error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn days_have_times_behind_them_or_not() {
        let check = |text: Value, want: Result<Option<&str>, &str>| {
            let value = json!({ "d": text });
            let got = At::of(&value).get("d").day();
            match (got, want) {
                (Ok(got), Ok(want)) => assert_eq!(got.map(|d| d.to_string()).as_deref(), want, "{text}"),
                (Err(got), Err(want)) => assert!(got.field == "/d" && got.reason.contains(want), "{got:?}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        };
        check(json!("2015-02-20T06:00:00.000Z"), Ok(Some("2015-02-20")));
        check(json!("2019-01-15+01:00"), Ok(Some("2019-01-15")));
        check(json!("2019-01-15"), Ok(Some("2019-01-15")));
        check(json!(""), Ok(None));
        check(json!(null), Ok(None));
        check(json!("0218-12-21"), Err("year 218 is out of range"));
        check(json!("2019-02-30"), Err("no date"));
        check(json!("15/01/2019"), Err("no date"));
        check(json!("2019-01-15é"), Err("no date"));
        check(json!(20190115), Err("no date"));
    }

    #[test]
    fn amounts_are_numbers_or_text() {
        let check = |amount: Value, want: Result<Option<&str>, &str>| {
            let value = json!({ "a": amount });
            let got = At::of(&value).get("a").amount();
            match (got, want) {
                (Ok(got), Ok(want)) => assert_eq!(got.map(|a| a.to_string()).as_deref(), want, "{amount}"),
                (Err(got), Err(want)) => assert!(got.field == "/a" && got.reason.contains(want), "{got:?}"),
                (got, want) => panic!("{amount}: {got:?}, not {want:?}"),
            }
        };
        check(json!(550000), Ok(Some("550000")));
        check(json!(7359204570.23), Ok(Some("7359204570.23")));
        check(json!("623386.00"), Ok(Some("623386.00")));
        check(json!(null), Ok(None));
        check(json!(" "), Ok(None));
        check(json!(1e300), Err("out of range"));
        check(json!("12,50"), Err("no decimal number"));
        check(json!({"amount": 1}), Err("no decimal number"));
    }

    #[test]
    fn nothing_and_less_are_no_worth() {
        for amount in [json!(0), json!(0.0), json!(-5), json!(null)] {
            assert_eq!(At::of(&amount).worth(), Ok(None), "{amount}");
        }
    }
}

//! The machine's values: jq's own, so that nothing is converted between one task and the next, and copies are cheap.
//!
//! JSON comes in and goes out only at the edges: inputs, call arguments, events, outputs, snapshots.

use jaq_json::{Map, Num, Val};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Number, Value};

/// Integers a 64-bit float holds exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A shared, immutable JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data(pub(crate) Val);

impl Default for Data {
    fn default() -> Self {
        Self(Val::Null)
    }
}

impl Data {
    pub(crate) fn from_json(value: &Value) -> Self {
        Self(from_json(value))
    }

    pub(crate) fn to_json(&self) -> Value {
        to_json(&self.0)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.0, Val::Null)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, to)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Val::deserialize(from).map(Self)
    }
}

/// A text value.
pub(crate) fn text(s: &str) -> Val {
    Val::utf8_str(s.as_bytes().to_vec())
}

/// An object of a few named fields.
pub(crate) fn object<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::obj(fields.into_iter().map(|(k, v)| (text(k), v)).collect())
}

/// The text of a text value.
pub(crate) fn as_text(value: &Val) -> Option<&str> {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A field of an object.
pub(crate) fn field<'a>(value: &'a Val, name: &str) -> Option<&'a Val> {
    match value {
        Val::Obj(fields) => fields.get(&text(name)),
        _ => None,
    }
}

pub(crate) fn from_json(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(n) => number(n),
        Value::String(s) => text(s),
        Value::Array(items) => items.iter().map(from_json).collect(),
        Value::Object(fields) => {
            let mut map = Map::with_capacity_and_hasher(fields.len(), Default::default());
            for (key, value) in fields {
                map.insert(text(key), from_json(value));
            }
            Val::obj(map)
        }
    }
}

fn number(n: &Number) -> Val {
    if let Some(i) = n.as_i64().and_then(|i| isize::try_from(i).ok()) {
        return Val::from(i);
    }
    match n.as_u64().and_then(|u| usize::try_from(u).ok()) {
        Some(u) => Val::from(u),
        None => Val::from(n.as_f64().unwrap_or(f64::NAN)),
    }
}

pub(crate) fn to_json(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(n) => to_number(n).map_or(Value::Null, Value::Number),
        Val::TStr(bytes) | Val::BStr(bytes) => Value::String(lossy(bytes).into_owned()),
        Val::Arr(items) => Value::Array(items.iter().map(to_json).collect()),
        Val::Obj(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (key(k).into_owned(), to_json(v))).collect())
        }
    }
}

/// jq has one kind of number: a whole float is written as an integer, and what JSON can't write becomes null.
fn to_number(n: &Num) -> Option<Number> {
    match n {
        Num::Int(i) => Some(Number::from(*i)),
        Num::Float(f) => float(*f),
        Num::BigInt(i) => {
            let digits = i.to_string();
            digits.parse::<u64>().map(Number::from).ok().or_else(|| float(digits.parse().ok()?))
        }
        Num::Dec(digits) => float(digits.parse().ok()?),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within range")]
fn float(f: f64) -> Option<Number> {
    if f.fract() == 0.0 && f.abs() < EXACT_MAX {
        return Some(Number::from(f as i64));
    }
    Number::from_f64(f)
}

/// Text is nearly always whole; checking that is cheaper than looking for what is not.
fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Into::into)
}

fn key(key: &Val) -> std::borrow::Cow<'_, str> {
    match key {
        Val::TStr(bytes) | Val::BStr(bytes) => lossy(bytes),
        other => other.to_string().into(),
    }
}

fn serialize<S: Serializer>(value: &Val, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Val::Null => to.serialize_unit(),
        Val::Bool(b) => to.serialize_bool(*b),
        Val::Num(n) => match to_number(n) {
            Some(n) => n.serialize(to),
            None => to.serialize_unit(),
        },
        Val::TStr(bytes) | Val::BStr(bytes) => to.serialize_str(&lossy(bytes)),
        Val::Arr(items) => {
            let mut seq = to.serialize_seq(Some(items.len()))?;
            for item in items.iter() {
                seq.serialize_element(&Borrowed(item))?;
            }
            seq.end()
        }
        Val::Obj(fields) => {
            let mut map = to.serialize_map(Some(fields.len()))?;
            for (k, v) in fields.iter() {
                map.serialize_entry(&*key(k), &Borrowed(v))?;
            }
            map.end()
        }
    }
}

/// Writes a value's JSON text: what serialising it gives, in less time.
pub(crate) fn write(value: &Val, out: &mut Vec<u8>) {
    match value {
        Val::Null => out.extend_from_slice(b"null"),
        Val::Bool(true) => out.extend_from_slice(b"true"),
        Val::Bool(false) => out.extend_from_slice(b"false"),
        Val::Num(n) => written(out, &to_number(n)),
        Val::TStr(bytes) | Val::BStr(bytes) => write_text(bytes, out),
        Val::Arr(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Val::Obj(fields) => {
            out.push(b'{');
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                match name {
                    Val::TStr(bytes) | Val::BStr(bytes) => write_text(bytes, out),
                    other => written(out, &other.to_string()),
                }
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Most text is written as it stands.
fn write_text(bytes: &[u8], out: &mut Vec<u8>) {
    // Without a way out of the loop, several bytes are looked at at once.
    let plain =
        bytes.iter().fold(true, |plain, b| plain & matches!(b, b' '..=b'~') & !matches!(b, b'"' | b'\\'));
    if plain {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        written(out, &lossy(bytes));
    }
}

fn written(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("memory takes any plain value");
}

struct Borrowed<'a>(&'a Val);

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_comes_back_as_it_was() {
        let value = json!({
            "a": [1, -1, 1.5, null, true, "ü\u{0}", "\"\\\u{7f}", {}], "max": u64::MAX, "min": i64::MIN, "z": {"b": 1, "a": 2},
        });
        assert_eq!(to_json(&from_json(&value)), value);
        let data = Data::from_json(&value);
        let text = serde_json::to_string(&data).unwrap();
        assert_eq!(text, value.to_string());
        assert_eq!(serde_json::from_str::<Data>(&text).unwrap(), data);
        let mut written = Vec::new();
        write(&data.0, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), text);
    }

    #[test]
    fn numbers_json_has_no_word_for() {
        assert_eq!(to_json(&Val::from(f64::NAN)), json!(null));
        assert_eq!(to_json(&Val::from(f64::INFINITY)), json!(null));
        assert_eq!(to_json(&Val::from(5.0)), json!(5));
        assert_eq!(serde_json::to_string(&Data(Val::from(5.0))).unwrap(), "5");
    }
}

//! Small things `adapter.yaml` is written with: regular expressions, JSON pointers, sets of statuses, durations.

use std::time::Duration;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(regex::Regex);

/// The most memory a compiled expression may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl Pattern {
    /// Compiles one.
    ///
    /// # Errors
    /// In words, where it is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let built = regex::RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
        built.map(Self).map_err(|error| error.to_string())
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<regex::Captures<'t>> {
        self.0.captures(text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A JSON pointer; the token `*` stands for every element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads one.
    ///
    /// # Errors
    /// When it does not begin with a slash.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let rest =
            text.strip_prefix('/').ok_or_else(|| format!("{text:?} is no JSON pointer: it begins with /"))?;
        Ok(Self(rest.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// Every value it points at.
    pub(crate) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut at = vec![value];
        for token in &self.0 {
            at = at.into_iter().flat_map(|v| step(v, token)).collect();
        }
        at
    }

    /// The first value it points at, as text.
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        self.all(value).into_iter().find_map(|v| match v {
            Value::String(s) if !s.is_empty() => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        })
    }
}

fn step<'v>(value: &'v Value, token: &str) -> Vec<&'v Value> {
    match value {
        Value::Array(items) if token == "*" => items.iter().collect(),
        Value::Array(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)).into_iter().collect(),
        Value::Object(fields) => fields.get(token).into_iter().collect(),
        _ => Vec::new(),
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Statuses: a number, a class such as `5xx`, or a list of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<(u16, u16)>);

impl StatusSet {
    /// Whether it holds a status.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }

    /// Whether it holds one that says the request succeeded.
    pub(crate) fn touches_success(&self) -> bool {
        self.0.iter().any(|(from, to)| *from < 300 && *to >= 200)
    }

    fn range(text: &str) -> Result<(u16, u16), String> {
        let class =
            text.strip_suffix("xx").and_then(|c| c.parse::<u16>().ok()).filter(|c| (1..=5).contains(c));
        match class {
            Some(class) => Ok((class * 100, class * 100 + 99)),
            None => Self::number(text.parse().unwrap_or_default())
                .map_err(|_| format!("{text:?} is no status; write 404 or 4xx")),
        }
    }

    fn number(number: u64) -> Result<(u16, u16), String> {
        u16::try_from(number)
            .ok()
            .filter(|n| (100..600).contains(n))
            .map(|n| (n, n))
            .ok_or_else(|| format!("{number} is no HTTP status"))
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Statuses;
        impl<'de> Visitor<'de> for Statuses {
            type Value = StatusSet;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a status, a class such as 5xx, or a list of them")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<StatusSet, E> {
                StatusSet::number(number).map(|r| StatusSet(vec![r])).map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<StatusSet, E> {
                self.visit_u64(u64::try_from(number).unwrap_or_default())
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StatusSet, E> {
                StatusSet::range(text).map(|r| StatusSet(vec![r])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<StatusSet, A::Error> {
                let mut ranges = Vec::new();
                while let Some(StatusSet(more)) = seq.next_element()? {
                    ranges.extend(more);
                }
                Ok(StatusSet(ranges))
            }
        }
        deserializer.deserialize_any(Statuses)
    }
}

/// Reads a duration such as `30s`, `5m` or `PT1H`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = || D::Error::custom(format!("{text:?} is no duration; write 30s, 5m or PT1H"));
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
    Duration::try_from(parsed).map_err(|_| refuse())
}

/// The same, for a field that may be absent.
pub(super) fn duration_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_point_with_and_without_a_star() {
        let value = serde_json::json!({"o:errorDetails": [{"o:errorCode": "A"}, {"o:errorCode": "B"}], "n": 7, "a/b": "x"});
        let check = |pointer: &str, want: Option<&str>| {
            assert_eq!(Pointer::parse(pointer).unwrap().text(&value).as_deref(), want, "{pointer}");
        };
        check("/o:errorDetails/1/o:errorCode", Some("B"));
        check("/o:errorDetails/*/o:errorCode", Some("A"));
        check("/n", Some("7"));
        check("/a~1b", Some("x"));
        check("/n/deeper", None);
        assert!(Pointer::parse("n").is_err());
    }

    #[test]
    fn statuses_are_numbers_classes_or_lists() {
        let check = |yaml: &str, holds: &[u16], lacks: &[u16]| {
            let set: StatusSet = serde_saphyr::from_str(yaml).unwrap();
            assert!(holds.iter().all(|s| set.contains(*s)), "{yaml}");
            assert!(!lacks.iter().any(|s| set.contains(*s)), "{yaml}");
        };
        check("404", &[404], &[403, 405]);
        check("5xx", &[500, 599], &[499]);
        check("[400, 5xx]", &[400, 503], &[404]);
        for bad in ["7xx", "99", "abc", "[404, -1]", "{a: 1}"] {
            assert!(serde_saphyr::from_str::<StatusSet>(bad).is_err(), "{bad}");
        }
    }
}

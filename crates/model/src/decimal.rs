//! Decimal numbers, written as text in JSON so that no reader turns them into binary fractions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// No amount, quantity, share or percentage is larger than this, either way.
pub(crate) const ABSOLUTE_MAX: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);
/// Digits before the point, and after it.
const WHOLE_DIGITS_MAX: usize = 16;
const FRACTION_DIGITS_MAX: usize = 12;
/// Characters of a text that a message repeats.
const QUOTED_CHARS_MAX: usize = 40;

const PATTERN: &str = "^-?[0-9]{1,16}(\\.[0-9]{1,12})?$";
const EXAMPLE: &str = "expected a decimal number as text, the like of \"1234.50\"";

/// An amount of money whose currency stands elsewhere, usually on the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(Decimal);

/// A number that is not money: hours, a share, a percentage, a multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(Decimal);

/// Why a text or a number is not a decimal of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADecimal {
    /// It is no number.
    #[error("{0:?} is no decimal number; {EXAMPLE}")]
    Shape(String),
    /// It has absurdly many digits.
    #[error("a number of {0} digits is out of range; the most is {ABSOLUTE_MAX} either way")]
    Digits(usize),
    /// It is absurdly large.
    #[error("{0} is out of range; the most is {ABSOLUTE_MAX} either way")]
    Range(Decimal),
}

fn parse(text: &str) -> Result<Decimal, NotADecimal> {
    let wrong = || NotADecimal::Shape(text.chars().take(QUOTED_CHARS_MAX).collect());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeral = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !numeral(whole) || !numeral(fraction) || fraction.len() > FRACTION_DIGITS_MAX {
        return Err(wrong());
    }
    let significant = whole.trim_start_matches('0').len();
    if significant > WHOLE_DIGITS_MAX {
        return Err(NotADecimal::Digits(significant));
    }
    Decimal::from_str_exact(text).map_err(|_| wrong()).and_then(bounded)
}

fn bounded(value: Decimal) -> Result<Decimal, NotADecimal> {
    if value.abs() <= ABSOLUTE_MAX { Ok(value) } else { Err(NotADecimal::Range(value)) }
}

fn schema() -> Schema {
    json_schema!({ "type": "string", "pattern": PATTERN, "examples": ["1234.50"] })
}

/// Text only: a JSON number has already lost its exact value with many writers.
fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    parse(&Cow::<'de, str>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount within range.
    ///
    /// # Errors
    /// [`NotADecimal::Range`].
    pub fn of(value: Decimal) -> Result<Self, NotADecimal> {
        bounded(value).map(Self)
    }

    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Sums amounts.
    ///
    /// # Errors
    /// [`NotADecimal::Range`] when the sum is absurdly large.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, NotADecimal> {
        amounts.into_iter().try_fold(Self::ZERO, |sum, a| Self::of(sum.0 + a.0))
    }
}

impl Quantity {
    /// A quantity within range.
    ///
    /// # Errors
    /// [`NotADecimal::Range`].
    pub fn of(value: Decimal) -> Result<Self, NotADecimal> {
        bounded(value).map(Self)
    }

    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self)
    }
}

impl FromStr for Quantity {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema()
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_text_and_within_reason() {
        let check = |text: &str, want: Result<&str, &str>| match (text.parse::<Amount>(), want) {
            (Ok(got), Ok(want)) => assert_eq!(got.to_string(), want),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{text}: {got}"),
            (got, want) => panic!("{text}: {got:?} {want:?}"),
        };
        check("1234.50", Ok("1234.50"));
        check("-0.005", Ok("-0.005"));
        check("000000000000000000000007", Ok("7"));
        check("1000000000000000", Ok("1000000000000000"));
        check("1000000000000000.01", Err("out of range"));
        check("99999999999999999999999999999999999", Err("35 digits is out of range"));
        check(&"9".repeat(100_000), Err("out of range"));
        for wrong in ["", "-", ".5", "5.", "1e3", "+1", "1,000", " 1", "NaN", "٣", "0.1234567890123"] {
            check(wrong, Err("no decimal number"));
        }
        assert!(serde_json::from_str::<Amount>("12.5").is_err());
        assert_eq!(ABSOLUTE_MAX, Decimal::from(1_000_000_000_000_000_i64));
    }
}

//! Local dates, within reason.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The earliest year a date may have.
pub const YEAR_MIN: i16 = 1900;
/// The latest year a date may have.
pub const YEAR_MAX: i16 = 2200;

/// A local date of a year between [`YEAR_MIN`] and [`YEAR_MAX`], written `2026-01-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// Why a text or a date is not a [`Day`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADay {
    /// It is no date.
    #[error("{0:?} is no date; expected the like of 2026-01-31")]
    Shape(String),
    /// It is too far away.
    #[error("year {0} is out of range; expected {YEAR_MIN} to {YEAR_MAX}")]
    Range(i16),
}

impl Day {
    /// A date within range.
    ///
    /// # Errors
    /// [`NotADay::Range`].
    pub fn of(date: Date) -> Result<Self, NotADay> {
        if (YEAR_MIN..=YEAR_MAX).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(NotADay::Range(date.year()))
        }
    }

    /// The date.
    pub fn date(self) -> Date {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotADay::Shape(text.chars().take(40).collect());
        let bytes = text.as_bytes();
        // The parser takes times, offsets and signs as well; a date in a record has ten characters.
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong());
        }
        Self::of(text.parse().map_err(|_| wrong())?)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$|^2200-[0-9]{2}-[0-9]{2}$" })
    }
}

//! Identifiers of runs and of places in the log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32, without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 13;

/// A run: 63 bits that rise with time. Written as 13 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0_u8; DIGITS];
        let mut rest = self.0 as u64;
        for digit in digits.iter_mut().rev() {
            *digit = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

/// Text that is no run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a run id; one has 13 characters, as `throughline runs` shows them")]
pub struct NotARunId(String);

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotARunId(text.chars().take(40).collect());
        if text.len() != DIGITS {
            return Err(wrong());
        }
        let mut id: u64 = 0;
        for c in text.bytes() {
            let digit = ALPHABET.iter().position(|a| *a == c.to_ascii_uppercase()).ok_or_else(wrong)?;
            id = id.checked_mul(32).and_then(|i| i.checked_add(digit as u64)).ok_or_else(wrong)?;
        }
        i64::try_from(id).map(Self).map_err(|_| wrong())
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A place in the event log; the first event has 1, the default stands before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_read_back_and_sort_as_text() {
        for id in [0, 1, 31, 32, 1 << 40, i64::MAX] {
            assert_eq!(RunId(id).to_string().parse(), Ok(RunId(id)));
        }
        assert!(RunId(99).to_string() < RunId(100).to_string());
        for wrong in ["", "abc", "ZZZZZZZZZZZZZ", "0000000000ü0", "000000000000U"] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }
}

//! The body of an HTTP call, as the machine has it.

use std::fmt;

use jaq_json::Val;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::{self, Data};

/// Room that most bodies find enough.
const TEXT_BYTES_USUAL: usize = 2 << 10;

/// A JSON value that is written out without being copied into another form first.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(pub(crate) Data);

impl Body {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Whether it is a text or an object, which may be written in other ways than as JSON.
    pub fn is_text_or_object(&self) -> bool {
        matches!(self.0.0, Val::TStr(_) | Val::BStr(_) | Val::Obj(_))
    }

    /// The value.
    pub fn to_json(&self) -> Value {
        self.0.to_json()
    }

    /// Its JSON text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(TEXT_BYTES_USUAL);
        data::write(&self.0.0, &mut text);
        text
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_text_of_its_value() {
        let value = serde_json::json!({ "b": [1, "ü\n", null, 1.5], "a": { "z": true, "y": {} } });
        let body = Body(Data::from_json(&value));
        assert_eq!(body.to_bytes(), value.to_string().into_bytes());
        assert_eq!(body.to_json(), value);
        assert!(body.is_text_or_object() && !body.is_null());
        assert!(Body(Data::default()).is_null());
    }
}

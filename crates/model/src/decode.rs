//! JSON into a type, naming the field that is wrong.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Problem;

/// Reads a value as `T`.
///
/// # Errors
/// The first field that does not fit, as a JSON pointer, and why.
pub fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = pointer(error.path());
        Problem { field, reason: error.into_inner().to_string() }
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

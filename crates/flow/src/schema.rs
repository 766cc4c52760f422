//! JSON Schemas of inputs, outputs and exports.

use jaq_json::Val;
use serde_json::Value;

use crate::{Error, data};

/// Problems named in one error.
const PROBLEMS_MAX: usize = 5;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: jsonschema::Validator,
}

impl Schema {
    /// Compiles a schema; 2020-12 unless it says otherwise.
    pub(crate) fn compile(document: &Value) -> Result<Self, String> {
        let validator = jsonschema::validator_for(document).map_err(|e| e.to_string())?;
        Ok(Self { validator })
    }

    /// Holds a value against the schema. `what` names the value in the error.
    pub(crate) fn check(&self, value: &Val, what: &str) -> Result<(), Error> {
        let value = data::to_json(value);
        let mut errors = self.validator.iter_errors(&value);
        let problems: Vec<String> = errors
            .by_ref()
            .take(PROBLEMS_MAX)
            .map(|e| match e.instance_path().to_string() {
                root if root.is_empty() => e.to_string(),
                path => format!("{path}: {e}"),
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let more = if errors.next().is_some() { "; and more" } else { "" };
        Err(Error::validation(format!("{what} does not fit its schema: {}{more}", problems.join("; "))))
    }
}

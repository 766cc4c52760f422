//! Schemas of the event types we know, compiled once.
//!
//! An event of another type passes: a flow may subscribe to types we have never heard of.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use throughline_model::schema::{EVENTS, EventType};

use crate::intake::Problem;

/// Problems reported of one event; a sender who has more of them mends these first.
const PROBLEMS_MAX: usize = 20;
/// Characters of a message; one about a large array would repeat the array.
const REASON_CHARS_MAX: usize = 300;

/// Checks the data of events. Cheap to clone.
#[derive(Clone, Copy)]
pub struct EventSchemas {
    known: &'static BTreeMap<&'static str, Known>,
}

struct Known {
    event: EventType,
    validator: Validator,
}

impl EventSchemas {
    /// The types the model knows.
    pub fn known() -> Self {
        static KNOWN: OnceLock<BTreeMap<&'static str, Known>> = OnceLock::new();
        let compile = |event: &EventType| {
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&event.schema())
                .expect("the model's schemas are valid; a test compiles each");
            (event.type_, Known { event: *event, validator })
        };
        Self { known: KNOWN.get_or_init(|| EVENTS.iter().map(compile).collect()) }
    }

    /// Checks an event's data: what its schema says, then what a schema can't say.
    ///
    /// # Errors
    /// What is wrong, each with its field.
    pub fn check(&self, type_: &str, data: &Value) -> Result<(), Vec<Problem>> {
        let Some(known) = self.known.get(type_) else { return Ok(()) };
        let problem = |field: &str, reason: String| Problem {
            field: format!("data{field}"),
            reason: reason.chars().take(REASON_CHARS_MAX).collect(),
        };
        let read = || known.event.check(data).map_err(|p| vec![problem(&p.field, p.reason)]);
        let errors: Vec<_> = known.validator.iter_errors(data).take(PROBLEMS_MAX).collect();
        // "Valid under none of several schemas" names no field, where reading the value names the very one at fault.
        let vague =
            |e: &jsonschema::ValidationError<'_>| matches!(e.kind(), ValidationErrorKind::AnyOf { .. });
        let mut problems: Vec<_> = errors
            .iter()
            .filter(|e| !vague(e))
            .map(|e| problem(e.instance_path().as_str(), e.to_string()))
            .collect();
        if errors.iter().any(vague) {
            let said =
                |e: &jsonschema::ValidationError<'_>| problem(e.instance_path().as_str(), e.to_string());
            let named =
                read().err().unwrap_or_else(|| errors.iter().filter(|e| vague(e)).map(said).collect());
            problems.extend(named);
        }
        if problems.is_empty() { read() } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use throughline_model::schema::{CONTRACT_AMENDED, CONTRACT_SIGNED, OPPORTUNITY_CHANGED};

    #[track_caller]
    fn check(type_: &str, data: Value, want: &[(&str, &str)]) {
        let problems = EventSchemas::known().check(type_, &data).err().unwrap_or_default();
        let found: Vec<_> = problems.iter().map(|p| (p.field.as_str(), p.reason.as_str())).collect();
        assert_eq!(found.len(), want.len(), "{data}: {found:?}");
        for ((field, reason), (want_field, want_reason)) in found.iter().zip(want) {
            assert_eq!(field, want_field);
            assert!(reason.contains(want_reason), "{reason}");
        }
    }

    fn signed(terms: Value) -> Value {
        json!({"contractId": "CT-000000000001", "number": "N", "terms": terms})
    }

    #[test]
    fn data_is_held_against_its_type() {
        let terms = json!({"currency": "EUR", "value": "10", "start": "2026-01-31", "billing": [
            {"model": "fixedFee", "id": "f", "description": "d", "price": "10", "trigger": "date"}]});
        check(CONTRACT_SIGNED, signed(terms), &[]);
        check(CONTRACT_SIGNED, signed(Value::Null), &[]);
        check("acme.anything.v1", json!({"whatever": [1]}), &[]);
        check(CONTRACT_SIGNED, Value::Null, &[("data", "null")]);
        check(
            CONTRACT_SIGNED,
            json!({"contractId": "CT-1", "number": ""}),
            &[("data/contractId", "does not match"), ("data/number", "shorter than 1")],
        );
        check(
            CONTRACT_SIGNED,
            signed(json!({"valeu": "1"})),
            &[("data/terms/valeu", "unknown field `valeu`")],
        );
        check(
            CONTRACT_AMENDED,
            json!({"contractId": "CT-000000000001", "number": "N",
            "amendment": {"id": "a", "changes": {"value": 7}}}),
            &[("data/amendment/changes/value", "not of type")],
        );
        check(
            OPPORTUNITY_CHANGED,
            json!({"id": "1", "source": "crm", "name": "n", "stage": "s", "stageClass": "won"}),
            &[("data", "\"account\" is a required property")],
        );
    }

    #[test]
    fn what_a_schema_can_not_say_is_checked_too() {
        check(
            CONTRACT_SIGNED,
            signed(json!({"currency": "ABC"})),
            &[("data/terms/currency", "no currency of ISO 4217")],
        );
        check(
            CONTRACT_SIGNED,
            signed(json!({"value": "9999999999999999"})),
            &[("data/terms/value", "out of range")],
        );
    }
}

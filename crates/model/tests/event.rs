//! The CloudEvents envelope: what passes, what does not and why, and that nothing makes it panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use throughline_model::{Event, limits};

fn good() -> Value {
    json!({"specversion": "1.0", "type": "t.v1", "source": "/crm", "id": "1"})
}

fn with(name: &str, value: Value) -> Value {
    let mut event = good();
    event[name] = value;
    event
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[track_caller]
fn check(event: Value, want: &[(&str, &str)]) {
    let problems = Event::parse(event.clone()).err().unwrap_or_default();
    let found: Vec<_> = problems.iter().map(|p| (p.field.as_str(), p.reason.as_str())).collect();
    assert_eq!(found.len(), want.len(), "{event}: {found:?}");
    for ((field, reason), (want_field, want_reason)) in found.iter().zip(want) {
        assert_eq!(field, want_field, "{event}");
        assert!(reason.contains(want_reason), "{event}: {reason}");
    }
}

#[test]
fn envelopes() {
    check(good(), &[]);
    check(with("subject", json!("a b")), &[]);
    check(with("time", json!("2026-01-31T09:30:00.123+02:00")), &[]);
    check(with("time", Value::Null), &[]);
    check(with("datacontenttype", json!("application/vnd.acme+json; charset=utf-8")), &[]);
    check(with("dataschema", json!("https://example.com/s")), &[]);
    check(with("partitionkey", json!("CT-1")), &[]);
    check(with("sequence", json!(7)), &[]);
    check(with("data", nested(limits::DATA_DEPTH_MAX)), &[]);
    check(with("data_base64", json!("aGk=")), &[]);

    check(json!([]), &[("", "not a JSON object")]);
    check(
        json!({}),
        &[("specversion", "missing"), ("source", "missing"), ("id", "missing"), ("type", "missing")],
    );
    check(with("specversion", json!("0.3")), &[("specversion", "expected \"1.0\"")]);
    check(with("specversion", json!(1.0)), &[("specversion", "unknown version")]);
    check(with("id", json!("")), &[("id", "empty")]);
    check(with("id", json!(7)), &[("id", "a number; expected text")]);
    check(with("id", json!("a\u{0}")), &[("id", "U+0000")]);
    check(with("id", json!("x".repeat(2_000))), &[("id", "2000 bytes")]);
    check(with("source", json!("my crm")), &[("source", "no URI reference")]);
    check(with("time", json!("yesterday")), &[("time", "RFC 3339")]);
    check(with("time", json!("2026-01-31")), &[("time", "RFC 3339")]);
    check(with("time", json!("2026-02-30T00:00:00Z")), &[("time", "RFC 3339")]);
    check(with("time", json!("2026-01-31 09:30:00Z")), &[("time", "RFC 3339")]);
    check(with("time", json!("2026-01-31T09:30:00Z[UTC]")), &[("time", "RFC 3339")]);
    check(with("time", json!("2026-01-31T09:30:00")), &[("time", "RFC 3339")]);
    check(with("time", json!("0026-01-31T09:30:00Z")), &[("time", "year 26 is out of range")]);
    check(with("time", json!("ééééééééééééé")), &[("time", "RFC 3339")]);
    check(with("datacontenttype", json!("json")), &[("datacontenttype", "no media type")]);
    check(with("dataschema", json!("/s")), &[("dataschema", "no absolute URI")]);
    check(with("PartitionKey", json!("x")), &[("PartitionKey", "no attribute name")]);
    check(with("", json!("x")), &[("", "no attribute name")]);
    check(with("sequence", json!(5_000_000_000_i64)), &[("sequence", "32-bit")]);
    check(with("sequence", json!(1.5)), &[("sequence", "32-bit")]);
    check(with("extra", json!({"a": 1})), &[("extra", "an object")]);
    check(with("data", nested(limits::DATA_DEPTH_MAX + 1)), &[("data", "nested deeper")]);
    check(with("data_base64", json!("a")), &[("data_base64", "base 64")]);
    let mut both = with("data_base64", json!("aGk="));
    both["data"] = json!(1);
    check(both, &[("data_base64", "beside data")]);
    let mut many = good();
    for i in 0..=limits::EXTENSIONS_MAX {
        many[format!("x{i}")] = json!("y");
    }
    check(many, &[("", "extension attributes")]);
}

/// Deeper than a thread's stack would bear; such a value can't come from JSON text, but from a program.
#[test]
fn an_abyss_is_refused() {
    let mut event = good();
    let deep = (0..200_000).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    event["data"] = deep;
    let problems = Event::parse(event).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].reason.contains("nested deeper"));
}

#[test]
fn an_event_reads_back() {
    let mut event = with("partitionkey", json!("CT-1"));
    event["data"] = json!({"b": 1, "a": [true, null]});
    event["time"] = json!("2026-01-31T09:30:00Z");
    event["subject"] = json!("s");
    let parsed = Event::parse(event.clone()).unwrap();
    assert_eq!(parsed.extension("partitionkey"), Some("CT-1"));
    assert_eq!(serde_json::to_value(&parsed).unwrap(), event);
    assert_eq!(Event::parse(serde_json::to_value(&parsed).unwrap()).unwrap(), parsed);
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[0-9T:.Z+-]{0,32}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".{0,12}", inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn almost_an_event() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "specversion",
        "type",
        "source",
        "id",
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "data",
        "data_base64",
        "partitionkey",
        "Wrong-Name",
    ]);
    prop::collection::vec((names, json_value()), 0..12).prop_map(|changes| {
        let mut event = good();
        for (name, value) in changes {
            event[name] = value;
        }
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn garbage_never_panics(value in prop_oneof![json_value(), almost_an_event()]) {
        match Event::parse(value) {
            Ok(event) => {
                let written = serde_json::to_value(&event).unwrap();
                prop_assert_eq!(Event::parse(written).unwrap(), event);
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.iter().all(|p| !p.reason.is_empty()));
            }
        }
    }

    #[test]
    fn garbage_data_never_panics(value in json_value()) {
        for event in throughline_model::schema::EVENTS {
            let _ = event.check(&value);
        }
    }
}

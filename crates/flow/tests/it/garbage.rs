//! Nothing that is read or evaluated panics.

use crate::driver::Driver;
use proptest::prelude::*;
use serde_json::{Value, json};
use throughline_flow::{self as flow, EventFilter};

/// A definition that uses most of the language, for mangling.
const WHOLE: &str = include_str!("whole.yaml");

fn definition(set: &str) -> String {
    json!({
        "document": { "dsl": "1.0.3", "namespace": "t", "name": "t", "version": "1.0.0" },
        "do": [ { "a": { "set": { "x": format!("${{ {set} }}") } } } ],
    })
    .to_string()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "${ .a }",
            "${ $item }",
            "${ ] }",
            "http",
            "end",
            "PT5S",
            "1.0.3",
            "/x/{y}"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = prop::sample::select(vec![
            "do", "call", "with", "set", "switch", "for", "fork", "try", "catch", "raise", "emit", "wait",
            "listen", "if", "then", "input", "as", "from", "document", "use", "retry", "errors", "one", "in",
            "event", "endpoint", "a",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4).prop_map(|fields| fields
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_or_is_refused(text in ".{0,200}") {
        let _ = flow::parse(&text, "f");
        let _ = flow::parse_function(&text, "f", "n");
    }

    #[test]
    fn any_structure_parses_or_is_refused(tree in any_json()) {
        let mut whole = json!({ "document": { "dsl": "1.0.3", "namespace": "t", "name": "t", "version": "1.0.0" } });
        whole["do"] = json!([ { "a": tree } ]);
        if let Err(problems) = flow::parse(&whole.to_string(), "f") {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|p| p.line > 0 && p.column > 0 && !p.message.is_empty()));
        }
        let _ = flow::parse_function(&tree.to_string(), "f", "n");
    }

    #[test]
    fn a_mangled_definition_parses_or_is_refused(at in 0..WHOLE.len(), cut in 0..40usize, put in ".{0,6}") {
        let mut text: Vec<char> = WHOLE.chars().collect();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(problems) = flow::parse(&text, "f") {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn any_expression_compiles_or_is_refused(text in "[ -~]{0,60}", input in any_json()) {
        if let Ok(definition) = flow::parse(&definition(&text), "f") {
            Driver::new(&definition).run(&input, &mut |_| None);
        }
    }

    #[test]
    fn a_flow_takes_any_input_and_any_answer(input in any_json(), answer in any_json()) {
        let definition = flow::parse(WHOLE, "whole.yaml").unwrap();
        let mut driver = Driver::new(&definition);
        driver.secrets.insert("token".to_owned(), json!("t"));
        driver.run(&input, &mut |_| Some(Ok(answer.clone())));
    }

    #[test]
    fn any_shape_and_event_give_a_key_or_an_error(shape in ".{0,30}", event in any_json()) {
        let _ = EventFilter::key_of(&shape, &event);
    }
}

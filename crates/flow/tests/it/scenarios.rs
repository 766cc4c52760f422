//! The step machine on the flows of `scenarios/*.yaml`: each is a flow, what the world answers, and what it then does.

use std::collections::{BTreeMap, VecDeque};

use crate::driver::Driver;
use serde::Deserialize;
use serde_json::Value;
use throughline_flow::{self as flow, Call, Error};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    /// The flow without its `document`.
    flow: Value,
    #[serde(default)]
    input: Value,
    /// Answers by function name, or by `METHOD path`; the last one stays. No answers: it never returns.
    #[serde(default)]
    answers: BTreeMap<String, Vec<Reply>>,
    #[serde(default)]
    events: VecDeque<Value>,
    #[serde(default)]
    secrets: BTreeMap<String, Value>,
    #[serde(default)]
    cancel: bool,
    expect: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
enum Reply {
    Ok(Value),
    Fault(u16),
}

fn check(file: &str) {
    let text =
        std::fs::read_to_string(format!("{}/tests/it/scenarios/{file}.yaml", env!("CARGO_MANIFEST_DIR")))
            .unwrap();
    let scenarios: Vec<Scenario> = serde_saphyr::from_str(&text).unwrap();
    let mut failed = String::new();
    for scenario in scenarios {
        let lines = play(&scenario);
        if lines != scenario.expect {
            failed.push_str(&format!(
                "\n{}\n  expected:\n    {}\n  got:\n    {}\n",
                scenario.name,
                scenario.expect.join("\n    "),
                lines.join("\n    ")
            ));
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

fn play(scenario: &Scenario) -> Vec<String> {
    let mut document = serde_json::json!({
        "document": { "dsl": "1.0.3", "namespace": "test", "name": "scenario", "version": "1.0.0" },
    });
    let fields = document.as_object_mut().unwrap();
    fields.extend(scenario.flow.as_object().unwrap().clone());
    let definition = match flow::parse(&document.to_string(), &scenario.name) {
        Ok(definition) => definition,
        Err(problems) => panic!(
            "{}: {}",
            scenario.name,
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        ),
    };
    let mut answers: BTreeMap<String, VecDeque<Reply>> = scenario
        .answers
        .iter()
        .map(|(name, replies)| (name.clone(), replies.iter().cloned().collect()))
        .collect();
    let mut answer = |call: &Call| {
        let name = match call {
            Call::Function { name, .. } => name.clone(),
            Call::Http(http) => format!("{} {}", http.method, http.uri),
        };
        let replies = answers.get_mut(&name)?;
        let reply = if replies.len() > 1 { replies.pop_front()? } else { replies.front()?.clone() };
        Some(match reply {
            Reply::Ok(value) => Ok(value),
            Reply::Fault(status) => Err(Error::communication(status, "no luck")),
        })
    };
    let mut driver = Driver::new(&definition);
    driver.secrets = scenario.secrets.clone();
    driver.events = scenario.events.clone();
    driver.cancel = scenario.cancel;
    driver.run(&scenario.input, &mut answer);
    driver.lines
}

#[test]
fn data() {
    check("data");
}

#[test]
fn order() {
    check("order");
}

#[test]
fn calls() {
    check("calls");
}

#[test]
fn errors() {
    check("errors");
}

#[test]
fn forks() {
    check("forks");
}

#[test]
fn events() {
    check("events");
}

#[test]
fn time() {
    check("time");
}

#[test]
fn undo() {
    check("undo");
}

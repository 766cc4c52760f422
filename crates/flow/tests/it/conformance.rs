//! The specification's conformance kit, run in memory.
//!
//! The kit lies beside the repository in `../shared/openworkflow/ctk/features`, or where `THROUGHLINE_SHARED` says; where
//! it is absent the test says so and passes. HTTP is answered as the kit's public services would.

use std::path::PathBuf;

use crate::driver::Driver;
use crate::gherkin::{Scenario, Step};
use serde_json::{Value, json};
use throughline_flow::{self as flow, Call, End, Error, HttpCall, HttpOutput};

/// Scenarios that need what this release refuses, with what the refusal has to say.
const REFUSED: [(&str, &str); 2] = [
    ("Call OpenAPI With Content Output", "`call: openapi` is not supported in this release"),
    ("Call OpenAPI With Response Output", "`call: openapi` is not supported in this release"),
];
/// Scenarios of the kit at the revision the specification's 1.0.3 is tested against.
const SCENARIOS_MIN: usize = 21;

fn kit() -> Option<PathBuf> {
    let shared = std::env::var_os("THROUGHLINE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("openworkflow/ctk/features");
    folder.is_dir().then_some(folder)
}

#[test]
fn conformance_kit() {
    let Some(folder) = kit() else {
        eprintln!("skipped: the conformance kit is not in ../shared/openworkflow/ctk/features");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut run, mut failed) = (0, Vec::new());
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "feature")) {
        for scenario in crate::gherkin::read(&std::fs::read_to_string(file).unwrap()) {
            run += 1;
            if let Err(why) = check(&scenario) {
                failed.push(format!("{}: {}: {why}", file.file_name().unwrap().display(), scenario.name));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {run} scenarios fail:\n{}", failed.len(), failed.join("\n"));
    assert!(run >= SCENARIOS_MIN, "only {run} scenarios were found");
}

fn check(scenario: &Scenario) -> Result<(), String> {
    let text = scenario.document("a workflow with definition").ok_or("it has no definition")?;
    let definition = match flow::parse(text, "workflow.yaml") {
        Ok(definition) => definition,
        Err(problems) => {
            let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            return match REFUSED.iter().find(|(name, _)| *name == scenario.name) {
                Some((_, because)) if said.contains(because) => Ok(()),
                _ => Err(said),
            };
        }
    };
    if REFUSED.iter().any(|(name, _)| *name == scenario.name) {
        return Err("it was to be refused".to_owned());
    }
    let input = scenario.document("workflow input is").map_or(Value::Null, yaml);
    let mut driver = Driver::new(&definition);
    driver.run(&input, &mut |call| Some(answer(call)));
    for step in &scenario.steps {
        outcome(step, &driver).map_err(|why| format!("{}: {why}", step.text))?;
    }
    Ok(())
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// Holds the run against one step of the scenario.
fn outcome(step: &Step, driver: &Driver<'_>) -> Result<(), String> {
    let text = step.text.as_str();
    let end = driver.end.as_ref().ok_or("the run did not end")?;
    let holds =
        |yes: bool, found: &dyn std::fmt::Debug| if yes { Ok(()) } else { Err(format!("found {found:?}")) };
    if ["a workflow with", "given the workflow", "the workflow is executed"]
        .iter()
        .any(|s| text.starts_with(s))
    {
        return Ok(());
    }
    if text.starts_with("the workflow should fault") {
        let End::Faulted { error } = end else { return Err(format!("found {end:?}")) };
        let error = serde_json::to_value(error).unwrap();
        let expected = step.document.as_deref().map(yaml).unwrap_or_else(|| json!({}));
        return holds(expected.as_object().unwrap().iter().all(|(k, v)| error.get(k) == Some(v)), &error);
    }
    if let Some((name, position)) = text.split_once(" should run ") {
        let place = |name: &str| driver.entered.iter().position(|n| n == name);
        return match position.split_once("after ") {
            Some((_, other)) => holds(place(name) > place(other) && place(other).is_some(), &driver.entered),
            None if position == "first" => holds(place(name) == Some(0), &driver.entered),
            None if position == "last" => {
                holds(driver.entered.last().is_some_and(|n| n == name), &driver.entered)
            }
            None => Err("not a step of the kit".to_owned()),
        };
    }
    let End::Completed { output } = end else { return Err(format!("found {end:?}")) };
    if text.starts_with("the workflow should complete") {
        return match &step.document {
            Some(expected) => holds(*output == yaml(expected), output),
            None => Ok(()),
        };
    }
    let names: Vec<String> =
        text.split('\'').skip(1).step_by(2).map(|name| format!("/{}", name.replace('.', "/"))).collect();
    let first = names.first().and_then(|name| output.pointer(name));
    match &step.document {
        Some(expected) if text.contains("property with value") => {
            holds(first == Some(&yaml(expected)), output)
        }
        None if text.contains("should have properties") => {
            holds(names.iter().all(|name| output.pointer(name).is_some()), output)
        }
        None if text.contains("containing") => {
            let count = text.split_whitespace().rev().nth(1).and_then(|n| n.parse().ok());
            holds(first.and_then(Value::as_array).map(Vec::len) == count, output)
        }
        _ => Err("not a step of the kit".to_owned()),
    }
}

/// The pet store and the HTTP test service the kit speaks to.
fn answer(call: &Call) -> Result<Value, Error> {
    let Call::Http(http) = call else { return Err(Error::configuration("the kit calls no functions")) };
    let pet = |id: u64| json!({ "id": id, "name": "doggie", "status": "available" });
    let path =
        http.uri.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let content = match path {
        "v2/pet/1" => pet(1),
        "v2/pet/2" => pet(2),
        "v2/pet/findByStatus?status=available" => json!([pet(1), pet(2)]),
        "basic-auth/serverless-workflow/conformance-test" => {
            let expected =
                json!({ "basic": { "username": "serverless-workflow", "password": "conformance-test" } });
            if http.authentication.as_ref() != Some(&expected) {
                return Err(Error::communication(401, "wrong credentials"));
            }
            json!({ "authenticated": true })
        }
        _ => return Err(Error::communication(404, format!("nothing at {path}"))),
    };
    Ok(shaped(http, content))
}

fn shaped(http: &HttpCall, content: Value) -> Value {
    match http.output {
        HttpOutput::Response => json!({
            "request": { "method": http.method, "uri": http.uri, "headers": http.headers },
            "statusCode": 200,
            "headers": { "content-type": "application/json" },
            "content": content,
        }),
        HttpOutput::Content | HttpOutput::Raw => content,
    }
}

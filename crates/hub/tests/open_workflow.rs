//! Every flow and function of the catalog is valid by the published schema of the Open Workflow DSL, so that stock editors and
//! validators accept our files.
//!
//! The schema lies outside the repository; where it is absent, the test says so and skips.

use std::path::PathBuf;

use serde_json::{Value, json};
use throughline_hub::catalog::Files;

#[test]
fn the_published_schema_accepts_every_flow_and_function() {
    let shared = std::env::var_os("THROUGHLINE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(shared.join("openworkflow/schema/workflow.yaml")) else {
        eprintln!("skipped: the DSL's schema is not at ../shared/openworkflow");
        return;
    };
    // Bare words such as `on` are truth values to readers of older YAML.
    let flow: Value = serde_saphyr::from_str(&text.replace("read: [ on ]", "read: [ 'on' ]")).unwrap();
    let task = json!({ "$schema": flow["$schema"], "$defs": flow["$defs"], "$ref": "#/$defs/task" });
    let (flow, task) = (jsonschema::validator_for(&flow).unwrap(), jsonschema::validator_for(&task).unwrap());

    let files = Files::embedded();
    let flows = files.under("flows").map(|(path, text)| (path, text, &flow));
    let functions = files.under("adapters").filter(|(path, _)| path.contains("/functions/"));
    let mut wrong = Vec::new();
    for (path, text, schema) in flows.chain(functions.map(|(path, text)| (path, text, &task))) {
        let document: Value = serde_saphyr::from_str(text).unwrap();
        wrong.extend(schema.iter_errors(&document).map(|e| format!("{path}{}: {e}", e.instance_path())));
        if !text.starts_with("# yaml-language-server: $schema=https://") {
            wrong.push(format!("{path}: the first line does not name its schema"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

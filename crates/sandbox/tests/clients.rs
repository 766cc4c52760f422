//! The vendors' own client libraries against the simulators.
//!
//! The scripts lie in `tests/clients`; its README tells how their environments are made. Without one the test says so and
//! proves nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "what was skipped or checked is said where tests are read")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use throughline_sandbox::{Options, Sandbox};
use tokio::process::Command;

const SCRIPT_WITHIN: Duration = Duration::from_secs(120);

/// A file or folder that a variable names.
fn prepared(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if path.is_none() {
        println!("skipped: {variable} names nothing; `cargo xtask test` prepares it");
    }
    path
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients")
}

/// Writes where the simulators are, as the scripts read it.
fn describe(sandbox: &Sandbox, folder: &Path) -> PathBuf {
    let systems: Map<String, Value> = sandbox
        .systems()
        .into_iter()
        .map(|system| (system.product.clone(), serde_json::to_value(system).unwrap()))
        .collect();
    let path = folder.join("sandbox.json");
    let text = json!({"caFile": sandbox.ca_file(), "systems": systems}).to_string();
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs a script against a fresh sandbox; it must end well.
async fn check(program: &Path, script: &str, variables: &[(&str, &Path)]) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::new(folder.path().join("sandbox"))).await.unwrap();
    let mut command = Command::new(program);
    command
        .arg(scripts().join(script))
        .env("THROUGHLINE_SANDBOX", describe(&sandbox, folder.path()))
        .env("NODE_EXTRA_CA_CERTS", sandbox.ca_file())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = tokio::time::timeout(SCRIPT_WITHIN, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{script} did not end within {SCRIPT_WITHIN:?}")).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{script}: {said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{script}: {}", said.trim());
    sandbox.stop().await;
}

async fn python(script: &str) {
    if let Some(interpreter) = prepared("THROUGHLINE_CLIENTS_PYTHON") {
        check(&interpreter, script, &[]).await;
    }
}

async fn node(script: &str) {
    if let Some(folder) = prepared("THROUGHLINE_CLIENTS_NODE") {
        check(Path::new("node"), script, &[("THROUGHLINE_CLIENTS_NODE", &folder)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_salesforce() {
    python("salesforce.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_netsuite() {
    python("netsuite_rest.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_docusign() {
    python("docusign.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_business_central() {
    python("business_central.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jsforce() {
    node("salesforce.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_docusign() {
    node("docusign.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn microsoft_graph() {
    node("graph.mjs").await;
}

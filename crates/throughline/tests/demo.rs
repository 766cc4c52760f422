//! The demo with the real binary: to its end, and killed on the way.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where it stopped")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Opportunities of the year that is played.
const OPPORTUNITIES: &str = "36";
/// When a demo is killed, after its start: in the year, and while the rest settles.
const KILLED_AFTER: [Duration; 4] = [
    Duration::from_millis(3_000),
    Duration::from_millis(7_000),
    Duration::from_millis(11_000),
    Duration::from_millis(5_000),
];

fn demo(folder: &Path, seed: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_throughline"))
        .args(["demo", "--once", "--json", "--faults", "0.1", "--listen", "127.0.0.1:0"])
        .args(["--opportunities", OPPORTUNITIES, "--seed", seed, "--data"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The figures of a demo that ended by itself.
fn figures(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}\n{text}", output.status);
    serde_json::from_str(&text).unwrap()
}

/// The vendors' ledgers are exact, and every signed contract is active or waits for a stated reason.
fn check(figures: &Value) {
    assert_eq!(figures["duplicated"], Value::Array(Vec::new()));
    assert_eq!(figures["lost"], Value::Array(Vec::new()));
    assert_eq!(figures["failed"], serde_json::json!({}), "no run may fail");
    let runs = |flow: &str, status: &str| figures["runs"][flow][status].as_u64().unwrap_or(0);
    let keys = |collection: &str| figures["held"][collection]["keys"].as_u64().unwrap();
    let activated = figures["activation"]["count"].as_u64().unwrap();
    assert!(activated > 5, "{figures:#}");
    assert_eq!(activated, runs("contract-activation", "completed"));
    assert_eq!(keys("netsuite/job") + keys("business-central/projects"), activated);
    assert_eq!(keys("kantata/workspaces"), activated);
    assert_eq!(figures["records"]["billing-schedule"].as_u64().unwrap(), activated);
    for status in ["running", "pending"] {
        assert_eq!(runs("contract-activation", status) + runs("opportunity-to-contract", status), 0);
    }
}

#[test]
fn a_year_ends_with_exact_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    check(&figures(demo(&folder.path().join("demo"), "3")));
}

#[test]
fn a_year_that_is_killed_again_and_again_ends_with_exact_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    for after in KILLED_AFTER {
        let mut child = demo(&data, "5");
        std::thread::sleep(after);
        // SIGKILL: neither the hub nor the vendors get to say goodbye.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let first = figures(demo(&data, "5"));
    check(&first);
    let again = figures(demo(&data, "5"));
    check(&again);
    assert_eq!(again["records"], first["records"], "a year that is over stays as it is");
    assert_eq!(again["held"], first["held"], "a year that is over stays as it is");
}

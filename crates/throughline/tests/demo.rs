//! The demo with the real binary: to its end, and killed on the way.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where it stopped")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// Opportunities of the year that is played to its end.
const OPPORTUNITIES: usize = 36;
/// Opportunities of the year that is killed: enough that there is work on the way throughout.
const OPPORTUNITIES_OF_KILLED: usize = 100;
/// Kills of one year.
const KILLS: u32 = 50;
/// A demo is killed so many milliseconds after its start: while it opens its folder, recovers, or is at work.
const KILLED_AFTER_MS: std::ops::Range<u64> = 100..1_500;

fn demo(folder: &Path, seed: u64, opportunities: usize) -> Child {
    Command::new(env!("CARGO_BIN_EXE_throughline"))
        .args(["demo", "--once", "--json", "--faults", "0.1", "--listen", "127.0.0.1:0"])
        .args(["--opportunities", &opportunities.to_string(), "--seed", &seed.to_string(), "--data"])
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

/// Plays a year that is killed again and again at points drawn from the seed, then to its end.
fn killed(folder: &Path, seed: u64, kills: u32) -> Value {
    let mut points = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..kills {
        let mut child = demo(folder, seed, OPPORTUNITIES_OF_KILLED);
        std::thread::sleep(Duration::from_millis(points.random_range(KILLED_AFTER_MS)));
        // SIGKILL: neither the hub nor the vendors get to say goodbye.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    figures(demo(folder, seed, OPPORTUNITIES_OF_KILLED))
}

#[test]
fn a_year_ends_with_exact_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    check(&figures(demo(&folder.path().join("demo"), 3, OPPORTUNITIES)));
}

#[test]
fn a_year_that_is_killed_again_and_again_ends_with_exact_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let first = killed(&data, 5, KILLS);
    check(&first);
    let again = figures(demo(&data, 5, OPPORTUNITIES_OF_KILLED));
    check(&again);
    assert_eq!(again["records"], first["records"], "a year that is over stays as it is");
    assert_eq!(again["held"], first["held"], "a year that is over stays as it is");
}

/// `cargo xtask soak` runs it: year after year, each of another seed.
#[test]
#[ignore = "takes as long as one likes"]
fn soak() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let minutes =
        number("THROUGHLINE_SOAK_MINUTES").expect("THROUGHLINE_SOAK_MINUTES is a number of minutes");
    let first = number("THROUGHLINE_SOAK_SEED").unwrap_or(1);
    let begun = Instant::now();
    for seed in first.. {
        eprintln!("seed {seed}");
        let folder = tempfile::tempdir().unwrap();
        check(&killed(&folder.path().join("demo"), seed, KILLS));
        if begun.elapsed() >= Duration::from_secs(60 * minutes) {
            return;
        }
    }
}

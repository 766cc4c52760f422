//! Stopping, pulling the plug, and starting again.

use std::time::{Duration, Instant};

use serde_json::json;
use throughline_engine::{Error, Options};
use throughline_store::{EntryKind, NewRun, RunId, RunStatus, Transition};

use crate::house::Ground;

const TWO: &str = "
do:
  - one: { call: hold, with: { gate: one } }
  - two: { call: hold, with: { gate: two } }
";

#[test]
fn a_call_cut_off_is_in_doubt_at_the_next_start() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let run = house.run("two", json!({}));
    house.called("hold", 1);
    drop(house);
    let house = ground.start();
    house.script.open("one", 1);
    house.script.open("two", 1);
    assert_eq!(house.output(run), json!({ "gate": "two" }));
    let seen: Vec<_> = house.script.seen().iter().map(|s| (s.with["gate"].clone(), s.in_doubt)).collect();
    assert_eq!(seen, [(json!("one"), true), (json!("two"), false)]);
}

#[test]
fn a_stop_lets_calls_end_and_begins_no_others() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let run = house.run("two", json!({}));
    house.called("hold", 1);
    let engine = house.engine.clone();
    let script = std::sync::Arc::clone(&house.script);
    let stopping = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        script.open("two", 1);
        script.open("one", 1);
    });
    let begun = Instant::now();
    house.block_on(engine.stop());
    stopping.join().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(90), "it waited for the call");
    assert_eq!(house.script.seen().len(), 1, "no other call went out");
    assert_eq!(house.kinds(run).iter().filter(|k| **k == EntryKind::CallOutcome).count(), 1);
    assert!(matches!(house.try_run("two", json!({}), None), Err(Error::Stopping)));
    assert!(matches!(house.block_on(house.engine.wait(run)), Err(Error::Stopping)));
    drop(engine);
    house.stop();
    let house = ground.start();
    house.script.open("two", 1);
    house.output(run);
    assert_eq!(house.script.seen().len(), 1, "the first call is not repeated");
}

#[test]
fn a_stop_does_not_wait_longer_than_its_grace() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start_with(Options { stop_grace: Duration::from_millis(100), ..Options::default() });
    house.run("two", json!({}));
    house.called("hold", 1);
    let begun = Instant::now();
    house.block_on(house.engine.stop());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_run_pinned_to_an_older_definition_goes_on_with_it() {
    let mut ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let run = house.run("two", json!({}));
    house.called("hold", 1);
    drop(house);
    ground.replace("two", "do:\n  - other: { set: { new: true } }\n");
    let house = ground.start();
    house.script.open("one", 1);
    house.script.open("two", 1);
    assert_eq!(house.output(run), json!({ "gate": "two" }));
    assert_eq!(house.output(house.run("two", json!({}))), json!({ "new": true }));
}

#[test]
fn an_unreadable_run_says_so_and_can_be_cancelled() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let create = NewRun {
        flow: "gone".to_owned(),
        version: "1".to_owned(),
        definition: "no such hash".to_owned(),
        tenant: "acme".to_owned(),
        business_key: None,
        trigger: None,
        parent: None,
        created_at: throughline_engine::Clock::now(house.clock.as_ref()),
    };
    let broken = RunId(7);
    house
        .block_on(house.store.commit(Transition { create: Some(create), ..Transition::of(broken) }))
        .unwrap();
    house.stop();
    let house = ground.start();
    house.until("it says so", || house.row(broken).waiting.is_some());
    let waiting = house.row(broken).waiting.unwrap();
    assert_eq!(waiting.for_, "a release that can read it");
    assert!(waiting.reason.unwrap().contains("no such hash"));
    house.block_on(house.engine.cancel(broken, "given up")).unwrap();
    assert_eq!(house.row(broken).status, RunStatus::Cancelled);
    house.until("it leaves memory", || house.engine.runs_active() == 0);
}

#[test]
fn a_panic_hurts_one_run_only_and_it_is_mended() {
    let flow = "do:\n  - one: { call: panic, with: { ok: true } }\n";
    let ground = Ground::new(&[("panics", flow)]);
    let house = ground.start_with(Options { mend_delay: Duration::from_millis(50), ..Options::default() });
    let run = house.run("panics", json!({}));
    assert_eq!(house.output(run), json!({ "ok": true }));
    assert_eq!(house.script.seen().iter().map(|s| s.in_doubt).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn hundreds_of_runs_cut_off_all_complete_with_each_call_known_or_in_doubt() {
    const RUNS: usize = 400;
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let runs: Vec<_> = (0..RUNS).map(|_| house.run("two", json!({}))).collect();
    house.script.open("one", RUNS / 2);
    house.called("hold", RUNS + RUNS / 4);
    drop(house);
    let house = ground.start();
    house.script.open("one", RUNS);
    house.script.open("two", RUNS);
    for run in runs {
        house.output(run);
    }
    let mut keys = std::collections::HashMap::<String, Vec<bool>>::new();
    for seen in house.script.seen() {
        keys.entry(seen.key).or_default().push(seen.in_doubt);
    }
    assert!(keys.values().all(|doubts| doubts.len() == 1), "no call went out twice after the restart");
    let first: Vec<_> = house.script.seen().into_iter().filter(|s| s.with["gate"] == "one").collect();
    assert!(first.iter().all(|s| s.in_doubt), "whatever had begun before is in doubt");
}

//! Calls: their intents and outcomes, retries, unknown outcomes.

use std::time::Duration;

use serde_json::json;
use throughline_store::{EntryKind, RunStatus};

use crate::house::Ground;

const THREE: &str = "
do:
  - one: { call: echo, with: { step: 1 } }
  - two: { call: echo, with: { step: 2, before: '${ .step }' } }
  - three: { call: echo, with: { step: 3, before: '${ .step }' } }
";

#[test]
fn sequential_calls_cost_one_commit_each_and_one_more() {
    let ground = Ground::new(&[("three", THREE)]);
    let house = ground.start();
    let before = house.store.stats();
    let run = house.run("three", json!({}));
    assert_eq!(house.output(run), json!({ "step": 3, "before": 2 }));
    let commits = house.store.stats().commits - before.commits;
    assert_eq!(commits, 4, "three calls");
    use EntryKind::{Begun, CallIntent, CallOutcome, Started};
    let expected =
        [Started, Begun, CallIntent, CallOutcome, CallIntent, CallOutcome, CallIntent, CallOutcome];
    assert_eq!(house.kinds(run), expected);
    let steps: Vec<_> = house.script.seen().iter().map(|s| s.with["step"].clone()).collect();
    assert_eq!(steps, [1, 2, 3]);
    assert!(house.script.seen().iter().all(|s| s.attempt == 1 && !s.in_doubt && s.key.starts_with(&s.run)));
    house.until("it leaves memory", || house.engine.runs_active() == 0);
    house.check();
}

#[test]
fn branches_of_a_fork_run_side_by_side() {
    let fork = "
do:
  - both:
      fork:
        branches:
          - left: { call: hold, with: { gate: left } }
          - right: { call: hold, with: { gate: right } }
";
    let ground = Ground::new(&[("fork", fork)]);
    let house = ground.start();
    let run = house.run("fork", json!({}));
    house.called("hold", 2);
    house.script.open("right", 1);
    house.script.open("left", 1);
    assert_eq!(house.output(run), json!([{ "gate": "left" }, { "gate": "right" }]));
    house.check();
}

#[test]
fn an_uncaught_fault_ends_the_run() {
    let ground = Ground::new(&[("fails", "do:\n  - one: { call: fail, with: { status: 503 } }\n")]);
    let house = ground.start();
    let run = house.run("fails", json!({}));
    let end = house.end(run);
    assert_eq!(end.status, RunStatus::Faulted);
    let error: serde_json::Value = serde_json::from_slice(&end.error.unwrap()).unwrap();
    assert_eq!((&error["status"], &error["instance"]), (&json!(503), &json!("/do/0/one")));
    assert_eq!(house.row(run).status, RunStatus::Faulted);
}

#[test]
fn retries_wait_and_keep_their_key() {
    let retried = "
do:
  - attempt:
      try:
        - one: { call: fail, with: { status: 503, times: 2 } }
      catch:
        errors: { with: { status: 503 } }
        retry:
          delay: PT30S
          backoff: { constant: {} }
          limit: { attempt: { count: 5 } }
";
    let ground = Ground::new(&[("retried", retried)]);
    let house = ground.start();
    let run = house.run("retried", json!({}));
    for attempt in 1..=2 {
        house.called("fail", attempt);
        let row = house.parked(run);
        assert!(row.waiting.clone().unwrap().for_.starts_with("retry at 2026-03-01T08:0"), "{row:?}");
        house.clock.advance(Duration::from_secs(29));
        house.a_moment();
        assert_eq!(house.script.named("fail").len(), attempt, "not before its time");
        house.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(house.output(run)["times"], json!(2));
    let seen = house.script.seen();
    assert_eq!(seen.iter().map(|s| s.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(seen.iter().all(|s| s.key == seen[0].key), "the key is of the task, not of the attempt");
    assert_eq!(seen.iter().map(|s| s.in_doubt).collect::<Vec<_>>(), [false, true, true]);
    house.check();
}

#[test]
fn each_iteration_has_a_key_of_its_own() {
    let looped = "
do:
  - each:
      for: { each: item, in: '${ .items }' }
      do:
        - one: { call: echo, with: { item: '${ $item }' } }
";
    let ground = Ground::new(&[("looped", looped)]);
    let house = ground.start();
    let run = house.run("looped", json!({ "items": ["a", "b", "c"] }));
    house.output(run);
    let seen = house.script.seen();
    assert_eq!(seen.iter().map(|s| s.with["item"].clone()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let keys: std::collections::HashSet<_> = seen.iter().map(|s| &s.key).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn an_unknown_outcome_is_looked_at_before_the_run_goes_on() {
    let ground = Ground::new(&[("lossy", "do:\n  - one: { call: lose, with: { times: 3 } }\n")]);
    let house = ground.start();
    let run = house.run("lossy", json!({}));
    for looks in 1..=3 {
        house.called("lose", looks);
        house.a_moment();
        assert_eq!(house.script.seen().len(), looks, "no look before its time");
        house.clock.advance(Duration::from_secs(1));
    }
    house.output(run);
    let seen = house.script.seen();
    assert_eq!(seen.iter().map(|s| s.in_doubt).collect::<Vec<_>>(), [false, true, true, true]);
    assert!(seen.iter().all(|s| s.attempt == 1 && s.key == seen[0].key));
    let journal = house.block_on(house.store.journal(run)).unwrap();
    let outcome: serde_json::Value =
        serde_json::from_slice(&journal.iter().find(|e| e.kind == EntryKind::CallOutcome).unwrap().body)
            .unwrap();
    assert_eq!(outcome["repeats"], json!(3));
}

#[test]
fn an_outcome_that_stays_unknown_is_a_fault() {
    let ground = Ground::new(&[("lossy", "do:\n  - one: { call: lose, with: {} }\n")]);
    let house = ground.start();
    let run = house.run("lossy", json!({}));
    for looks in 1..=8 {
        house.called("lose", looks);
        house.a_moment();
        house.clock.advance(Duration::from_secs(15));
    }
    let end = house.end(run);
    assert_eq!(end.status, RunStatus::Faulted);
    let error: serde_json::Value = serde_json::from_slice(&end.error.unwrap()).unwrap();
    assert_eq!(error["status"], json!(504));
    assert_eq!(house.script.seen().len(), 9);
}

#[test]
fn metadata_reach_the_host() {
    let flow = "
do:
  - one:
      call: echo
      with: {}
      metadata: { route: { region: '${ .region }' } }
";
    let ground = Ground::new(&[("routed", flow)]);
    let house = ground.start();
    house.output(house.run("routed", json!({ "region": "emea" })));
    assert_eq!(house.script.seen()[0].metadata, json!({ "route": { "region": "emea" } }));
}

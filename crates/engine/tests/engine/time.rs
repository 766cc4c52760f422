//! Timers.

use std::time::Duration;

use serde_json::json;
use throughline_store::RunStatus;

use crate::house::Ground;

const WAITS: &str = "
do:
  - pause: { wait: { hours: 1 } }
  - after: { call: echo, with: { done: true } }
";

#[test]
fn a_waiting_run_parks_says_why_and_goes_on_in_time() {
    let ground = Ground::new(&[("waits", WAITS)]);
    let house = ground.start();
    let run = house.run("waits", json!({}));
    let row = house.parked(run);
    let waiting = row.waiting.unwrap();
    assert_eq!(waiting.for_, "time 2026-03-01T09:00:00Z");
    assert_eq!(
        (waiting.task.as_str(), waiting.until),
        ("/do/0/pause", Some("2026-03-01T09:00:00Z".parse().unwrap()))
    );
    assert_eq!(house.engine.runs_active(), 0, "a parked run costs no memory");
    house.clock.advance(Duration::from_secs(3_599));
    house.a_moment();
    assert_eq!(house.script.seen().len(), 0);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.output(run), json!({ "done": true }));
    assert_eq!(house.row(run).waiting, None);
}

#[test]
fn what_it_waits_for_is_kept_up_to_date() {
    let twice = "
do:
  - first: { wait: { hours: 1 } }
  - second: { wait: { hours: 2 } }
";
    let ground = Ground::new(&[("twice", twice)]);
    let house = ground.start();
    let run = house.run("twice", json!({}));
    assert_eq!(house.parked(run).waiting.unwrap().task, "/do/0/first");
    house.clock.advance(Duration::from_secs(3_600));
    house.until("it waits for the second", || {
        house.row(run).waiting.is_some_and(|w| w.task == "/do/1/second")
    });
    assert_eq!(house.row(run).waiting.unwrap().for_, "time 2026-03-01T11:00:00Z");
}

#[test]
fn thousands_of_timers_due_at_once_all_fire() {
    const RUNS: usize = 2_500;
    let ground = Ground::new(&[("waits", WAITS)]);
    let house = ground.start();
    for _ in 0..RUNS {
        house.run("waits", json!({}));
    }
    house.until("all park", || house.engine.runs_active() == 0);
    house.clock.advance(Duration::from_secs(7_200));
    house.until("all end", || house.script.seen().len() == RUNS && house.engine.runs_active() == 0);
    assert!(house.runs("waits").iter().all(|r| r.status == RunStatus::Completed));
}

#[test]
fn a_timeout_abandons_the_call_and_raises() {
    let flow = "
do:
  - attempt:
      try:
        - slow:
            call: hold
            with: { gate: never }
            timeout: { after: { minutes: 5 } }
      catch:
        errors: { with: { type: 'https://open-workflow-specification.org/spec/1.0.0/errors/timeout' } }
        do:
          - instead: { set: { timedOut: true } }
";
    let ground = Ground::new(&[("slow", flow)]);
    let house = ground.start();
    let run = house.run("slow", json!({}));
    house.called("hold", 1);
    house.clock.advance(Duration::from_secs(301));
    assert_eq!(house.output(run), json!({ "timedOut": true }));
}

#[test]
fn timers_outlive_the_process() {
    let ground = Ground::new(&[("waits", WAITS)]);
    let house = ground.start();
    let run = house.run("waits", json!({}));
    house.parked(run);
    drop(house);
    ground.clock.advance(Duration::from_secs(7_200));
    let house = ground.start();
    assert_eq!(house.output(run), json!({ "done": true }));
}

//! Limits: places in memory, and what happens when all are taken.

use std::time::Duration;

use serde_json::json;
use throughline_engine::{Error, Options};
use throughline_store::RunStatus;

use crate::house::Ground;

const HELD: &str = "
schedule:
  on: { one: { with: { type: go } } }
do:
  - one: { call: hold, with: { gate: g } }
";

const PARKS: &str = "
do:
  - pause: { wait: { hours: 1 } }
";

fn two_places() -> Options {
    Options { runs_active_max: 2, start_wait: Duration::from_millis(50), ..Options::default() }
}

#[test]
fn a_full_engine_refuses_and_recovers() {
    let ground = Ground::new(&[("held", HELD), ("parks", PARKS)]);
    let house = ground.start_with(two_places());
    for _ in 0..5 {
        // Parked runs hold no place.
        let run = house.run("parks", json!({}));
        house.parked(run);
    }
    let runs: Vec<_> = (0..2).map(|_| house.run("held", json!([]))).collect();
    let refused = house.try_run("held", json!([]), None);
    assert!(matches!(refused, Err(Error::Busy { limit: 2 })), "{refused:?}");
    assert_eq!(house.runs("held").len(), 2, "what is refused leaves nothing behind");
    house.script.open("g", 3);
    for run in runs {
        house.output(run);
    }
    house.output(house.run("held", json!([])));
}

#[test]
fn events_wait_in_the_log_while_all_places_are_taken() {
    const EVENTS: usize = 300;
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start_with(two_places());
    for n in 0..EVENTS {
        house.event(&n.to_string(), "go", json!({}));
    }
    house.called("hold", 2);
    house.a_moment();
    assert_eq!(house.script.seen().len(), 2);
    house.script.open("g", EVENTS);
    house.until("all end", || {
        let runs = house.runs("held");
        runs.len() == EVENTS && runs.iter().all(|r| r.status == RunStatus::Completed)
    });
    house.check();
}

#[test]
fn many_runs_woken_at_once_go_through_few_places() {
    const RUNS: usize = 200;
    let listens = "
do:
  - go: { listen: { to: { one: { with: { type: go } } } } }
  - one: { call: echo, with: {} }
";
    let ground = Ground::new(&[("listens", listens)]);
    let house = ground.start_with(Options { start_wait: Duration::from_secs(10), ..two_places() });
    for _ in 0..RUNS {
        house.run("listens", json!({}));
    }
    house.until("all park", || house.engine.runs_active() == 0);
    house.event("1", "go", json!({}));
    house.until("all end", || house.script.seen().len() == RUNS && house.engine.runs_active() == 0);
    assert!(house.runs("listens").iter().all(|r| r.status == RunStatus::Completed));
}

#[test]
fn an_unknown_flow_is_refused() {
    let ground = Ground::new(&[("parks", PARKS)]);
    let house = ground.start();
    assert!(
        matches!(house.try_run("other", json!({}), None), Err(Error::UnknownFlow(name)) if name == "other")
    );
}

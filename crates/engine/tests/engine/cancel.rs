//! Cancelling, whatever the run is doing.

use serde_json::json;
use throughline_store::{RunId, RunStatus};

use crate::house::{Ground, House};

const HELD: &str = "
do:
  - one: { call: hold, with: { gate: '${ .gate }' } }
  - two: { wait: { hours: 1 } }
";

fn cancel(house: &House, run: RunId) {
    house.block_on(house.engine.cancel(run, "no longer wanted")).unwrap();
    let row = house.row(run);
    assert_eq!(row.status, RunStatus::Cancelled, "durable when it returns");
    assert!(String::from_utf8(row.error.unwrap()).unwrap().contains("no longer wanted"));
    assert_eq!(house.end(run).status, RunStatus::Cancelled);
}

#[test]
fn a_call_under_way_is_abandoned() {
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start();
    let run = house.run("held", json!({ "gate": "never" }));
    house.called("hold", 1);
    cancel(&house, run);
    house.until("it leaves memory", || house.engine.runs_active() == 0);
}

#[test]
fn a_parked_run_is_cancelled_and_its_timer_with_it() {
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start();
    house.script.open("g", 1);
    let run = house.run("held", json!({ "gate": "g" }));
    house.parked(run);
    cancel(&house, run);
    house.clock.advance(std::time::Duration::from_secs(7_200));
    house.a_moment();
    assert_eq!(house.row(run).status, RunStatus::Cancelled);
}

#[test]
fn a_run_that_waits_for_its_turn_is_cancelled_without_disturbing_the_order() {
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start();
    let runs: Vec<_> = (0..3).map(|_| house.run_keyed("held", json!({ "gate": "g" }), "K")).collect();
    house.called("hold", 1);
    cancel(&house, runs[1]);
    house.a_moment();
    assert_eq!(house.script.seen().len(), 1, "the first has not ended");
    cancel(&house, runs[0]);
    house.called("hold", 2);
    assert_eq!(house.script.seen()[1].run, runs[2].to_string());
}

#[test]
fn an_ended_run_stays_as_it_is_and_an_unknown_one_is_an_error() {
    let ground = Ground::new(&[("quick", "do:\n  - one: { set: { x: 1 } }\n")]);
    let house = ground.start();
    let run = house.run("quick", json!({}));
    house.output(run);
    house.block_on(house.engine.cancel(run, "late")).unwrap();
    assert_eq!(house.row(run).status, RunStatus::Completed);
    let unknown = house.block_on(house.engine.cancel(RunId(42), "x"));
    assert!(matches!(unknown, Err(throughline_engine::Error::NoRun(_))));
    let unknown = house.block_on(house.engine.wait(RunId(42)));
    assert!(matches!(unknown, Err(throughline_engine::Error::NoRun(_))));
}

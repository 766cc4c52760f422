//! Business keys: one run at a time, in order of creation.

use serde_json::json;
use throughline_store::RunStatus;

use crate::house::Ground;

const HELD: &str = "
do:
  - one: { call: hold, with: { gate: '${ .gate }', n: '${ .n }' } }
";

#[test]
fn runs_of_a_key_take_turns_and_others_do_not_wait() {
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start();
    let runs: Vec<_> =
        (0..4).map(|n| house.run_keyed("held", json!({ "gate": "a", "n": n }), "CT-1")).collect();
    let other = house.run_keyed("held", json!({ "gate": "b", "n": 9 }), "CT-2");
    house.called("hold", 2);
    house.a_moment();
    let at_work = |gate: &str| {
        house
            .script
            .seen()
            .iter()
            .filter(|s| s.with["gate"] == gate)
            .map(|s| s.with["n"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(at_work("a"), [0], "one at a time");
    assert_eq!(at_work("b"), [9]);
    assert_eq!(house.row(runs[2]).status, RunStatus::Pending);
    assert!(house.row(runs[2]).blocked_by.is_some());
    assert_eq!(house.engine.runs_active(), 2, "those that wait for their turn cost no memory");
    house.script.open("b", 1);
    house.output(other);
    for (n, run) in runs.iter().enumerate() {
        house.called("hold", n + 2);
        house.a_moment();
        assert_eq!(at_work("a").len(), n + 1);
        house.script.open("a", 1);
        house.output(*run);
    }
    assert_eq!(at_work("a"), [0, 1, 2, 3]);
    house.check();
}

#[test]
fn turns_outlive_the_process() {
    let ground = Ground::new(&[("held", HELD)]);
    let house = ground.start();
    let runs: Vec<_> =
        (0..3).map(|n| house.run_keyed("held", json!({ "gate": "a", "n": n }), "CT-1")).collect();
    house.called("hold", 1);
    drop(house);
    let house = ground.start();
    house.called("hold", 1);
    house.a_moment();
    assert_eq!(house.script.seen().len(), 1);
    house.script.open("a", 3);
    for run in &runs {
        house.output(*run);
    }
    let order: Vec<_> = house.script.seen().iter().map(|s| (s.with["n"].clone(), s.in_doubt)).collect();
    assert_eq!(order, [(json!(0), true), (json!(1), false), (json!(2), false)]);
}

#[test]
fn the_flow_may_compute_its_key() {
    let flow =
        format!("  metadata: {{ businessKey: '${{ .contract }}' }}\n{}", HELD.trim_start_matches('\n'));
    let ground = Ground::new(&[("keyed", &flow)]);
    let house = ground.start();
    let run = house.run("keyed", json!({ "contract": "CT-7", "gate": "g", "n": 1 }));
    assert_eq!(house.row(run).business_key.as_deref(), Some("CT-7"));
    let refused = house.try_run("keyed", json!({ "contract": 7, "gate": "g", "n": 1 }), None);
    assert!(matches!(refused, Err(throughline_engine::Error::BusinessKey { .. })), "{refused:?}");
    let none = house.run("keyed", json!({ "gate": "g", "n": 1 }));
    assert_eq!(house.row(none).business_key, None);
}

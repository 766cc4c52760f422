//! Events: starting runs, waking them, and never passing one by.

use serde_json::json;
use throughline_store::RunStatus;

use crate::house::Ground;

const LISTENS: &str = "
do:
  - held: { call: hold, with: { gate: before, contract: '${ .contract }' } }
  - facts:
      listen:
        to:
          one:
            with: { type: facts }
            correlate:
              contract: { from: '${ .data.contract }', expect: '${ .contract }' }
      metadata: { reason: the start date is missing }
";

#[test]
fn an_event_wakes_the_run_it_correlates_with() {
    let ground = Ground::new(&[("listens", LISTENS)]);
    let house = ground.start();
    house.script.open("before", 2);
    let one = house.run("listens", json!({ "contract": "CT-1" }));
    let two = house.run("listens", json!({ "contract": "CT-2" }));
    house.parked(one);
    let waiting = house.parked(two).waiting.unwrap();
    assert_eq!(
        (waiting.for_.as_str(), waiting.reason.as_deref()),
        ("event facts", Some("the start date is missing"))
    );
    house.event("0", "facts", json!({ "contract": "CT-3" }));
    house.event("1", "other", json!({ "contract": "CT-2" }));
    let last = house.event("2", "facts", json!({ "contract": "CT-2", "start": "2026-01-01" }));
    assert_eq!(house.output(two), json!([{ "contract": "CT-2", "start": "2026-01-01" }]));
    house.handed_over(last);
    house.a_moment();
    assert_eq!(house.row(one).status, RunStatus::Waiting);
}

#[test]
fn an_event_that_came_before_the_listen_is_heard() {
    let ground = Ground::new(&[("listens", LISTENS)]);
    let house = ground.start();
    let early = house.event("0", "facts", json!({ "contract": "CT-1", "n": 0 }));
    house.handed_over(early);
    let run = house.run("listens", json!({ "contract": "CT-1" }));
    house.called("hold", 1);
    house.event("1", "facts", json!({ "contract": "CT-2", "n": 1 }));
    let last = house.event("2", "facts", json!({ "contract": "CT-1", "n": 2 }));
    house.handed_over(last);
    house.script.open("before", 1);
    let output = house.output(run);
    assert_eq!(output, json!([{ "contract": "CT-1", "n": 2 }]), "of those since the run's creation");
}

#[test]
fn an_event_that_came_before_the_listen_is_heard_after_a_crash() {
    let ground = Ground::new(&[("listens", LISTENS)]);
    let house = ground.start();
    let run = house.run("listens", json!({ "contract": "CT-1" }));
    house.called("hold", 1);
    let last = house.event("1", "facts", json!({ "contract": "CT-1" }));
    house.handed_over(last);
    drop(house);
    let house = ground.start();
    house.script.open("before", 1);
    assert_eq!(house.output(run), json!([{ "contract": "CT-1" }]));
}

#[test]
fn a_loop_of_listens_takes_each_event_once_and_in_order() {
    let flow = "
do:
  - next:
      listen:
        to:
          one:
            with: { type: facts }
            correlate:
              contract: { from: '${ .data.contract }', expect: '${ $workflow.input.contract }' }
      output: { as: '${ .[0] }' }
  - note: { call: echo, with: { n: '${ .n }' } }
  - more:
      switch:
        - again: { when: '${ .n < 5 }', then: next }
        - done: { then: end }
";
    let ground = Ground::new(&[("loop", flow)]);
    let house = ground.start();
    let run = house.run("loop", json!({ "contract": "CT-1" }));
    house.parked(run);
    for n in 1..=5 {
        house.event(&n.to_string(), "facts", json!({ "contract": "CT-1", "n": n }));
    }
    house.output(run);
    let noted: Vec<_> = house.script.seen().iter().map(|s| s.with["n"].clone()).collect();
    assert_eq!(noted, [1, 2, 3, 4, 5]);
}

#[test]
fn all_of_several_events_are_waited_for() {
    let flow = "
do:
  - both:
      listen:
        to:
          all:
            - with: { type: signed }
            - with: { type: paid }
";
    let ground = Ground::new(&[("both", flow)]);
    let house = ground.start();
    let run = house.run("both", json!({}));
    house.parked(run);
    house.handed_over(house.event("1", "paid", json!({ "n": 1 })));
    house.handed_over(house.event("2", "paid", json!({ "n": 2 })));
    house.a_moment();
    assert_eq!(house.row(run).status, RunStatus::Waiting);
    house.event("3", "signed", json!({ "n": 3 }));
    let output = house.output(run);
    let mut heard: Vec<_> = output.as_array().unwrap().iter().map(|e| e["n"].as_i64().unwrap()).collect();
    heard.sort_unstable();
    assert_eq!(heard, [1, 3]);
}

#[test]
fn a_listen_without_correlation_hears_what_comes_after_it() {
    let flow = "
do:
  - any:
      listen: { to: { any: [ { with: { type: paid, subject: '${ . == \"right\" }' } } ] } }
";
    let ground = Ground::new(&[("any", flow)]);
    let house = ground.start();
    let run = house.run("any", json!({}));
    house.parked(run);
    house.handed_over(house.event("1", "paid", json!({})));
    house.a_moment();
    assert_eq!(house.row(run).status, RunStatus::Waiting, "its filter is not met");
    let event = json!({ "specversion": "1.0", "id": "2", "source": "/test", "type": "paid", "subject": "right", "data": { "n": 2 } });
    let event = throughline_store::NewEvent {
        tenant: "acme".to_owned(),
        source: "/test".to_owned(),
        id: "2".to_owned(),
        type_: "paid".to_owned(),
        subject: Some("right".to_owned()),
        time: None,
        key: None,
        body: serde_json::to_vec(&event).unwrap(),
        received_at: throughline_engine::Clock::now(house.clock.as_ref()),
        via: "api".to_owned(),
    };
    house.block_on(house.store.append(vec![event])).unwrap();
    house.engine.event_appended();
    assert_eq!(house.output(run), json!([{ "n": 2 }]));
}

const STARTED: &str = "
schedule:
  on: { one: { with: { type: won } } }
do:
  - first: { call: echo, with: { contract: '${ .[0].contract }' } }
  - tell:
      emit:
        event:
          with: { source: /flows/started, type: told, data: { contract: '${ .contract }' } }
";

const CHAINED: &str = "
schedule:
  on: { one: { with: { type: told } } }
do:
  - second: { call: echo, with: { chained: '${ .[0].contract }' } }
";

#[test]
fn an_event_starts_the_flows_that_subscribe_and_they_start_others() {
    let ground = Ground::new(&[("started", STARTED), ("chained", CHAINED)]);
    let house = ground.start();
    for n in 0..5 {
        house.event(&n.to_string(), "won", json!({ "contract": format!("CT-{n}") }));
    }
    house.event("x", "lost", json!({}));
    house.until("all end", || {
        house.runs("chained").iter().filter(|r| r.status == RunStatus::Completed).count() == 5
    });
    let mut chained: Vec<_> = house
        .script
        .seen()
        .iter()
        .filter_map(|s| s.with.get("chained").cloned())
        .map(|c| c.to_string())
        .collect();
    chained.sort_unstable();
    assert_eq!(chained, ["\"CT-0\"", "\"CT-1\"", "\"CT-2\"", "\"CT-3\"", "\"CT-4\""]);
    assert_eq!(house.runs("started").len(), 5);
    house.check();
}

#[test]
fn an_event_without_a_business_key_is_kept_as_rejected() {
    let keyed = format!(
        "  metadata: {{ businessKey: '${{ .[0].contract }}' }}\n{}",
        STARTED.trim_start_matches('\n')
    );
    let ground = Ground::new(&[("keyed", &keyed)]);
    let house = ground.start();
    house.event("1", "won", json!({ "contract": { "not": "text" } }));
    let last = house.event("2", "won", json!({ "contract": "CT-2" }));
    house.handed_over(last);
    let rejected = house.block_on(house.store.rejected(None, 10)).unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(
        (rejected[0].rejected.code.as_str(), rejected[0].rejected.id.as_deref()),
        ("business-key", Some("1"))
    );
    let runs = house.runs("keyed");
    assert_eq!(runs.iter().map(|r| r.business_key.as_deref()).collect::<Vec<_>>(), [Some("CT-2")]);
}

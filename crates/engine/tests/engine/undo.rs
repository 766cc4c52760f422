//! Undoing what was done, whatever happens meanwhile.

use serde_json::{Value, json};
use throughline_engine::UndoNote;
use throughline_flow::UndoStep;
use throughline_store::{EntryKind, RunId, RunStatus};

use crate::house::{Ground, House};

/// Two actions with an undo, each of which the test holds up, and an error nobody catches.
const TWO: &str = "
do:
  - one:
      call: echo
      with: { id: A }
      metadata:
        compensate: { call: hold, with: { gate: one, id: '${ $action.output.id }' } }
  - two:
      call: echo
      with: { id: B }
      metadata:
        compensate: { call: hold, with: { gate: two, id: '${ $action.output.id }' } }
  - no: { raise: { error: { type: 'https://example.org/no', status: 422, title: Refused } } }
";

/// What became of the undos of a run, as its journal has it.
fn undos(house: &House, run: RunId) -> Vec<(String, &'static str)> {
    let journal = house.block_on(house.store.journal(run)).unwrap();
    let notes = journal.iter().filter(|e| e.kind == EntryKind::Note);
    let notes = notes.map(|e| serde_json::from_slice::<UndoNote>(&e.body).unwrap().undo);
    let told = notes.map(|undo| {
        let step = match undo.step {
            UndoStep::Undone { in_doubt: false } => "undone",
            UndoStep::Undone { in_doubt: true } => "cleared",
            UndoStep::Failed { again: Some(_), .. } => "again",
            UndoStep::Failed { again: None, .. } => "stuck",
            UndoStep::Kept { .. } => "kept",
        };
        (undo.task.rsplit('/').next().unwrap().to_owned(), step)
    });
    told.collect()
}

fn told(all: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    all.iter().map(|(task, step)| ((*task).to_owned(), *step)).collect()
}

#[test]
fn a_plug_pulled_while_undoing_repeats_no_undo_that_is_known() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    let run = house.run("two", json!({}));
    house.called("hold", 1);
    drop(house);
    let house = ground.start();
    house.script.open("two", 1);
    house.called("hold", 2);
    drop(house);
    let house = ground.start();
    house.script.open("one", 1);
    let end = house.end(run);
    assert_eq!(end.status, RunStatus::Faulted);
    assert!(
        String::from_utf8(end.error.unwrap()).unwrap().contains("Refused"),
        "the error is that of the run"
    );
    let seen: Vec<_> =
        house.script.seen().iter().map(|s| (s.name.clone(), s.with["id"].clone(), s.in_doubt)).collect();
    assert_eq!(
        seen,
        [("hold".to_owned(), json!("A"), true)],
        "the undo of two is known, that of one is in doubt"
    );
    assert_eq!(undos(&house, run), told(&[("two", "undone"), ("one", "undone")]));
    house.check();
}

#[test]
fn undos_have_keys_of_their_own_and_the_intent_says_what_undoes() {
    let ground = Ground::new(&[("two", TWO)]);
    let house = ground.start();
    house.script.open("one", 1);
    house.script.open("two", 1);
    let run = house.run("two", json!({}));
    house.end(run);
    let keys: Vec<String> = house.script.seen().into_iter().map(|s| s.key).collect();
    let own: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!((keys.len(), own.len()), (4, 4), "{keys:?}");
    let journal = house.block_on(house.store.journal(run)).unwrap();
    let intents = journal.iter().filter(|e| e.kind == EntryKind::CallIntent);
    let undo: Vec<Value> =
        intents.map(|e| serde_json::from_slice::<Value>(&e.body).unwrap()["undo"].clone()).collect();
    assert_eq!(undo, [json!("hold"), json!("hold"), Value::Null, Value::Null]);
}

#[test]
fn a_cancelled_run_lets_a_call_with_an_undo_come_back_and_undoes_it() {
    let flow = "
do:
  - one:
      call: hold
      with: { gate: g, id: A }
      metadata: { compensate: { call: echo, with: { id: '${ $action.output.id }' } } }
  - two: { call: echo, with: { id: never } }
";
    let ground = Ground::new(&[("slow", flow)]);
    let house = ground.start();
    let run = house.run("slow", json!({}));
    house.called("hold", 1);
    house.block_on(house.engine.cancel(run, "no longer wanted")).unwrap();
    house.a_moment();
    assert!(!house.row(run).status.is_ended(), "the call may yet take effect");
    house.script.open("g", 1);
    assert_eq!(house.end(run).status, RunStatus::Cancelled);
    let echoed: Vec<_> = house.script.named("echo").into_iter().map(|s| s.with).collect();
    assert_eq!(echoed, [json!({ "id": "A" })]);
    assert_eq!(undos(&house, run), told(&[("one", "undone")]));
}

#[test]
fn a_call_that_is_waited_for_is_looked_for_after_a_crash() {
    let flow = "
do:
  - sides:
      fork:
        branches:
          - slow:
              call: hold
              with: { gate: g, id: A }
              metadata: { compensate: { call: echo, with: { id: '${ $action.output.id }' } } }
          - refused: { call: fail, with: { status: 422 } }
";
    let ground = Ground::new(&[("sides", flow)]);
    let house = ground.start();
    let run = house.run("sides", json!({}));
    house.called("hold", 1);
    house.called("fail", 1);
    house.a_moment();
    drop(house);
    let house = ground.start();
    house.script.open("g", 1);
    assert_eq!(house.end(run).status, RunStatus::Faulted);
    let seen: Vec<_> = house.script.seen().iter().map(|s| (s.name.clone(), s.in_doubt)).collect();
    assert_eq!(seen, [("hold".to_owned(), true), ("echo".to_owned(), false)]);
    assert_eq!(undos(&house, run), told(&[("slow", "undone")]));
}

/// The question that a reason says how to answer.
fn question(reason: &str) -> String {
    let (_, rest) = reason.split_once("\"question\":\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn what_can_not_be_undone_waits_for_a_person_across_a_restart() {
    let flow = "
do:
  - one: { call: echo, with: { id: A }, metadata: { compensate: { call: echo, with: { undo: A } } } }
  - two: { call: echo, with: { id: B }, metadata: { compensate: { call: fail, with: { status: 422, times: 1 } } } }
  - no: { raise: { error: { type: 'https://example.org/no', status: 422 } } }
";
    for (decision, expected) in [("retry", "undone"), ("keep", "kept")] {
        let ground = Ground::new(&[("stuck", flow)]);
        let house = ground.start();
        let run = house.run("stuck", json!({}));
        let waiting = house.parked(run).waiting.unwrap();
        assert_eq!(waiting.for_, "event throughline.run.decided.v1");
        assert_eq!(waiting.task, "/do/1/two");
        let reason = waiting.reason.unwrap();
        for part in ["/do/1/two could not be undone", "fail failed with", "\"retry\"", "\"keep\""] {
            assert!(reason.contains(part), "{reason}");
        }
        house.stop();
        let house = ground.start();
        let answer = |id: &str, question: &str| {
            let data = json!({ "question": question, "decision": decision, "by": "ann" });
            house.event(id, "throughline.run.decided.v1", data)
        };
        answer("e0", "another");
        answer("e1", &question(&reason));
        if decision == "retry" {
            // The function fails once in each life.
            house.called("fail", 1);
            house.until("it asks again", || {
                house.row(run).waiting.is_some_and(|w| w.reason.is_some_and(|r| r != reason))
            });
            // What was decided is decided once, however often it is said.
            house.handed_over(answer("e2", &question(&reason)));
            house.a_moment();
            assert_eq!(house.script.named("fail").len(), 1);
            answer("e3", &question(&house.row(run).waiting.unwrap().reason.unwrap()));
        }
        assert_eq!(house.end(run).status, RunStatus::Faulted);
        let undone = undos(&house, run);
        assert_eq!(undone.last(), Some(&("one".to_owned(), "undone")));
        assert_eq!(undone[undone.len() - 2], ("two".to_owned(), expected));
    }
}

#[test]
fn an_undo_is_tried_again_when_its_time_has_come() {
    let flow = "
do:
  - one: { call: echo, with: { id: A }, metadata: { compensate: { call: fail, with: { status: 503, times: 2 } } } }
  - no: { raise: { error: { type: 'https://example.org/no', status: 422 } } }
";
    let ground = Ground::new(&[("flaky", flow)]);
    let house = ground.start();
    let run = house.run("flaky", json!({}));
    let waiting = house.parked(run).waiting.unwrap();
    assert!(waiting.for_.starts_with("retry at"), "{waiting:?}");
    assert!(waiting.reason.unwrap().contains("as scripted"));
    for seconds in [10, 20] {
        house.clock.advance(std::time::Duration::from_secs(seconds));
        house.a_moment();
    }
    house.until("it ends", || house.row(run).status.is_ended());
    assert_eq!(undos(&house, run), told(&[("one", "again"), ("one", "again"), ("one", "undone")]));
    let fail = house.script.named("fail");
    assert!(fail.iter().all(|s| s.key == fail[0].key), "attempts share a key");
    assert_eq!(fail.iter().map(|s| s.in_doubt).collect::<Vec<_>>(), [false, true, true]);
}

//! Business keys, and the dispatch that starts runs.

use throughline_store::{Delivery, Dispatch, Error, NewRun, Position, RunId, RunStatus, Store};

use crate::backend::Place;
use crate::samples::{append, creation, dispatch, ending, new_run, step};

async fn turn_of(store: &Store, run: i64) -> Option<i64> {
    store.run(RunId(run)).await.unwrap().unwrap().blocked_by.map(|r| r.0)
}

pub(crate) async fn runs_of_a_key_are_serial_in_order_of_creation(place: &Place) {
    let store = place.open().await;
    for (run, ready) in [(1, true), (2, false), (3, false)] {
        assert_eq!(store.commit(creation(run, new_run(Some("CT-1")))).await.unwrap().ready, ready, "{run}");
    }
    assert!(store.commit(creation(4, new_run(Some("CT-2")))).await.unwrap().ready, "another key");
    assert!(store.commit(creation(5, new_run(None))).await.unwrap().ready, "no key");
    assert_eq!((turn_of(&store, 2).await, turn_of(&store, 3).await), (Some(1), Some(2)));
    for (run, seq, promoted) in [(5, 1, None), (1, 1, Some(2)), (4, 1, None), (2, 1, Some(3)), (3, 1, None)] {
        let committed = store.commit(ending(run, seq, RunStatus::Completed)).await.unwrap();
        assert_eq!(committed.promoted, promoted.map(RunId), "{run}");
        if let Some(next) = promoted {
            assert_eq!(turn_of(&store, next).await, None);
        }
    }
    assert!(
        store.commit(creation(6, new_run(Some("CT-1")))).await.unwrap().ready,
        "all of the key have ended"
    );
}

pub(crate) async fn keys_of_other_tenants_are_other_keys(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(Some("CT-1")))).await.unwrap();
    let other = NewRun { tenant: "other".to_owned(), ..new_run(Some("CT-1")) };
    assert!(store.commit(creation(2, other)).await.unwrap().ready);
}

pub(crate) async fn cancelling_a_blocked_run_promotes_nobody(place: &Place) {
    let store = place.open().await;
    // The ids don't rise with the order of creation, as they need not between nodes.
    for (run, ready) in [(50, true), (40, false), (60, false)] {
        assert_eq!(store.commit(creation(run, new_run(Some("K")))).await.unwrap().ready, ready);
    }
    let cancelled = store.commit(ending(60, 1, RunStatus::Cancelled)).await.unwrap();
    assert_eq!(cancelled.promoted, None, "50 is at work still");
    assert!(turn_of(&store, 40).await.is_some());
    assert_eq!(store.commit(ending(50, 1, RunStatus::Completed)).await.unwrap().promoted, Some(RunId(40)));
    assert_eq!(turn_of(&store, 40).await, None);
}

fn triggered(run: i64, flow: &str, position: i64) -> throughline_store::Transition {
    creation(run, NewRun { flow: flow.to_owned(), trigger: Some(Position(position)), ..new_run(None) })
}

pub(crate) async fn an_event_starts_a_flow_once(place: &Place) {
    let store = place.open().await;
    append(&store, "1", "won").await;
    let first = Dispatch { start: vec![triggered(1, "a", 1), triggered(2, "b", 1)], ..dispatch(0, 1) };
    let started = store.dispatch(first).await.unwrap().started;
    assert_eq!(
        started.iter().map(|s| (s.run.0, s.ready, s.seq)).collect::<Vec<_>>(),
        [(1, true, 1), (2, true, 1)]
    );
    let again = Dispatch { start: vec![triggered(3, "a", 1), triggered(4, "c", 1)], ..dispatch(1, 1) };
    let started = store.dispatch(again).await.unwrap().started;
    assert_eq!(started.iter().map(|s| s.run.0).collect::<Vec<_>>(), [4]);
    assert!(store.run(RunId(3)).await.unwrap().is_none());
}

pub(crate) async fn dispatch_is_all_or_nothing(place: &Place) {
    let store = place.open().await;
    append(&store, "1", "won").await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    // The second run's id is taken.
    let reject = vec![crate::log::rejected(1)];
    let start = vec![triggered(2, "a", 1), triggered(1, "b", 1)];
    let bad = Dispatch { start, reject: reject.clone(), ..dispatch(0, 1) };
    assert!(store.dispatch(bad).await.is_err());
    assert_eq!(store.rejected(None, 9).await.unwrap(), []);
    assert!(store.run(RunId(2)).await.unwrap().is_none());
    assert_eq!(store.cursor("dispatch").await.unwrap(), None);
    let good = Dispatch { start: vec![triggered(2, "a", 1)], reject, ..dispatch(0, 1) };
    store.dispatch(good).await.unwrap();
    assert_eq!(store.rejected(None, 9).await.unwrap().len(), 1);
    assert_eq!(store.cursor("dispatch").await.unwrap(), Some(Position(1)));
    assert_eq!(store.run(RunId(2)).await.unwrap().unwrap().trigger, Some(Position(1)));
}

pub(crate) async fn a_dispatch_from_an_outdated_cursor_is_refused(place: &Place) {
    let store = place.open().await;
    for id in ["1", "2", "3"] {
        append(&store, id, "won").await;
    }
    store.commit(creation(9, new_run(None))).await.unwrap();
    store
        .commit(throughline_store::Transition {
            waits: vec![crate::samples::wait(1, "won", None)],
            ..step(9, 1)
        })
        .await
        .unwrap();
    store.dispatch(dispatch(0, 2)).await.unwrap();
    for from in [0, 1, 3] {
        let deliver = vec![Delivery { run: RunId(9), activation: 1, position: Position(3) }];
        let outdated = Dispatch { start: vec![triggered(1, "a", 3)], deliver, ..dispatch(from, 3) };
        let refused = store.dispatch(outdated).await;
        assert!(matches!(refused, Err(Error::Moved { .. })), "{from}: {refused:?}");
    }
    assert_eq!(store.cursor("dispatch").await.unwrap(), Some(Position(2)));
    assert!(store.run(RunId(1)).await.unwrap().is_none());
    assert_eq!(store.load_run(RunId(9)).await.unwrap().unwrap().inbox, []);
    let elsewhere = Dispatch { cursor: "other".to_owned(), ..dispatch(0, 3) };
    store.dispatch(elsewhere).await.unwrap();
    assert_eq!(store.cursor("dispatch").await.unwrap(), Some(Position(2)), "cursors are apart");
}

//! Waits, and the events they hear.

use throughline_store::{
    Delivered, Delivery, Dispatch, EventKey, NewRun, Position, RunId, RunStatus, Store, Transition, WaitOp,
};

use crate::backend::Place;
use crate::samples::{append, creation, dispatch, ending, new_run, step, wait};

fn key(position: i64, key: &str) -> EventKey {
    EventKey {
        position: Position(position),
        tenant: "acme".to_owned(),
        event_type: Some("facts".to_owned()),
        shape: "contract".to_owned(),
        key: key.to_owned(),
    }
}

/// Appends an event and hands it over with its key; returns what was delivered.
async fn hand_over(store: &Store, id: i64, correlation: &str) -> Vec<Delivered> {
    assert_eq!(append(store, &id.to_string(), "facts").await, Position(id));
    let keys = vec![key(id, correlation)];
    store.dispatch(Dispatch { keys, ..dispatch(id - 1, id) }).await.unwrap().delivered
}

async fn listen(store: &Store, run: i64, seq: i64, activation: u64, correlation: &str) -> Vec<i64> {
    let listening =
        Transition { waits: vec![wait(activation, "facts", Some(correlation))], ..step(run, seq) };
    store.commit(listening).await.unwrap().heard.iter().map(|row| row.position.0).collect()
}

async fn inbox(store: &Store, run: i64) -> Vec<(u64, i64, String)> {
    let loaded = store.load_run(RunId(run)).await.unwrap().unwrap();
    let text = |event: Vec<u8>| String::from_utf8(event).unwrap();
    loaded.inbox.into_iter().map(|row| (row.activation, row.position.0, text(row.event))).collect()
}

pub(crate) async fn a_correlated_wait_hears_what_comes_after(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    store.commit(creation(2, new_run(None))).await.unwrap();
    assert_eq!(listen(&store, 1, 1, 7, "CT-1").await, Vec::<i64>::new());
    assert_eq!(listen(&store, 2, 1, 8, "CT-2").await, Vec::<i64>::new());
    let delivered = hand_over(&store, 1, "CT-1").await;
    let expected = Delivery { run: RunId(1), activation: 7, position: Position(1) };
    assert_eq!(delivered.iter().map(|d| d.delivery).collect::<Vec<_>>(), [expected]);
    assert_eq!(inbox(&store, 1).await, [(7, 1, "1".to_owned())]);
    assert_eq!(inbox(&store, 2).await, []);
    hand_over(&store, 2, "CT-1").await;
    assert_eq!(
        inbox(&store, 1).await,
        [(7, 1, "1".to_owned()), (7, 2, "2".to_owned())],
        "in the order of the log"
    );
}

pub(crate) async fn a_correlated_wait_hears_what_came_before(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    for (id, correlation) in [(1, "CT-1"), (2, "CT-2"), (3, "CT-1")] {
        assert_eq!(hand_over(&store, id, correlation).await, []);
    }
    assert_eq!(listen(&store, 1, 1, 7, "CT-1").await, [1, 3]);
    assert_eq!(inbox(&store, 1).await, [(7, 1, "1".to_owned()), (7, 3, "3".to_owned())]);
    assert_eq!(store.open_runs(None, 10).await.unwrap(), [RunId(1)]);
}

pub(crate) async fn a_taken_event_is_not_heard_again(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    hand_over(&store, 1, "CT-1").await;
    hand_over(&store, 2, "CT-1").await;
    assert_eq!(listen(&store, 1, 1, 7, "CT-1").await, [1, 2]);
    let rows = store.load_run(RunId(1)).await.unwrap().unwrap().inbox;
    let take =
        Transition { taken: vec![rows[0].id], waits: vec![WaitOp::Clear { activation: 7 }], ..step(1, 2) };
    store.commit(take).await.unwrap();
    assert_eq!(inbox(&store, 1).await, [], "the second was given back when the wait ended");
    assert_eq!(listen(&store, 1, 3, 8, "CT-1").await, [2], "the next wait hears the second, not the first");
}

pub(crate) async fn a_refused_event_may_be_heard_by_a_later_wait(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    listen(&store, 1, 1, 7, "CT-1").await;
    hand_over(&store, 1, "CT-1").await;
    let rows = store.load_run(RunId(1)).await.unwrap().unwrap().inbox;
    let refuse = Transition { refused: vec![rows[0].id], entries: Vec::new(), ..step(1, 2) };
    store.commit(refuse).await.unwrap();
    assert_eq!(inbox(&store, 1).await, []);
    store.commit(Transition { waits: vec![WaitOp::Clear { activation: 7 }], ..step(1, 2) }).await.unwrap();
    assert_eq!(listen(&store, 1, 3, 8, "CT-1").await, [1]);
    // Rows of other runs can't be touched.
    store.commit(creation(2, new_run(None))).await.unwrap();
    let row = store.load_run(RunId(1)).await.unwrap().unwrap().inbox[0].id;
    store.commit(Transition { taken: vec![row], refused: vec![row], ..step(2, 1) }).await.unwrap();
    assert_eq!(inbox(&store, 1).await.len(), 1);
}

pub(crate) async fn an_event_is_put_before_a_wait_once(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let second = WaitOp::Set {
        activation: 7,
        index: 1,
        event_type: Some("facts".to_owned()),
        shape: "contract".to_owned(),
        key: Some("CT-1".to_owned()),
        filter: Vec::new(),
    };
    let both = vec![wait(7, "facts", Some("CT-1")), second];
    store.commit(Transition { waits: both.clone(), ..step(1, 1) }).await.unwrap();
    assert_eq!(hand_over(&store, 1, "CT-1").await.len(), 1, "two filters of one wait");
    let again = Dispatch {
        keys: vec![key(1, "CT-1"), key(1, "CT-1")],
        deliver: vec![Delivery { run: RunId(1), activation: 7, position: Position(1) }],
        ..dispatch(1, 1)
    };
    assert_eq!(store.dispatch(again).await.unwrap().delivered, []);
    store.commit(creation(2, new_run(None))).await.unwrap();
    hand_over(&store, 2, "CT-1").await;
    let heard = store.commit(Transition { waits: both, ..step(2, 1) }).await.unwrap().heard;
    assert_eq!(heard.len(), 1, "looking back with two filters of one wait");
}

pub(crate) async fn events_older_than_the_run_are_not_heard(place: &Place) {
    let store = place.open().await;
    hand_over(&store, 1, "CT-1").await;
    hand_over(&store, 2, "CT-1").await;
    hand_over(&store, 3, "CT-1").await;
    let triggered = NewRun { trigger: Some(Position(2)), ..new_run(None) };
    store.commit(creation(1, triggered)).await.unwrap();
    assert_eq!(
        listen(&store, 1, 1, 7, "CT-1").await,
        [3],
        "the trigger and what came before it are not heard"
    );
    store.commit(creation(2, new_run(None))).await.unwrap();
    assert_eq!(listen(&store, 2, 1, 7, "CT-1").await, Vec::<i64>::new(), "started by a request: from now on");
    // In the log when the run was created, but handed over later.
    append(&store, "4", "facts").await;
    store.commit(creation(3, new_run(None))).await.unwrap();
    listen(&store, 3, 1, 7, "CT-1").await;
    let delivered =
        store.dispatch(Dispatch { keys: vec![key(4, "CT-1")], ..dispatch(3, 4) }).await.unwrap().delivered;
    let runs: Vec<i64> = delivered.iter().map(|d| d.delivery.run.0).collect();
    assert_eq!(runs, [1, 2], "not the third");
}

pub(crate) async fn tenants_types_shapes_and_keys_are_kept_apart(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    append(&store, "1", "facts").await;
    let right = key(1, "CT-1");
    let wrong = [
        EventKey { tenant: "other".to_owned(), ..right.clone() },
        EventKey { event_type: None, ..right.clone() },
        EventKey { event_type: Some("fact".to_owned()), ..right.clone() },
        EventKey { shape: "contracts".to_owned(), ..right.clone() },
        EventKey { key: "CT-11".to_owned(), ..right.clone() },
        EventKey { shape: "contractCT".to_owned(), key: "-1".to_owned(), ..right.clone() },
    ];
    store.dispatch(Dispatch { keys: wrong.to_vec(), ..dispatch(0, 1) }).await.unwrap();
    assert_eq!(listen(&store, 1, 1, 7, "CT-1").await, Vec::<i64>::new());
    let before = store.dispatch(Dispatch { keys: wrong.to_vec(), ..dispatch(1, 1) }).await.unwrap();
    assert_eq!(before.delivered, []);
    let any = WaitOp::Set {
        activation: 8,
        index: 0,
        event_type: None,
        shape: "contract".to_owned(),
        key: Some("CT-1".to_owned()),
        filter: Vec::new(),
    };
    let heard = store.commit(Transition { waits: vec![any], ..step(1, 2) }).await.unwrap().heard;
    assert_eq!(heard.len(), 1, "a wait for any type looks under no type");
    let delivered = store.dispatch(Dispatch { keys: vec![right], ..dispatch(1, 1) }).await.unwrap().delivered;
    assert_eq!(delivered.len(), 1);
}

pub(crate) async fn uncorrelated_waits_are_found_by_type(place: &Place) {
    let store = place.open().await;
    for run in 1..=4 {
        store.commit(creation(run, new_run(None))).await.unwrap();
    }
    let any = WaitOp::Set {
        activation: 3,
        index: 0,
        event_type: None,
        shape: String::new(),
        key: None,
        filter: b"any".to_vec(),
    };
    store.commit(Transition { waits: vec![wait(1, "paid", None)], ..step(1, 1) }).await.unwrap();
    store.commit(Transition { waits: vec![wait(2, "sent", None)], ..step(2, 1) }).await.unwrap();
    store.commit(Transition { waits: vec![any], ..step(3, 1) }).await.unwrap();
    store.commit(Transition { waits: vec![wait(4, "paid", Some("CT-1"))], ..step(4, 1) }).await.unwrap();
    let kinds =
        |kinds: &[(&str, &str)]| kinds.iter().map(|(t, k)| ((*t).to_owned(), (*k).to_owned())).collect();
    let waits = store
        .uncorrelated_waits(kinds(&[("acme", "paid"), ("acme", "paid"), ("other", "sent")]))
        .await
        .unwrap();
    let mut found: Vec<_> = waits.iter().map(|w| (w.run.0, w.activation, w.event_type.as_deref())).collect();
    found.sort_unstable();
    assert_eq!(found, [(1, 1, Some("paid")), (3, 3, None)]);
    assert!(waits.iter().all(|w| w.tenant == "acme"));
    assert_eq!(store.uncorrelated_waits(Vec::new()).await.unwrap(), []);
}

pub(crate) async fn a_wait_that_is_gone_gets_nothing(place: &Place) {
    let store = place.open().await;
    append(&store, "1", "paid").await;
    for run in 1..=4 {
        store.commit(creation(run, new_run(None))).await.unwrap();
        store.commit(Transition { waits: vec![wait(1, "paid", None)], ..step(run, 1) }).await.unwrap();
    }
    store.commit(Transition { waits: vec![WaitOp::Clear { activation: 1 }], ..step(1, 2) }).await.unwrap();
    store.commit(ending(2, 2, RunStatus::Cancelled)).await.unwrap();
    let deliver =
        (1..=5).map(|run| Delivery { run: RunId(run), activation: 1, position: Position(1) }).collect();
    let clear_waits = vec![(RunId(3), 1)];
    let dispatched = store.dispatch(Dispatch { deliver, clear_waits, ..dispatch(0, 1) }).await.unwrap();
    assert_eq!(dispatched.delivered.iter().map(|d| d.delivery.run.0).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(inbox(&store, 1).await, []);
    assert_eq!(inbox(&store, 2).await, []);
    append(&store, "2", "paid").await;
    let deliver =
        (3..=4).map(|run| Delivery { run: RunId(run), activation: 1, position: Position(2) }).collect();
    let dispatched = store.dispatch(Dispatch { deliver, ..dispatch(1, 2) }).await.unwrap();
    assert_eq!(dispatched.delivered.iter().map(|d| d.delivery.run.0).collect::<Vec<_>>(), [4], "3 was over");
}

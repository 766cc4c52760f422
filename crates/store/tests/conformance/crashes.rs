//! A crash at any group commit, and what stands in the store afterwards.

use throughline_store::{
    CrashPoint, Dispatch, Effect, Error, Position, RunId, RunStatus, Snapshot, TimerOp, Transition,
};

use crate::backend::Place;
use crate::samples::{append, at, creation, dispatch, ending, event, new_run, step, wait};

pub(crate) async fn before_the_commit_nothing_is_stored(place: &Place) {
    let store = place.open_to_crash(CrashPoint::BeforeCommit, 2).await;
    append(&store, "1", "won").await;
    let struck = store.append(vec![event("2", "won", "{}")]).await;
    assert!(matches!(struck, Err(Error::Crash)), "{struck:?}");
    let later = store.append(vec![event("3", "won", "{}")]).await;
    assert!(matches!(later, Err(Error::Crash)), "{later:?}");
    drop(store);
    let store = place.open().await;
    let ids: Vec<_> = store.events_after(Position(0), 9).await.unwrap().into_iter().map(|e| e.id).collect();
    assert_eq!(ids, ["1"]);
    append(&store, "2", "won").await;
}

pub(crate) async fn after_the_commit_everything_is_stored_though_nobody_was_told(place: &Place) {
    let store = place.open_to_crash(CrashPoint::AfterCommit, 2).await;
    append(&store, "1", "won").await;
    let struck = store.append(vec![event("2", "won", "{}")]).await;
    assert!(matches!(struck, Err(Error::Crash)), "{struck:?}");
    drop(store);
    let store = place.open().await;
    let ids: Vec<_> = store.events_after(Position(0), 9).await.unwrap().into_iter().map(|e| e.id).collect();
    assert_eq!(ids, ["1", "2"]);
}

pub(crate) async fn acknowledged_writes_survive_a_crash_anywhere(place: &Place) {
    let mut acknowledged = Vec::new();
    for round in 1..=12_u64 {
        let point = if round % 2 == 0 { CrashPoint::BeforeCommit } else { CrashPoint::AfterCommit };
        let store = place.open_to_crash(point, round).await;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut told = Vec::new();
                    for n in 0..50 {
                        let id = format!("{round}-{writer}-{n}");
                        match store.append(vec![event(&id, "won", "{}")]).await {
                            Ok(_) => told.push(id),
                            Err(error) => {
                                assert!(matches!(error, Error::Crash), "{error:?}");
                                break;
                            }
                        }
                    }
                    told
                })
            })
            .collect();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
    }
    let store = place.open().await;
    let stored: std::collections::HashSet<_> =
        store.events_after(Position(0), 100_000).await.unwrap().into_iter().map(|e| e.id).collect();
    assert!(!acknowledged.is_empty());
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(*id)).collect();
    assert_eq!(lost, Vec::<&String>::new());
}

pub(crate) async fn reopening_keeps_everything(place: &Place) {
    let store = place.open().await;
    let position = append(&store, "1", "won").await;
    store.put_definition("hash-1", "activation", "source").await.unwrap();
    for (run, key) in [(1, Some("K")), (2, Some("K")), (3, None)] {
        store.commit(creation(run, new_run(key))).await.unwrap();
    }
    store.commit(ending(3, 1, RunStatus::Completed)).await.unwrap();
    let parked = Transition {
        status: Some(RunStatus::Waiting),
        snapshot: Some(Snapshot { seq: 2, body: b"state".to_vec() }),
        timers: vec![TimerOp::Set { activation: 1, kind: 0, due: at(60) }],
        waits: vec![wait(1, "won", None)],
        effects: vec![Effect::Record {
            tenant: "acme".to_owned(),
            noun: "contract".to_owned(),
            id: "CT-1".to_owned(),
            body: b"{}".to_vec(),
            hash: "h".to_owned(),
        }],
        ..step(1, 1)
    };
    store.commit(parked).await.unwrap();
    let deliver = vec![throughline_store::Delivery { run: RunId(1), activation: 1, position }];
    store.dispatch(Dispatch { deliver, ..dispatch(0, 1) }).await.unwrap();
    let mut seen = Vec::new();
    let mut store = store;
    for _ in 0..2 {
        let mut runs = Vec::new();
        for run in 1..=3 {
            runs.push(format!("{:?}", store.load_run(RunId(run)).await.unwrap()));
        }
        seen.push((
            runs,
            store.events_after(Position(0), 9).await.unwrap(),
            store.cursor("dispatch").await.unwrap(),
            store.due_timers(at(100), 9).await.unwrap(),
            store.uncorrelated_waits(vec![("acme".to_owned(), "won".to_owned())]).await.unwrap(),
            store.record_history("acme", "contract", "CT-1").await.unwrap(),
            store.definition("hash-1").await.unwrap(),
            store.open_runs(None, 9).await.unwrap(),
        ));
        drop(store);
        store = place.open().await;
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].3.len(), 1);
    assert_eq!(seen[0].7, [RunId(1)]);
    // What it knew, it still enforces.
    assert!(
        store.append(vec![event("1", "won", "1")]).await.unwrap()
            == [throughline_store::Appended::Duplicate(position)]
    );
    assert!(!store.commit(creation(4, new_run(Some("K")))).await.unwrap().ready);
}

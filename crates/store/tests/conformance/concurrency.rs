//! Many callers at once.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use throughline_store::{Error, Position, RunId, Snapshot, Transition};

use crate::backend::Place;
use crate::samples::{append, creation, event, new_run, step};

const WRITERS: i64 = 16;
const WRITES: i64 = 40;

pub(crate) async fn writers_share_commits_and_lose_nothing(place: &Place) {
    let store = place.open_with_batches_of(8).await;
    let before = store.stats();
    let mut writers = Vec::new();
    for writer in 1..=WRITERS {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            store.commit(creation(writer, new_run(None))).await.unwrap();
            for n in 1..=WRITES {
                assert_eq!(store.commit(step(writer, n)).await.unwrap().seq, n + 1);
                append(&store, &format!("{writer}-{n}"), "won").await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 1..=WRITERS {
        assert_eq!(store.journal(RunId(writer)).await.unwrap().len() as i64, WRITES + 1);
    }
    let log = store.events_after(Position(0), 10_000).await.unwrap();
    assert_eq!(log.len() as i64, WRITERS * WRITES);
    let stats = store.stats();
    let writes = stats.writes - before.writes;
    let commits = stats.commits - before.commits;
    assert_eq!(writes as i64, WRITERS * (1 + 2 * WRITES));
    assert!(
        commits < writes && commits * 8 >= writes,
        "{commits} commits of {writes} writes, at most 8 in each"
    );
}

pub(crate) async fn a_failing_write_leaves_its_batch_untouched(place: &Place) {
    let store = place.open().await;
    for run in 1..=3 {
        store.commit(creation(run, new_run(None))).await.unwrap();
    }
    for round in 0..50 {
        // The second fails late: its journal entry and its record are written before its event's run is found missing.
        let late = Transition { snapshot: Some(Snapshot { seq: 1, body: Vec::new() }), ..step(2, 99) };
        let (one, two, three, four, five) = tokio::join!(
            store.commit(step(1, round + 1)),
            store.commit(late),
            store.append(vec![event(&round.to_string(), "won", "{}")]),
            store.commit(creation(1, new_run(Some("K")))),
            store.commit(step(3, round + 1)),
        );
        assert!(one.is_ok() && three.is_ok() && five.is_ok(), "{one:?} {three:?} {five:?}");
        assert!(matches!(two, Err(Error::Stale { .. })), "{two:?}");
        assert!(four.is_err());
    }
    assert_eq!(store.load_run(RunId(1)).await.unwrap().unwrap().seq, 51);
    assert_eq!(store.load_run(RunId(2)).await.unwrap().unwrap().seq, 1);
    assert_eq!(store.load_run(RunId(2)).await.unwrap().unwrap().snapshot, None);
    assert_eq!(store.events_after(Position(0), 1_000).await.unwrap().len(), 50);
    let stats = store.stats();
    assert!(stats.commits < stats.writes, "some shared a commit: {stats:?}");
}

pub(crate) async fn one_of_many_rivals_moves_a_run(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    for seq in 1..=20 {
        let rivals: Vec<_> = (0..WRITERS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(step(1, seq)).await })
            })
            .collect();
        let mut winners = 0;
        for rival in rivals {
            match rival.await.unwrap() {
                Ok(_) => winners += 1,
                Err(error) => assert!(matches!(error, Error::Stale { .. }), "{error:?}"),
            }
        }
        assert_eq!(winners, 1);
    }
    assert_eq!(store.journal(RunId(1)).await.unwrap().len(), 21);
}

pub(crate) async fn readers_see_only_whole_steps(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..100_i64 {
                let entries = [step(1, 0).entries, step(1, 0).entries].concat();
                let seq = 1 + 2 * n;
                let snapshot = Some(Snapshot { seq: seq + 2, body: (seq + 2).to_string().into_bytes() });
                store.commit(Transition { entries, snapshot, ..step(1, seq) }).await.unwrap();
            }
        })
    };
    let mut reads = 0;
    while !writer.is_finished() || reads == 0 {
        let loaded = store.load_run(RunId(1)).await.unwrap().unwrap();
        assert_eq!(loaded.seq % 2, 1, "a step has two entries");
        if let Some(snapshot) = loaded.snapshot {
            assert_eq!((snapshot.seq, snapshot.body), (loaded.seq, loaded.seq.to_string().into_bytes()));
            assert_eq!(loaded.entries, []);
        }
        reads += 1;
    }
    writer.await.unwrap();
}

/// The longest that a store may take for a read.
const PATIENCE: Duration = Duration::from_secs(10);
/// More reads than any backend has connections.
const READS: usize = 64;

/// A run polls its calls only between its own steps; were their reads to keep a place until then, its own read would wait
/// for ever.
pub(crate) async fn a_read_that_nobody_polls_holds_nobody_up(place: &Place) {
    let store = place.open().await;
    let mut unpolled: Vec<_> = (0..READS).map(|_| Box::pin(store.run(RunId(1)))).collect();
    for read in &mut unpolled {
        begin(read.as_mut());
    }
    within(store.run(RunId(1))).await.unwrap();
    for read in unpolled {
        within(read).await.unwrap();
    }
}

pub(crate) async fn a_read_that_is_given_up_holds_nobody_up(place: &Place) {
    let store = place.open().await;
    // Enough of them that a read is still at work when it is given up.
    let events = (0..5_000).map(|n| event(&format!("e{n}"), "won", "{}")).collect();
    store.append(events).await.unwrap();
    for _ in 0..READS {
        let reads: Vec<_> = (0..4)
            .map(|_| {
                let mut read = Box::pin(store.events_after(Position(0), 5_000));
                begin(read.as_mut());
                read
            })
            .collect();
        tokio::task::yield_now().await;
        drop(reads);
        within(store.run(RunId(1))).await.unwrap();
    }
}

/// Polls a future once, so that its work begins.
fn begin<T>(future: Pin<&mut impl Future<Output = T>>) {
    let _ = future.poll(&mut Context::from_waker(Waker::noop()));
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the store stands still")
}

pub(crate) async fn a_closed_store_refuses_and_has_kept_everything(place: &Place) {
    let store = place.open().await;
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.append(vec![event(&n.to_string(), "won", "{}")]).await })
        })
        .collect();
    store.close().await;
    let mut kept = 0;
    for append in waiting {
        match append.await.unwrap() {
            Ok(_) => kept += 1,
            Err(error) => assert!(matches!(error, Error::Closed), "{error:?}"),
        }
    }
    assert!(matches!(store.append(vec![event("late", "won", "{}")]).await, Err(Error::Closed)));
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.events_after(Position(0), 1_000).await.unwrap().len(), kept);
}

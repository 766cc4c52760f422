//! Runs: their steps, journals, snapshots, timers and ends.

use throughline_store::{
    EntryKind, Error, NewRun, Position, RunEnd, RunFilter, RunId, RunStatus, Snapshot, StatusCount, Store,
    TimerOp, TimerRow, Transition, Waiting,
};

use crate::backend::Place;
use crate::samples::{append, at, creation, dispatch, ending, entry, new_run, step, wait};

pub(crate) async fn a_run_comes_back_as_it_was_created(place: &Place) {
    let store = place.open().await;
    let trigger = append(&store, "1", "signed").await;
    let new = NewRun { trigger: Some(trigger), parent: Some(RunId(3)), ..new_run(Some("CT-1")) };
    let committed = store.commit(creation(7, new.clone())).await.unwrap();
    assert_eq!((committed.seq, committed.ready, committed.promoted), (1, true, None));
    let run = store.run(RunId(7)).await.unwrap().unwrap();
    assert_eq!(
        (&run.flow, &run.version, &run.definition, &run.tenant, &run.business_key, run.trigger, run.parent),
        (&new.flow, &new.version, &new.definition, &new.tenant, &new.business_key, new.trigger, new.parent)
    );
    assert_eq!((run.status, run.created_at, run.ended_at), (RunStatus::Pending, at(0), None));
    assert_eq!((run.blocked_by, run.waiting, run.output, run.error), (None, None, None, None));
    assert_eq!(store.journal(RunId(7)).await.unwrap(), [entry(EntryKind::Started, "{}")]);
    assert_eq!(store.run(RunId(8)).await.unwrap(), None);
    assert!(store.load_run(RunId(8)).await.unwrap().is_none());
    let running = Transition { status: Some(RunStatus::Running), ..creation(8, new_run(None)) };
    store.commit(running).await.unwrap();
    assert_eq!(
        store.run(RunId(8)).await.unwrap().unwrap().status,
        RunStatus::Running,
        "a run may be created running"
    );
    let twice = store.commit(creation(8, new_run(None))).await;
    assert!(twice.is_err(), "one id, one run: {twice:?}");
    assert_eq!(store.journal(RunId(8)).await.unwrap().len(), 1);
}

pub(crate) async fn steps_follow_each_other(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let two = Transition {
        entries: vec![entry(EntryKind::Begun, ""), entry(EntryKind::CallIntent, "first")],
        ..step(1, 1)
    };
    assert_eq!(store.commit(two).await.unwrap().seq, 3);
    assert_eq!(store.commit(step(1, 3)).await.unwrap().seq, 4);
    let none = Transition { entries: Vec::new(), ..step(1, 4) };
    assert_eq!(store.commit(none).await.unwrap().seq, 4, "a step may have no entries");
    let journal = store.journal(RunId(1)).await.unwrap();
    let kinds: Vec<_> = journal.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EntryKind::Started, EntryKind::Begun, EntryKind::CallIntent, EntryKind::CallOutcome]);
    let loaded = store.load_run(RunId(1)).await.unwrap().unwrap();
    assert_eq!((loaded.seq, loaded.snapshot, loaded.inbox), (4, None, Vec::new()));
    assert_eq!(loaded.entries, journal);
}

pub(crate) async fn a_step_from_an_outdated_view_is_refused(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    store.commit(step(1, 1)).await.unwrap();
    for expected in [0, 1, 3] {
        for entries in [step(1, 0).entries, Vec::new()] {
            let outdated = Transition {
                entries,
                timers: vec![TimerOp::Set { activation: 1, kind: 0, due: at(1) }],
                ..step(1, expected)
            };
            let refused = store.commit(outdated).await;
            assert!(matches!(refused, Err(Error::Stale { .. })), "{expected}: {refused:?}");
        }
    }
    assert_eq!(store.load_run(RunId(1)).await.unwrap().unwrap().seq, 2);
    assert_eq!(store.due_timers(at(100), 10).await.unwrap(), []);
}

pub(crate) async fn an_ended_run_takes_no_more(place: &Place) {
    let store = place.open().await;
    for (run, status) in [(1, RunStatus::Completed), (2, RunStatus::Faulted), (3, RunStatus::Cancelled)] {
        store.commit(creation(run, new_run(None))).await.unwrap();
        store.commit(ending(run, 1, status)).await.unwrap();
        for more in [step(run, 2), ending(run, 2, RunStatus::Completed), step(run, 1)] {
            let refused = store.commit(more).await;
            assert!(matches!(refused, Err(Error::Ended(_))), "{refused:?}");
        }
        let ended = store.run(RunId(run)).await.unwrap().unwrap();
        assert_eq!((ended.status, ended.ended_at), (status, Some(at(9))));
        assert_eq!(ended.output.as_deref(), Some(&b"{\"done\":true}"[..]));
        assert_eq!(store.journal(RunId(run)).await.unwrap().len(), 2, "its journal stays readable");
    }
}

pub(crate) async fn an_unknown_run_takes_nothing(place: &Place) {
    let store = place.open().await;
    for orphan in [step(1, 0), Transition::of(RunId(1)), ending(1, 0, RunStatus::Completed)] {
        let refused = store.commit(orphan).await;
        assert!(matches!(refused, Err(Error::NoRun(_))), "{refused:?}");
    }
    assert_eq!(store.journal(RunId(1)).await.unwrap(), []);
}

pub(crate) async fn the_end_clears_what_belonged_to_the_life(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    let parked = Transition {
        status: Some(RunStatus::Waiting),
        waiting: Some(Waiting {
            for_: "event paid".to_owned(),
            reason: None,
            since: at(1),
            until: None,
            task: "/do/0".to_owned(),
        }),
        timers: vec![TimerOp::Set { activation: 4, kind: 2, due: at(5) }],
        waits: vec![wait(4, "paid", None)],
        snapshot: Some(Snapshot { seq: 2, body: b"state".to_vec() }),
        ..step(1, 1)
    };
    store.commit(parked).await.unwrap();
    store.commit(ending(1, 2, RunStatus::Faulted)).await.unwrap();
    let loaded = store.load_run(RunId(1)).await.unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.inbox, loaded.run.waiting), (None, Vec::new(), None));
    assert_eq!(store.due_timers(at(100), 10).await.unwrap(), []);
    assert_eq!(store.next_due(at(0)).await.unwrap(), None);
    assert_eq!(store.uncorrelated_waits(vec![("acme".to_owned(), "paid".to_owned())]).await.unwrap(), []);
    assert_eq!(store.open_runs(None, 10).await.unwrap(), []);
}

pub(crate) async fn a_snapshot_shortens_loading_and_keeps_the_journal(place: &Place) {
    let store = place.open().await;
    store.commit(creation(1, new_run(None))).await.unwrap();
    for (seq, state) in [(1, None), (2, Some("early")), (3, None), (4, Some("late")), (5, None)] {
        let snapshot = state.map(|s: &str| Snapshot { seq: seq + 1, body: s.as_bytes().to_vec() });
        store.commit(Transition { snapshot, ..step(1, seq) }).await.unwrap();
    }
    let loaded = store.load_run(RunId(1)).await.unwrap().unwrap();
    assert_eq!(loaded.snapshot, Some(Snapshot { seq: 5, body: b"late".to_vec() }));
    assert_eq!((loaded.seq, loaded.entries.len()), (6, 1), "only what came after it");
    assert_eq!(store.journal(RunId(1)).await.unwrap().len(), 6, "the whole journal is still there");
}

pub(crate) async fn what_it_waits_for_is_kept_and_cleared(place: &Place) {
    let store = place.open().await;
    let waiting = Waiting {
        for_: "event throughline.contract.facts-supplied.v1".to_owned(),
        reason: Some("the start date is missing".to_owned()),
        since: at(1),
        until: Some(at(90)),
        task: "/do/3/listen".to_owned(),
    };
    store.commit(creation(1, new_run(None))).await.unwrap();
    let park = |seq, waiting| Transition { status: Some(RunStatus::Waiting), waiting, ..step(1, seq) };
    store.commit(park(1, Some(waiting.clone()))).await.unwrap();
    assert_eq!(store.run(RunId(1)).await.unwrap().unwrap().waiting, Some(waiting.clone()));
    store.commit(park(2, None)).await.unwrap();
    assert_eq!(
        store.run(RunId(1)).await.unwrap().unwrap().waiting,
        Some(waiting.clone()),
        "kept while it waits"
    );
    let other = Waiting { for_: "time".to_owned(), reason: None, until: None, ..waiting.clone() };
    store.commit(park(3, Some(other.clone()))).await.unwrap();
    assert_eq!(store.run(RunId(1)).await.unwrap().unwrap().waiting, Some(other));
    store.commit(Transition { status: Some(RunStatus::Running), ..step(1, 4) }).await.unwrap();
    let run = store.run(RunId(1)).await.unwrap().unwrap();
    assert_eq!((run.status, run.waiting), (RunStatus::Running, None));
    let at_once = Transition {
        status: Some(RunStatus::Waiting),
        waiting: Some(waiting.clone()),
        ..creation(2, new_run(None))
    };
    store.commit(at_once).await.unwrap();
    let run = store.run(RunId(2)).await.unwrap().unwrap();
    assert_eq!(
        (run.status, run.waiting),
        (RunStatus::Waiting, Some(waiting)),
        "a run may wait from its creation on"
    );
}

/// Twelve runs: flows `a` and `b`, keys `K0` to `K2`, tenants `acme` and `other`, every fourth one ended.
async fn twelve(store: &Store) {
    for n in 1..=12 {
        let new = NewRun {
            flow: if n % 2 == 0 { "a" } else { "b" }.to_owned(),
            tenant: if n > 8 { "other" } else { "acme" }.to_owned(),
            ..new_run(Some(&format!("K{}", n % 3)))
        };
        store.commit(creation(n, new)).await.unwrap();
        if n % 4 == 0 {
            store.commit(ending(n, 1, RunStatus::Faulted)).await.unwrap();
        }
    }
}

pub(crate) async fn filters_and_pages_find_runs(place: &Place) {
    let store = place.open().await;
    twelve(&store).await;
    let all = RunFilter { limit: 100, ..RunFilter::default() };
    let cases = [
        (all.clone(), vec![12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (RunFilter { status: Some(RunStatus::Faulted), ..all.clone() }, vec![12, 8, 4]),
        (
            RunFilter { status: Some(RunStatus::Pending), flow: Some("a".into()), ..all.clone() },
            vec![10, 6, 2],
        ),
        (RunFilter { flow: Some("a".into()), ..all.clone() }, vec![12, 10, 8, 6, 4, 2]),
        (RunFilter { business_key: Some("K1".into()), ..all.clone() }, vec![10, 7, 4, 1]),
        (RunFilter { tenant: Some("other".into()), ..all.clone() }, vec![12, 11, 10, 9]),
        (RunFilter { before: Some(RunId(4)), ..all.clone() }, vec![3, 2, 1]),
        (RunFilter { trigger: Some(Position(1)), ..all.clone() }, vec![]),
        (RunFilter { limit: 2, before: Some(RunId(11)), ..all.clone() }, vec![10, 9]),
        (RunFilter { flow: Some("' OR 1 --".into()), ..all.clone() }, vec![]),
    ];
    for (filter, expected) in cases {
        let found: Vec<i64> = store.runs(filter.clone()).await.unwrap().iter().map(|r| r.id.0).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

pub(crate) async fn a_key_finds_the_runs_of_its_parts(place: &Place) {
    let store = place.open().await;
    for (id, key) in (1..).zip(["CT-1", "CT-1/A1", "CT-10", "CT-1/A2/x", "CT-1-2", "CT-", "CT-1/"]) {
        store.commit(creation(id, new_run(Some(key)))).await.unwrap();
    }
    let cases =
        [("CT-1", vec![4, 2, 1]), ("CT-1/A1", vec![2]), ("CT-", vec![6]), ("CT-10", vec![3]), ("CT", vec![])];
    for (key, expected) in cases {
        let filter = RunFilter { business_key: Some(key.to_owned()), limit: 100, ..RunFilter::default() };
        let found: Vec<i64> = store.runs(filter).await.unwrap().iter().map(|r| r.id.0).collect();
        assert_eq!(found, expected, "{key}");
    }
}

pub(crate) async fn runs_are_counted_by_flow_and_status(place: &Place) {
    let store = place.open().await;
    twelve(&store).await;
    let count = |flow: &str, status, runs| StatusCount { flow: flow.to_owned(), status, runs };
    assert_eq!(
        store.run_counts().await.unwrap(),
        [
            count("a", RunStatus::Pending, 3),
            count("a", RunStatus::Faulted, 3),
            count("b", RunStatus::Pending, 6)
        ]
    );
}

pub(crate) async fn open_runs_are_those_to_take_up(place: &Place) {
    let store = place.open().await;
    append(&store, "1", "paid").await;
    let status = |run, seq, status| Transition { status: Some(status), ..step(run, seq) };
    for n in 1..=6 {
        store.commit(creation(n, new_run(None))).await.unwrap();
    }
    store.commit(status(2, 1, RunStatus::Running)).await.unwrap();
    store
        .commit(Transition { waits: vec![wait(1, "paid", None)], ..status(3, 1, RunStatus::Waiting) })
        .await
        .unwrap();
    store.commit(ending(4, 1, RunStatus::Completed)).await.unwrap();
    store.commit(status(5, 1, RunStatus::Suspended)).await.unwrap();
    for n in [7, 8] {
        store.commit(creation(n, new_run(Some("K")))).await.unwrap();
    }
    let open = |after: Option<i64>, limit| {
        let store = store.clone();
        async move {
            store.open_runs(after.map(RunId), limit).await.unwrap().iter().map(|r| r.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(open(None, 100).await, [1, 2, 6, 7], "not: waiting, ended, suspended, blocked by its key");
    let delivery = throughline_store::Delivery { run: RunId(3), activation: 1, position: Position(1) };
    store.dispatch(throughline_store::Dispatch { deliver: vec![delivery], ..dispatch(0, 1) }).await.unwrap();
    assert_eq!(open(None, 100).await, [1, 2, 3, 6, 7], "an event waits for it");
    assert_eq!(open(None, 2).await, [1, 2]);
    assert_eq!(open(Some(2), 2).await, [3, 6]);
    assert_eq!(open(Some(7), 2).await, Vec::<i64>::new());
}

pub(crate) async fn timers_are_set_moved_cleared_and_due_in_order(place: &Place) {
    let store = place.open().await;
    let set = |activation, kind, due| TimerOp::Set { activation, kind, due: at(due) };
    let clear = |activation, kind| TimerOp::Clear { activation, kind };
    let row = |run, activation, kind, due| TimerRow { run: RunId(run), activation, kind, due: at(due) };
    for run in 1..=2 {
        store.commit(creation(run, new_run(None))).await.unwrap();
    }
    let large = u64::MAX - 3;
    store
        .commit(Transition { timers: vec![set(1, 0, 50), set(1, 2, 20), set(large, 0, 40)], ..step(1, 1) })
        .await
        .unwrap();
    store.commit(Transition { timers: vec![set(1, 0, 30)], ..step(2, 1) }).await.unwrap();
    assert_eq!(store.due_timers(at(19), 10).await.unwrap(), []);
    assert_eq!(store.due_timers(at(20), 10).await.unwrap(), [row(1, 1, 2, 20)], "due at the very instant");
    assert_eq!(store.next_due(at(20)).await.unwrap(), Some(at(30)));
    let all = [row(1, 1, 2, 20), row(2, 1, 0, 30), row(1, large, 0, 40), row(1, 1, 0, 50)];
    assert_eq!(store.due_timers(at(100), 10).await.unwrap(), all);
    assert_eq!(store.due_timers(at(100), 2).await.unwrap(), all[..2]);
    assert_eq!(store.due_timers(at(100), 10).await.unwrap().len(), 4, "reading does not remove");
    store
        .commit(Transition { timers: vec![clear(1, 2), set(1, 0, 10), clear(9, 9)], ..step(1, 2) })
        .await
        .unwrap();
    assert_eq!(
        store.due_timers(at(100), 10).await.unwrap(),
        [row(1, 1, 0, 10), row(2, 1, 0, 30), row(1, large, 0, 40)]
    );
    assert_eq!(store.next_due(at(100)).await.unwrap(), None);
}

pub(crate) async fn definitions_are_kept_once(place: &Place) {
    let store = place.open().await;
    store.put_definition("hash-1", "activation", "source one").await.unwrap();
    store.put_definition("hash-1", "activation", "never other content under one hash").await.unwrap();
    assert_eq!(store.definition("hash-1").await.unwrap().as_deref(), Some("source one"));
    assert_eq!(store.definition("hash-2").await.unwrap(), None);
    assert_eq!(store.definitions_in_use().await.unwrap(), Vec::<String>::new());
    for (run, definition) in [(1, "hash-1"), (2, "hash-1"), (3, "hash-0")] {
        store
            .commit(creation(run, NewRun { definition: definition.to_owned(), ..new_run(None) }))
            .await
            .unwrap();
    }
    let end = RunEnd { status: RunStatus::Completed, output: None, error: None, at: at(9) };
    store.commit(Transition { end: Some(end), ..step(3, 1) }).await.unwrap();
    assert_eq!(store.definitions_in_use().await.unwrap(), ["hash-1"], "those of runs that have not ended");
}

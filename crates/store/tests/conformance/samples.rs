//! Values for the checks.

use jiff::Timestamp;
use throughline_store::{
    Dispatch, Entry, EntryKind, NewEvent, NewRun, Position, RunEnd, RunId, RunStatus, Store, Transition,
    WaitOp,
};

/// The instant `second` seconds after the checks' beginning.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// An event of a source `crm`.
pub(crate) fn event(id: &str, type_: &str, body: &str) -> NewEvent {
    NewEvent {
        tenant: "acme".to_owned(),
        source: "crm".to_owned(),
        id: id.to_owned(),
        type_: type_.to_owned(),
        subject: Some(format!("subject of {id}")),
        time: Some(at(-5)),
        key: Some(format!("key of {id}")),
        body: body.as_bytes().to_vec(),
        received_at: at(0),
        via: "api".to_owned(),
    }
}

/// Appends one event that has to be new.
pub(crate) async fn append(store: &Store, id: &str, type_: &str) -> Position {
    match store.append(vec![event(id, type_, id)]).await.unwrap()[..] {
        [throughline_store::Appended::New(position)] => position,
        ref other => panic!("{other:?}"),
    }
}

/// A run of flow `activation`.
pub(crate) fn new_run(key: Option<&str>) -> NewRun {
    NewRun {
        flow: "activation".to_owned(),
        version: "1.0.0".to_owned(),
        definition: "hash-1".to_owned(),
        tenant: "acme".to_owned(),
        business_key: key.map(str::to_owned),
        trigger: None,
        parent: None,
        created_at: at(0),
    }
}

/// A journal entry.
pub(crate) fn entry(kind: EntryKind, body: &str) -> Entry {
    Entry { at: at(1), kind, body: body.as_bytes().to_vec() }
}

/// The transition that creates a run, with one entry.
pub(crate) fn creation(run: i64, new: NewRun) -> Transition {
    Transition {
        create: Some(new),
        entries: vec![entry(EntryKind::Started, "{}")],
        ..Transition::of(RunId(run))
    }
}

/// A step of a run at `seq`, with one entry.
pub(crate) fn step(run: i64, seq: i64) -> Transition {
    Transition {
        expected_seq: seq,
        entries: vec![entry(EntryKind::CallOutcome, "outcome")],
        ..Transition::of(RunId(run))
    }
}

/// The end of a run at `seq`.
pub(crate) fn ending(run: i64, seq: i64, status: RunStatus) -> Transition {
    let end = RunEnd { status, output: Some(b"{\"done\":true}".to_vec()), error: None, at: at(9) };
    Transition { end: Some(end), ..step(run, seq) }
}

/// A wait for an event, correlated when `key` is given.
pub(crate) fn wait(activation: u64, event_type: &str, key: Option<&str>) -> WaitOp {
    WaitOp::Set {
        activation,
        index: 0,
        event_type: Some(event_type.to_owned()),
        shape: key.map(|_| "contract".to_owned()).unwrap_or_default(),
        key: key.map(str::to_owned),
        filter: b"filter".to_vec(),
    }
}

/// A dispatch that moves the cursor and does nothing else.
pub(crate) fn dispatch(from: i64, to: i64) -> Dispatch {
    Dispatch { cursor: "dispatch".to_owned(), from: Position(from), to: Position(to), ..Dispatch::default() }
}

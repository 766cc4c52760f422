//! Random operations against a simple model in memory: the store has to agree with it after each, and after reopening.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use throughline_store::{
    Appended, Dispatch, Error, EventKey, NewRun, Position, RunId, RunStatus, Store, TimerOp, Transition,
    WaitOp,
};

use crate::backend::Place;
use crate::samples::{at, creation, dispatch, ending, event, new_run, step, wait};

/// Operations in one sequence.
const OPERATIONS: usize = 60;
/// Sequences tried.
const SEQUENCES: u32 = 24;

#[derive(Debug, Clone)]
enum Op {
    Append { id: u8, content: u8 },
    Create { key: Option<u8> },
    Step { run: u8, outdated: bool },
    Listen { run: u8, key: u8 },
    Take { run: u8 },
    Timer { run: u8, due: Option<u8> },
    End { run: u8 },
    Dispatch { events: u8 },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..20_u8, 0..3_u8).prop_map(|(id, content)| Op::Append { id, content }),
        4 => prop::option::of(0..3_u8).prop_map(|key| Op::Create { key }),
        4 => (any::<u8>(), prop::bool::weighted(0.2)).prop_map(|(run, outdated)| Op::Step { run, outdated }),
        4 => (any::<u8>(), 0..3_u8).prop_map(|(run, key)| Op::Listen { run, key }),
        3 => any::<u8>().prop_map(|run| Op::Take { run }),
        2 => (any::<u8>(), prop::option::of(any::<u8>())).prop_map(|(run, due)| Op::Timer { run, due }),
        3 => any::<u8>().prop_map(|run| Op::End { run }),
        4 => (1..4_u8).prop_map(|events| Op::Dispatch { events }),
        1 => Just(Op::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    log: Vec<(u8, u8)>,
    handed_over: usize,
    runs: Vec<ModelRun>,
}

#[derive(Default)]
struct ModelRun {
    key: Option<u8>,
    seq: i64,
    since: usize,
    blocked: bool,
    ended: bool,
    listens: Option<u8>,
    inbox: BTreeSet<usize>,
    taken: BTreeSet<usize>,
    timer: Option<u8>,
}

/// Events correlate by their content.
fn correlates(content: u8, key: u8) -> bool {
    content == key
}

impl Model {
    fn pick(&self, run: u8) -> Option<usize> {
        (!self.runs.is_empty()).then(|| usize::from(run) % self.runs.len())
    }

    fn timers(&self) -> BTreeMap<i64, u8> {
        let timers = self.runs.iter().enumerate().filter_map(|(i, r)| Some((i as i64 + 1, r.timer?)));
        timers.collect()
    }
}

pub(crate) async fn agrees_with_a_simple_model(place: &Place) {
    let mut runner = TestRunner::new(Config::with_cases(SEQUENCES));
    let sequences = prop::collection::vec(op(), OPERATIONS);
    for number in 0..SEQUENCES {
        let ops = sequences.new_tree(&mut runner).unwrap().current();
        let place = if number == 0 { place } else { &crate::backend::sqlite() };
        play(place, &ops).await;
    }
}

async fn play(place: &Place, ops: &[Op]) {
    let mut model = Model::default();
    let mut store = place.open().await;
    for (i, op) in ops.iter().enumerate() {
        if matches!(op, Op::Reopen) {
            drop(store);
            store = place.open().await;
        } else {
            apply(&store, &mut model, op).await;
        }
        compare(&store, &model, &format!("after {:?}", &ops[..=i])).await;
    }
}

async fn apply(store: &Store, model: &mut Model, op: &Op) {
    match *op {
        Op::Append { id, content } => {
            let found = model.log.iter().position(|(known, _)| *known == id);
            let expected = match found {
                None => {
                    model.log.push((id, content));
                    Appended::New(Position(model.log.len() as i64))
                }
                Some(at) if model.log[at].1 == content => Appended::Duplicate(Position(at as i64 + 1)),
                Some(at) => Appended::Conflict(Position(at as i64 + 1)),
            };
            let given = event(&id.to_string(), "facts", &content.to_string());
            assert_eq!(store.append(vec![given]).await.unwrap(), [expected]);
        }
        Op::Create { key } => {
            let blocked = key.is_some() && model.runs.iter().any(|r| r.key == key && !r.ended);
            model.runs.push(ModelRun { key, seq: 1, since: model.log.len(), blocked, ..ModelRun::default() });
            let key = key.map(|k| format!("K{k}"));
            let committed =
                store.commit(creation(model.runs.len() as i64, new_run(key.as_deref()))).await.unwrap();
            assert_eq!(committed.ready, !blocked);
        }
        Op::Step { run, outdated } => {
            let Some(i) = model.pick(run) else { return };
            let run = &mut model.runs[i];
            let result = store.commit(step(i as i64 + 1, run.seq - i64::from(outdated))).await;
            match result {
                Ok(committed) => {
                    assert!(!run.ended && !outdated);
                    run.seq += 1;
                    assert_eq!(committed.seq, run.seq);
                }
                Err(Error::Ended(_)) => assert!(run.ended),
                Err(Error::Stale { .. }) => assert!(outdated && !run.ended),
                Err(error) => panic!("{error:?}"),
            }
        }
        Op::Listen { run, key } => {
            let Some(i) = model.pick(run) else { return };
            let run = &mut model.runs[i];
            if run.ended {
                return;
            }
            // A new listen takes the place of the one before.
            let mut waits = vec![wait(1, "facts", Some(&key.to_string()))];
            if run.listens.is_some() {
                store
                    .commit(Transition {
                        waits: vec![WaitOp::Clear { activation: 1 }],
                        ..step(i as i64 + 1, run.seq)
                    })
                    .await
                    .unwrap();
                run.seq += 1;
                run.inbox.clear();
            }
            let listening = Transition { waits: std::mem::take(&mut waits), ..step(i as i64 + 1, run.seq) };
            let heard = store.commit(listening).await.unwrap().heard;
            run.seq += 1;
            run.listens = Some(key);
            let past = model.log[..model.handed_over].iter().enumerate();
            run.inbox = past
                .filter(|(p, (_, content))| {
                    *p >= run.since && correlates(*content, key) && !run.taken.contains(p)
                })
                .map(|(p, _)| p)
                .collect();
            let heard: BTreeSet<usize> = heard.iter().map(|row| row.position.0 as usize - 1).collect();
            assert_eq!(heard, run.inbox);
        }
        Op::Take { run } => {
            let Some(i) = model.pick(run) else { return };
            let run = &mut model.runs[i];
            let Some(first) = run.inbox.pop_first() else { return };
            let rows = store.load_run(RunId(i as i64 + 1)).await.unwrap().unwrap().inbox;
            assert_eq!(rows[0].position.0 as usize - 1, first);
            store
                .commit(Transition { taken: vec![rows[0].id], ..step(i as i64 + 1, run.seq) })
                .await
                .unwrap();
            run.seq += 1;
            run.taken.insert(first);
        }
        Op::Timer { run, due } => {
            let Some(i) = model.pick(run) else { return };
            let run = &mut model.runs[i];
            if run.ended {
                return;
            }
            let op = match due {
                Some(due) => TimerOp::Set { activation: 1, kind: 0, due: at(i64::from(due)) },
                None => TimerOp::Clear { activation: 1, kind: 0 },
            };
            store.commit(Transition { timers: vec![op], ..step(i as i64 + 1, run.seq) }).await.unwrap();
            run.seq += 1;
            run.timer = due;
        }
        Op::End { run } => {
            let Some(i) = model.pick(run) else { return };
            let run = &mut model.runs[i];
            if run.ended {
                return;
            }
            let committed = store.commit(ending(i as i64 + 1, run.seq, RunStatus::Completed)).await.unwrap();
            let (key, had_turn) = (run.key, !run.blocked);
            *run = ModelRun { key, seq: run.seq + 1, ended: true, ..ModelRun::default() };
            let next = model.runs.iter().position(|r| key.is_some() && r.key == key && !r.ended);
            let next = next.filter(|_| had_turn);
            if let Some(next) = next {
                model.runs[next].blocked = false;
            }
            assert_eq!(committed.promoted, next.map(|n| RunId(n as i64 + 1)));
        }
        Op::Dispatch { events } => {
            let to = (model.handed_over + usize::from(events)).min(model.log.len());
            let batch: Vec<(usize, u8)> = (model.handed_over..to).map(|p| (p, model.log[p].1)).collect();
            let keys = batch.iter().map(|(p, content)| EventKey {
                position: Position(*p as i64 + 1),
                tenant: "acme".to_owned(),
                event_type: Some("facts".to_owned()),
                shape: "contract".to_owned(),
                key: content.to_string(),
            });
            let over = Dispatch { keys: keys.collect(), ..dispatch(model.handed_over as i64, to as i64) };
            let delivered = store.dispatch(over).await.unwrap().delivered;
            let mut expected = BTreeSet::new();
            for (i, run) in model.runs.iter_mut().enumerate() {
                for (p, content) in &batch {
                    let hears = run.listens.is_some_and(|key| correlates(*content, key));
                    if hears && *p >= run.since && run.inbox.insert(*p) {
                        expected.insert((i as i64 + 1, *p as i64 + 1));
                    }
                }
            }
            model.handed_over = to;
            let delivered: BTreeSet<_> =
                delivered.iter().map(|d| (d.delivery.run.0, d.delivery.position.0)).collect();
            assert_eq!(delivered, expected);
        }
        Op::Reopen => {}
    }
}

async fn compare(store: &Store, model: &Model, context: &str) {
    let log = store.events_after(Position(0), 1_000).await.unwrap();
    let read: Vec<_> = log
        .iter()
        .map(|e| (e.id.parse::<u8>().unwrap(), String::from_utf8_lossy(&e.body).parse::<u8>().unwrap()))
        .collect();
    assert_eq!(read, model.log, "{context}");
    let at_cursor = store.cursor("dispatch").await.unwrap().map_or(0, |p| p.0);
    assert_eq!(at_cursor as usize, model.handed_over, "{context}");
    for (i, run) in model.runs.iter().enumerate() {
        let stored = store.load_run(RunId(i as i64 + 1)).await.unwrap().unwrap();
        let NewRun { business_key, .. } = new_run(run.key.map(|k| format!("K{k}")).as_deref());
        assert_eq!(stored.run.business_key, business_key, "{context}");
        assert_eq!(stored.seq, run.seq, "{context}");
        assert_eq!(stored.run.status.is_ended(), run.ended, "{context}");
        assert_eq!(stored.run.blocked_by.is_some(), run.blocked, "{context}");
        let inbox: BTreeSet<usize> = stored.inbox.iter().map(|row| row.position.0 as usize - 1).collect();
        assert_eq!(inbox, run.inbox, "run {} {context}", i + 1);
    }
    let timers = store.due_timers(at(1_000), 1_000).await.unwrap();
    assert!(timers.windows(2).all(|w| w[0].due <= w[1].due), "{context}");
    let timers: BTreeMap<_, _> = timers.iter().map(|t| (t.run.0, t.due)).collect();
    let expected: BTreeMap<_, _> =
        model.timers().into_iter().map(|(run, due)| (run, at(i64::from(due)))).collect();
    assert_eq!(timers, expected, "{context}");
}

//! A sender that repeats what was not acknowledged, and sometimes what was.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use throughline_engine::Engine;
use throughline_store::{Appended, Error, NewEvent, Position, Run, RunStatus, Store, StoredEvent};

use crate::flows::TYPES;

/// The contract whose facts never come.
pub(crate) const FORSAKEN: &str = "CT-forsaken";
/// Events in one simulation.
const EVENTS: usize = 60;
/// Contracts they are about.
const CONTRACTS: usize = 9;

#[derive(Debug, Clone)]
struct Message {
    id: String,
    type_: String,
    contract: String,
}

/// The sender.
pub(crate) struct Client {
    to_send: Vec<Message>,
    sent: Vec<Message>,
    acknowledged: BTreeMap<String, Position>,
}

impl Client {
    pub(crate) fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut to_send = Vec::new();
        for n in 0..EVENTS {
            let type_ = (*TYPES.choose(rng).unwrap()).to_owned();
            let forsaken = n == EVENTS / 3 || n == EVENTS / 2;
            let (type_, contract) = if forsaken {
                ("supplied".to_owned(), FORSAKEN.to_owned())
            } else {
                (type_, format!("CT-{}", rng.random_range(0..CONTRACTS)))
            };
            let facts = type_ == "supplied" && !forsaken;
            to_send.push(Message { id: format!("e{n}"), type_, contract: contract.clone() });
            if facts {
                // They come at once, or after some more events, but always after the event that starts the run.
                let gap = rng.random_range(0..4);
                let message = Message { id: format!("f{n}"), type_: "facts".to_owned(), contract };
                to_send.push(message);
                let last = to_send.len() - 1;
                for _ in 0..gap {
                    let other = Message {
                        id: format!("x{n}-{}", to_send.len()),
                        type_: "noise".to_owned(),
                        contract: format!("CT-{}", rng.random_range(0..CONTRACTS)),
                    };
                    to_send.insert(last, other);
                }
            }
        }
        to_send.reverse();
        Self { to_send, sent: Vec::new(), acknowledged: BTreeMap::new() }
    }

    /// Everything is acknowledged.
    pub(crate) fn is_done(&self) -> bool {
        self.to_send.is_empty()
    }

    /// Sends a few messages. What is not acknowledged is sent again next time, in the same order.
    pub(crate) async fn send_some(
        &mut self,
        store: &Store,
        engine: &Engine,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        for _ in 0..rng.random_range(0..6) {
            let Some(next) = self.to_send.last().cloned() else { break };
            let mut batch = vec![event(&next)];
            let again = self.sent.choose(rng).filter(|_| rng.random_bool(0.2)).cloned();
            batch.extend(again.iter().map(event));
            let appended = store.append(batch).await?;
            engine.event_appended();
            let (Appended::New(position) | Appended::Duplicate(position)) = appended[0] else {
                panic!("{appended:?}")
            };
            self.acknowledged.insert(next.id.clone(), position);
            if let Some(again) = again {
                assert_eq!(appended[1], Appended::Duplicate(self.acknowledged[&again.id]));
            }
            self.to_send.pop();
            self.sent.push(next);
        }
        Ok(())
    }

    /// No acknowledged event is lost: each is in the log, and each that starts a flow has started one run.
    pub(crate) fn check(&self, log: &[StoredEvent], runs: &[Run]) {
        assert!(self.is_done());
        let log: BTreeMap<Position, &StoredEvent> = log.iter().map(|e| (e.position, e)).collect();
        let mut expected = BTreeSet::new();
        for message in &self.sent {
            let position = self.acknowledged[&message.id];
            assert_eq!(log[&position].id, message.id, "an acknowledged event is not where it was said to be");
            if TYPES.contains(&message.type_.as_str()) {
                expected.insert((message.type_.clone(), position));
            }
        }
        // A flow that tells emits one event when it completes, and that starts a run, too.
        let told: Vec<_> = log.values().filter(|e| e.via == "flow").collect();
        let telling = runs.iter().filter(|r| r.flow == "telling" && r.status == RunStatus::Completed).count();
        assert_eq!(told.len(), telling, "each run that tells tells once");
        expected.extend(told.iter().map(|e| ("row".to_owned(), e.position)));
        let started: Vec<_> = runs.iter().map(|r| (r.flow.clone(), r.trigger.unwrap())).collect();
        let distinct: BTreeSet<_> = started.iter().cloned().collect();
        assert_eq!(distinct.len(), started.len(), "an event started a flow twice");
        assert_eq!(distinct, expected);
    }
}

fn event(message: &Message) -> NewEvent {
    let data: Value = json!({ "contract": message.contract });
    let body = json!({
        "specversion": "1.0", "id": message.id, "source": "/client", "type": message.type_, "data": data,
    });
    NewEvent {
        tenant: "acme".to_owned(),
        source: "/client".to_owned(),
        id: message.id.clone(),
        type_: message.type_.clone(),
        subject: None,
        time: None,
        key: None,
        body: serde_json::to_vec(&body).unwrap(),
        received_at: "2026-03-01T08:00:00Z".parse().unwrap(),
        via: "api".to_owned(),
    }
}

//! The dispatcher: hands each event of the log, in order, to the flows that subscribe and the runs that wait for it.
//!
//! Starts, deliveries and the cursor move in one commit, so an event is handed over once, whatever happens in between.
//! Correlated waits are matched inside that commit, by key; waits without correlation are matched here, by their filter.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use throughline_flow::{Definition, EventFilter};
use throughline_store::{Delivery, Dispatch, EventKey, Position, Rejected, RunId, StoredEvent, WaitRow};

use crate::Error;
use crate::definitions::FlowSet;
use crate::inner::{Chain, Inner, creation, new_run};
use crate::metrics;
use crate::run::plan::StoredWait;
use crate::run::waiting::meets;
use crate::run::{RunFacts, Signal};

/// Name of the dispatcher's cursor in the store.
pub(crate) const CURSOR: &str = "dispatch";
/// Events handed over in one commit.
const BATCH_MAX: usize = 128;
/// Pause after a failure of the store.
const FAILURE_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// A run to be started by an event.
struct Start {
    facts: RunFacts,
    definition: Arc<Definition>,
    input: Value,
}

pub(crate) async fn run(engine: Arc<Inner>) {
    loop {
        let handed = tokio::select! {
            () = engine.stop.cancelled() => return,
            handed = turn(&engine) => handed,
        };
        let pause = async {
            match handed {
                Ok(0) => engine.appended.notified().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "events can't be handed over; trying again");
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = pause => {}
        }
    }
}

/// Hands over the next events; returns how many.
async fn turn(engine: &Arc<Inner>) -> Result<usize, Error> {
    let from = engine.store.cursor(CURSOR).await?.unwrap_or(Position(0));
    let events = read(engine, from).await?;
    let Some(last) = events.last().map(|(event, _)| event.position) else { return Ok(0) };
    let mut dispatch = Dispatch { cursor: CURSOR.to_owned(), from, to: last, ..Dispatch::default() };
    let mut starts = Vec::new();
    let flows = engine.flows();
    for (event, value) in &events {
        start_subscribers(engine, &flows, event, value, &mut dispatch, &mut starts);
        dispatch.keys.extend(keys(engine, event, value));
    }
    deliver_uncorrelated(engine, &events, &mut dispatch).await?;
    // As many places as runs begin: the log waits while the engine is full.
    let mut places = Vec::new();
    while places.len() < starts.len().min(engine.options.runs_active_max / 2) {
        places.push(engine.place().await.ok_or(Error::Stopping)?);
    }
    let dispatched = engine.store.dispatch(dispatch).await?;
    ::metrics::counter!(metrics::EVENTS_DISPATCHED).increment(events.len() as u64);
    for start in starts {
        let Some(started) = dispatched.started.iter().find(|s| s.run == start.facts.run) else { continue };
        if !started.ready {
            continue;
        }
        match places.pop() {
            Some(place) => {
                engine.begin_stored(start.facts, start.definition, started.seq, start.input, place)
            }
            None => engine.wake(start.facts.run, Signal::Look),
        }
    }
    drop(places);
    let woken: BTreeSet<RunId> = dispatched.delivered.iter().map(|d| d.delivery.run).collect();
    for run in woken {
        // No faster than runs leave memory.
        drop(engine.place().await.ok_or(Error::Stopping)?);
        engine.wake(run, Signal::Look);
    }
    Ok(events.len())
}

async fn read(engine: &Inner, from: Position) -> Result<Vec<(StoredEvent, Value)>, Error> {
    let events = engine.store.events_after(from, BATCH_MAX).await?;
    let read = events.into_iter().map(|event| {
        let value = serde_json::from_slice(&event.body).unwrap_or_else(|error| {
            tracing::error!(position = event.position.0, %error, "a stored event does not read back; nobody gets it");
            Value::Null
        });
        (event, value)
    });
    Ok(read.collect())
}

/// Starts a run of every flow whose subscription the event meets.
fn start_subscribers(
    engine: &Inner,
    flows: &FlowSet,
    event: &StoredEvent,
    value: &Value,
    dispatch: &mut Dispatch,
    starts: &mut Vec<Start>,
) {
    for flow in flows.iter().filter(|f| f.tenant.as_ref().is_none_or(|t| *t == event.tenant)) {
        let definition = &flow.definition;
        let Some(subscription) = definition.subscriptions() else { continue };
        if !subscription.filters().iter().any(|filter| meets(filter, value)) {
            continue;
        }
        let input = Value::Array(vec![subscription.read(value)]);
        let now = engine.now();
        let run = engine.ids.next(now);
        match engine.business_key(run, definition, &input, now) {
            Ok(key) => {
                let create = new_run(definition, event.tenant.clone(), key, Some(event.position), now);
                let facts = RunFacts::of(run, &create);
                dispatch.start.push(creation(run, create, &input));
                starts.push(Start { facts, definition: Arc::clone(definition), input });
            }
            Err(error) => dispatch.reject.push(unkeyed(event, &error, now)),
        }
    }
}

/// The keys by which runs may be waiting for the event, now or later.
fn keys(engine: &Inner, event: &StoredEvent, value: &Value) -> Vec<EventKey> {
    let shapes = engine.shapes.of(&event.type_);
    let keys = shapes.into_iter().filter_map(|(event_type, shape)| match EventFilter::key_of(&shape, value) {
        Ok(key) => Some(EventKey {
            position: event.position,
            tenant: event.tenant.clone(),
            event_type,
            shape,
            key: key?,
        }),
        Err(error) => {
            tracing::warn!(position = event.position.0, %error, "a correlation can't be evaluated on an event");
            None
        }
    });
    keys.collect()
}

/// Finds the runs that wait for the events without correlating them.
async fn deliver_uncorrelated(
    engine: &Inner,
    events: &[(StoredEvent, Value)],
    dispatch: &mut Dispatch,
) -> Result<(), Error> {
    let kinds: BTreeSet<_> = events.iter().map(|(e, _)| (e.tenant.clone(), e.type_.clone())).collect();
    let waits = engine.store.uncorrelated_waits(kinds.into_iter().collect()).await?;
    let mut over = BTreeSet::new();
    for wait in waits {
        let stored = read_wait(&wait)?;
        for (event, value) in events {
            let meant =
                event.tenant == wait.tenant && wait.event_type.as_ref().is_none_or(|t| *t == event.type_);
            if !meant || over.contains(&(wait.run, wait.activation)) || !meets(&stored.filter, value) {
                continue;
            }
            let delivery = Delivery { run: wait.run, activation: wait.activation, position: event.position };
            if !dispatch.deliver.contains(&delivery) {
                dispatch.deliver.push(delivery);
            }
            if !stored.all {
                over.insert((wait.run, wait.activation));
            }
        }
    }
    dispatch.clear_waits = over.into_iter().collect();
    Ok(())
}

fn read_wait(wait: &WaitRow) -> Result<StoredWait, Error> {
    serde_json::from_slice(&wait.filter).map_err(|source| Error::BrokenJournal {
        run: wait.run.to_string(),
        at: format!("wait of activation {}", wait.activation),
        source,
    })
}

/// An event that should start a run but gives it no business key is kept as rejected, so that a person sees it.
fn unkeyed(event: &StoredEvent, error: &Error, now: Timestamp) -> Rejected {
    Rejected {
        tenant: event.tenant.clone(),
        via: "dispatch".to_owned(),
        source: Some(event.source.clone()),
        id: Some(event.id.clone()),
        type_: Some(event.type_.clone()),
        code: "business-key".to_owned(),
        reason: error.to_string(),
        field: Some("metadata.businessKey".to_owned()),
        body: event.body.clone(),
        received_at: now,
        file: None,
        record: None,
    }
}

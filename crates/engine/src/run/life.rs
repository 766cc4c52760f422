//! The life of a run in memory, from the first signal to its leaving: take a place, load, act, and mend what went wrong.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use throughline_flow as flow;
use throughline_store::{EntryKind, RunEnd, RunId, RunStatus, Transition, Waiting};
use tokio::sync::OwnedSemaphorePermit;

use super::actor::{Actor, Left, Origin};
use super::journal::{StepRecord, entry};
use super::load::{Found, load};
use super::{RunFacts, Signal};
use crate::Error;
use crate::inner::{Chain, Inner};
use crate::registry::Mailbox;

/// A run that need not be loaded.
pub(crate) type First = (Box<Actor>, Origin, OwnedSemaphorePermit);

/// Lives until the run has left memory.
pub(crate) async fn live(engine: Arc<Inner>, run: RunId, mut mailbox: Mailbox, first: Option<First>) {
    let mut first = first;
    loop {
        let left = match first.take() {
            Some((actor, origin, place)) => act(*actor, origin, Vec::new(), &mut mailbox, place).await,
            None => resume(&engine, run, &mut mailbox).await,
        };
        match left {
            Ok(Left::Parked) => return,
            Ok(Left::Over) => break,
            Err(error) => {
                // Fired timers whose consequence was not stored are to fire again.
                engine.timers.release(run);
                if !mend(&engine, run, &error, &mut mailbox).await {
                    break;
                }
            }
        }
    }
    engine.registry.forget(run);
}

async fn act(
    actor: Actor,
    origin: Origin,
    signals: Vec<Signal>,
    mailbox: &mut Mailbox,
    place: OwnedSemaphorePermit,
) -> Result<Left, Error> {
    let run = actor.facts.run;
    let left = AssertUnwindSafe(actor.live(origin, signals, mailbox)).catch_unwind().await;
    drop(place);
    left.unwrap_or_else(|_| Err(Error::Panicked { run: run.to_string() }))
}

async fn resume(engine: &Arc<Inner>, run: RunId, mailbox: &mut Mailbox) -> Result<Left, Error> {
    loop {
        let Some(place) = engine.place().await else { return Ok(Left::Over) };
        // What has been said up to here is in the store when it is read next.
        let mut signals = Vec::new();
        while let Ok(signal) = mailbox.try_recv() {
            if !matches!(signal, Signal::Look) {
                signals.push(signal);
            }
        }
        match load(engine, run).await? {
            Found::Ready { actor, origin } => return act(*actor, origin, signals, mailbox, place).await,
            Found::Ended => return Ok(Left::Over),
            Found::Blocked { facts, seq } => {
                if cancel_unloaded(engine, &facts, seq, signals).await? {
                    return Ok(Left::Over);
                }
                drop(place);
                if engine.registry.leave(run, mailbox) {
                    return Ok(Left::Parked);
                }
            }
        }
    }
}

/// Ends a run that can't act, if someone has asked for that.
async fn cancel_unloaded(
    engine: &Arc<Inner>,
    facts: &RunFacts,
    seq: i64,
    signals: impl IntoIterator<Item = Signal>,
) -> Result<bool, Error> {
    let cancel = signals.into_iter().find_map(|signal| match signal {
        Signal::Cancel { reason, durable } => Some((reason, durable)),
        _ => None,
    });
    let Some((reason, durable)) = cancel else { return Ok(false) };
    let at = engine.now();
    let record = StepRecord { input: flow::Input::Cancel { reason: reason.clone() }, repeats: 0 };
    let error = serde_json::json!({ "detail": reason }).to_string().into_bytes();
    let end = RunEnd { status: RunStatus::Cancelled, output: None, error: Some(error), at };
    let transition = Transition {
        expected_seq: seq,
        entries: vec![entry(at, EntryKind::Cancel, &record)],
        end: Some(end.clone()),
        ..Transition::of(facts.run)
    };
    let committed = engine.store.commit(transition).await?;
    engine.ended(facts, &end, committed.promoted);
    let _ = durable.send(());
    Ok(true)
}

/// After a failure the run is as the store has it; it is loaded again after a while. `false`: it is given up here.
async fn mend(engine: &Arc<Inner>, run: RunId, error: &Error, mailbox: &mut Mailbox) -> bool {
    if engine.stop.is_cancelled() {
        return false;
    }
    let unreadable = error.is_unreadable();
    tracing::error!(run = %run, error = %Chain(error), retried = !unreadable, "a run could not go on");
    if unreadable {
        if let Err(error) = set_aside(engine, run, error, mailbox).await {
            tracing::error!(run = %run, error = %Chain(&error), "an unreadable run could not be marked");
        }
        return false;
    }
    tokio::select! {
        () = engine.stop.cancelled() => false,
        () = tokio::time::sleep(engine.options.mend_delay) => true,
    }
}

/// A run that this release can't read says so, and can be cancelled; the next start tries it again.
async fn set_aside(
    engine: &Arc<Inner>,
    run: RunId,
    error: &Error,
    mailbox: &mut Mailbox,
) -> Result<(), Error> {
    engine.timers.set_aside(run);
    let Some(stored) = engine.store.load_run(run).await? else { return Ok(()) };
    let signals = std::iter::from_fn(|| mailbox.try_recv().ok());
    let seq = stored.seq;
    let facts = RunFacts::of_stored(stored.run);
    if cancel_unloaded(engine, &facts, seq, signals).await? {
        return Ok(());
    }
    let waiting = Waiting {
        for_: "a release that can read it".to_owned(),
        reason: Some(Chain(error).to_string()),
        since: engine.now(),
        until: None,
        task: String::new(),
    };
    let marked = Transition {
        expected_seq: seq,
        status: Some(RunStatus::Running),
        waiting: Some(waiting),
        ..Transition::of(run)
    };
    engine.store.commit(marked).await?;
    Ok(())
}

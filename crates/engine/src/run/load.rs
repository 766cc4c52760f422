//! Loads a parked or interrupted run from the store.

use std::sync::Arc;

use serde_json::Value;
use throughline_flow::State;
use throughline_store::RunId;

use super::RunFacts;
use super::actor::{Actor, Origin};
use super::replay::Replay;
use super::snapshots::Snapshots;
use crate::Error;
use crate::inner::Inner;

/// A run as the store has it.
pub(super) enum Found {
    /// It can act.
    Ready { actor: Box<Actor>, origin: Origin },
    /// It waits for its turn behind another run of its key.
    Blocked { facts: RunFacts, seq: i64 },
    /// It has ended.
    Ended,
}

/// Reads snapshot, journal and inbox of a run.
pub(super) async fn load(engine: &Arc<Inner>, run: RunId) -> Result<Found, Error> {
    let Some(stored) = engine.store.load_run(run).await? else { return Err(Error::NoRun(run.to_string())) };
    let row = stored.run;
    if row.status.is_ended() {
        return Ok(Found::Ended);
    }
    let (status, seq) = (row.status, stored.seq);
    if row.blocked_by.is_some() {
        return Ok(Found::Blocked { facts: RunFacts::of_stored(row), seq });
    }
    let definition = engine.definitions.get(&row.definition).await?;
    let facts = RunFacts::of_stored(row);
    let (step, state) = match &stored.snapshot {
        Some(snapshot) => read_snapshot(run, &snapshot.body)?,
        None => (0, None),
    };
    let mut replay = Replay {
        run,
        created_at: facts.created_at,
        definition: &definition,
        host: engine.host.as_ref(),
        state,
        input: None,
        step,
    };
    for entry in &stored.entries {
        replay.apply(entry)?;
    }
    let Replay { state, input, step, .. } = replay;
    let origin = match state {
        Some(state) => Origin::Loaded { state: Box::new(state), inbox: stored.inbox },
        None => Origin::Stored { input: input.unwrap_or(Value::Null) },
    };
    let snapshots = Snapshots::of_stored(stored.snapshot.as_ref(), &stored.entries);
    let actor =
        Actor::new(Arc::clone(engine), facts, definition, seq, step, status).with_snapshots(snapshots);
    let actor = Box::new(actor);
    Ok(Found::Ready { actor, origin })
}

fn read_snapshot(run: RunId, body: &[u8]) -> Result<(i64, Option<State>), Error> {
    let (step, state): (i64, State) = serde_json::from_slice(body)
        .map_err(|source| Error::BrokenJournal { run: run.to_string(), at: "snapshot".to_owned(), source })?;
    Ok((step, Some(state)))
}

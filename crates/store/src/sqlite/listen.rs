//! Who hears which event: waits, correlation keys, inboxes. All of it inside the open transaction of a group commit, where
//! a wait and an event can't pass each other by.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::identity::{Position, RunId};
use crate::types::{Delivered, Delivery, EventKey, InboxRow, WaitOp};

/// Sets or clears a wait; returns the events that a new one hears at once.
pub(super) fn wait(c: &Connection, run: RunId, tenant: &str, op: &WaitOp) -> Result<Vec<InboxRow>, Error> {
    match op {
        WaitOp::Set { activation, index, event_type, shape, key, filter } => {
            let kind = event_type.as_deref().unwrap_or("");
            let key = key.as_deref().unwrap_or("");
            c.prepare_cached(
                "INSERT OR REPLACE INTO waits (run, activation, number, tenant, type, shape, key, filter)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                run.0,
                *activation as i64,
                index,
                tenant,
                kind,
                shape,
                key,
                filter
            ])?;
            if key.is_empty() {
                Ok(Vec::new())
            } else {
                look_back(c, run, *activation, digest(tenant, kind, shape, key))
            }
        }
        WaitOp::Clear { activation } => {
            clear_waits(c, run, *activation)?;
            // What was given to the wait and not taken may be heard by a later one.
            c.prepare_cached("DELETE FROM inbox WHERE run = ?1 AND activation = ?2 AND taken = 0")?
                .execute([run.0, *activation as i64])?;
            Ok(Vec::new())
        }
    }
}

pub(super) fn clear_waits(c: &Connection, run: RunId, activation: u64) -> Result<(), Error> {
    c.prepare_cached("DELETE FROM waits WHERE run = ?1 AND activation = ?2")?
        .execute([run.0, activation as i64])?;
    Ok(())
}

/// Puts the events that came with this key since the run was created, and that it has not taken, before a new wait.
fn look_back(c: &Connection, run: RunId, activation: u64, digest: i64) -> Result<Vec<InboxRow>, Error> {
    let positions: Vec<i64> = c
        .prepare_cached(
            "SELECT position FROM event_keys
             WHERE digest = ?1 AND position > (SELECT since FROM runs WHERE id = ?2)
               AND NOT EXISTS (SELECT 1 FROM inbox WHERE run = ?2 AND position = event_keys.position AND taken = 1)
             ORDER BY position",
        )?
        .query_map([digest, run.0], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut heard = Vec::with_capacity(positions.len());
    for position in positions {
        let delivery = Delivery { run, activation, position: Position(position) };
        let Some(inbox) = put(c, delivery)? else { continue };
        let event = c
            .prepare_cached("SELECT body FROM events WHERE position = ?1")?
            .query_row([position], |row| row.get(0))?;
        heard.push(InboxRow { id: inbox, activation, position: Position(position), event });
    }
    Ok(heard)
}

/// Notes the keys of events, and puts each event before every wait that correlates with it.
pub(super) fn keys(c: &Connection, keys: &[EventKey]) -> Result<Vec<Delivered>, Error> {
    let mut delivered = Vec::new();
    for key in keys {
        let kind = key.event_type.as_deref().unwrap_or("");
        c.prepare_cached("INSERT OR IGNORE INTO event_keys (digest, position) VALUES (?1, ?2)")?
            .execute([digest(&key.tenant, kind, &key.shape, &key.key), key.position.0])?;
        let waits: Vec<(i64, i64)> = c
            .prepare_cached(
                "SELECT DISTINCT w.run, w.activation FROM waits w JOIN runs r ON r.id = w.run
                 WHERE w.tenant = ?1 AND w.type = ?2 AND w.shape = ?3 AND w.key = ?4 AND r.since < ?5 ORDER BY w.run, w.activation",
            )?
            .query_map(params![key.tenant, kind, key.shape, key.key, key.position.0], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        for (run, activation) in waits {
            let delivery =
                Delivery { run: RunId(run), activation: activation as u64, position: key.position };
            delivered.extend(put(c, delivery)?.map(|inbox| Delivered { inbox, delivery }));
        }
    }
    Ok(delivered)
}

/// Puts an event before a wait that is found by its run and activation, if it still stands.
pub(super) fn deliver(c: &Connection, delivery: Delivery) -> Result<Option<Delivered>, Error> {
    let waits = c
        .prepare_cached("SELECT 1 FROM waits WHERE run = ?1 AND activation = ?2")?
        .exists([delivery.run.0, delivery.activation as i64])?;
    if !waits {
        return Ok(None);
    }
    Ok(put(c, delivery)?.map(|inbox| Delivered { inbox, delivery }))
}

/// A row in the inbox; `None` when the event has been put before this wait already.
fn put(c: &Connection, delivery: Delivery) -> Result<Option<i64>, Error> {
    let id = c
        .prepare_cached(
            "INSERT INTO inbox (run, activation, position) VALUES (?1, ?2, ?3)
             ON CONFLICT (run, position, activation) DO NOTHING RETURNING id",
        )?
        .query_row([delivery.run.0, delivery.activation as i64, delivery.position.0], |row| row.get(0))
        .optional()?;
    Ok(id)
}

pub(super) fn handled(c: &Connection, run: RunId, taken: &[i64], refused: &[i64]) -> Result<(), Error> {
    for id in taken {
        c.prepare_cached("UPDATE inbox SET taken = 1 WHERE id = ?1 AND run = ?2")?.execute([*id, run.0])?;
    }
    for id in refused {
        c.prepare_cached("DELETE FROM inbox WHERE id = ?1 AND run = ?2 AND taken = 0")?
            .execute([*id, run.0])?;
    }
    Ok(())
}

/// Short enough for a narrow index; should two keys ever share one, the engine finds out, for it looks at the event again.
fn digest(tenant: &str, kind: &str, shape: &str, key: &str) -> i64 {
    let mut hash = Sha256::new();
    for part in [tenant, kind, shape, key] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bytes = hash.finalize();
    i64::from_le_bytes(bytes[..8].try_into().unwrap_or_default())
}

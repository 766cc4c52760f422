//! The writes, each inside the open transaction of a group commit.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::listen;
use crate::error::Error;
use crate::identity::{Position, RunId};
use crate::types::{
    Appended, Committed, Dispatch, Dispatched, Effect, Entry, InboxRow, NewEvent, NewRun, Rejected, RunEnd,
    RunStatus, StartedRun, TimerOp, Transition, WaitOp,
};

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn append(c: &Connection, events: &[NewEvent]) -> Result<Vec<Appended>, Error> {
    events.iter().map(|event| append_one(c, event)).collect()
}

fn append_one(c: &Connection, event: &NewEvent) -> Result<Appended, Error> {
    let hash = Sha256::digest(&event.body);
    let inserted = c
        .prepare_cached(
            "INSERT INTO events (tenant, source, id, type, subject, time, key, hash, body, received_at, via)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (tenant, source, id) DO NOTHING",
        )?
        .execute(params![
            event.tenant,
            event.source,
            event.id,
            event.type_,
            event.subject,
            event.time.map(micros),
            event.key,
            hash.as_slice(),
            event.body,
            micros(event.received_at),
            event.via,
        ])?;
    if inserted == 1 {
        return Ok(Appended::New(Position(c.last_insert_rowid())));
    }
    let (position, first): (i64, Vec<u8>) = c
        .prepare_cached("SELECT position, hash FROM events WHERE tenant = ?1 AND source = ?2 AND id = ?3")?
        .query_row(params![event.tenant, event.source, event.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let position = Position(position);
    Ok(if first == hash.as_slice() { Appended::Duplicate(position) } else { Appended::Conflict(position) })
}

pub(super) fn reject(c: &Connection, r: &Rejected) -> Result<i64, Error> {
    let record = r.record.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    c.prepare_cached(
        "INSERT INTO rejected (tenant, via, source, id, type, code, reason, field, body, received_at, file, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        r.tenant,
        r.via,
        r.source,
        r.id,
        r.type_,
        r.code,
        r.reason,
        r.field,
        r.body,
        micros(r.received_at),
        r.file,
        record,
    ])?;
    Ok(c.last_insert_rowid())
}

pub(super) fn mark_replayed(c: &Connection, number: i64, position: Position) -> Result<(), Error> {
    c.prepare_cached("UPDATE rejected SET replayed = ?2 WHERE number = ?1")?.execute([number, position.0])?;
    Ok(())
}

pub(super) fn set_cursor(c: &Connection, name: &str, value: &str) -> Result<(), Error> {
    c.prepare_cached(
        "INSERT INTO cursors (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
    )?
    .execute([name, value])?;
    Ok(())
}

pub(super) fn put_definition(c: &Connection, hash: &str, name: &str, source: &str) -> Result<(), Error> {
    c.prepare_cached(
        "INSERT INTO definitions (hash, name, source) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING",
    )?
    .execute([hash, name, source])?;
    Ok(())
}

pub(super) fn dispatch(c: &Connection, d: &Dispatch) -> Result<Dispatched, Error> {
    let at: i64 = c
        .prepare_cached("SELECT value FROM cursors WHERE name = ?1")?
        .query_row([&d.cursor], |row| row.get::<_, String>(0))
        .optional()?
        .map_or(Ok(0), |v| v.parse().map_err(|_| Error::Corrupt { what: "cursor" }))?;
    if at != d.from.0 {
        return Err(Error::Moved { name: d.cursor.clone(), expected: d.from.0 });
    }
    let mut dispatched = Dispatched::default();
    for start in &d.start {
        if started_before(c, start)? {
            continue;
        }
        let committed = commit(c, start)?;
        dispatched.started.push(StartedRun { run: start.run, ready: committed.ready, seq: committed.seq });
    }
    dispatched.delivered = listen::keys(c, &d.keys)?;
    for delivery in &d.deliver {
        dispatched.delivered.extend(listen::deliver(c, *delivery)?);
    }
    dispatched.delivered.sort_by_key(|d| (d.delivery.position, d.inbox));
    for (run, activation) in &d.clear_waits {
        listen::clear_waits(c, *run, *activation)?;
    }
    for rejected in &d.reject {
        reject(c, rejected)?;
    }
    set_cursor(c, &d.cursor, &d.to.0.to_string())?;
    Ok(dispatched)
}

fn started_before(c: &Connection, start: &Transition) -> Result<bool, Error> {
    let Some(NewRun { flow, tenant, trigger: Some(trigger), .. }) = &start.create else { return Ok(false) };
    let found = c
        .prepare_cached("SELECT 1 FROM runs WHERE trigger = ?1 AND flow = ?2 AND tenant = ?3")?
        .exists(params![trigger.0, flow, tenant])?;
    Ok(found)
}

pub(super) fn commit(c: &Connection, t: &Transition) -> Result<Committed, Error> {
    let ready = match &t.create {
        Some(create) => create_run(c, t.run, create, t.status.unwrap_or(RunStatus::Pending))?,
        None => {
            in_turn(c, t)?;
            true
        }
    };
    let seq = append_journal(c, t)?;
    if let Some(snapshot) = &t.snapshot {
        c.prepare_cached("INSERT INTO snapshots (run, seq, body) VALUES (?1, ?2, ?3) ON CONFLICT (run) DO UPDATE SET seq = ?2, body = ?3")?
            .execute(params![t.run.0, snapshot.seq, snapshot.body])?;
    }
    t.timers.iter().try_for_each(|op| timer(c, t.run, op))?;
    listen::handled(c, t.run, &t.taken, &t.refused)?;
    let heard = if t.waits.is_empty() { Vec::new() } else { waits(c, t)? };
    let at = t
        .entries
        .last()
        .map(|e| e.at)
        .or_else(|| t.end.as_ref().map(|e| e.at))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    t.effects.iter().try_for_each(|e| effect(c, t.run, e, at))?;
    let promoted = match &t.end {
        Some(end) => end_run(c, t.run, end)?,
        None => {
            set_status(c, t)?;
            None
        }
    };
    Ok(Committed { seq, ready, promoted, heard })
}

fn waits(c: &Connection, t: &Transition) -> Result<Vec<InboxRow>, Error> {
    let tenant: String =
        c.prepare_cached("SELECT tenant FROM runs WHERE id = ?1")?.query_row([t.run.0], |row| row.get(0))?;
    let mut heard = Vec::new();
    for op in &t.waits {
        heard.extend(listen::wait(c, t.run, &tenant, op)?);
    }
    // One that was set and cleared in the same transition has given back what it heard.
    heard.retain(|row: &InboxRow| {
        !t.waits.iter().any(|op| matches!(op, WaitOp::Clear { activation } if *activation == row.activation))
    });
    heard.sort_by_key(|row| (row.position, row.id));
    Ok(heard)
}

/// Stores a run. `false`: another run of its key is open, it has to wait for its turn.
fn create_run(c: &Connection, run: RunId, new: &NewRun, status: RunStatus) -> Result<bool, Error> {
    let ahead: Option<i64> = match &new.business_key {
        Some(key) => c
            .prepare_cached(
                "SELECT max(id) FROM runs INDEXED BY runs_open_key
                 WHERE tenant = ?1 AND business_key = ?2 AND ended_at IS NULL AND business_key IS NOT NULL",
            )?
            .query_row([&new.tenant, key], |row| row.get(0))?,
        None => None,
    };
    c.prepare_cached(
        "INSERT INTO runs (id, flow, version, definition, tenant, business_key, trigger, parent, status, blocked_by, since, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?7, (SELECT max(position) FROM events), 0), ?11)",
    )?
    .execute(params![
        run.0,
        new.flow,
        new.version,
        new.definition,
        new.tenant,
        new.business_key,
        new.trigger.map(|p| p.0),
        new.parent.map(|p| p.0),
        status.code(),
        ahead,
        micros(new.created_at),
    ])?;
    Ok(ahead.is_none())
}

/// Makes sure that the run stands where the caller thinks it stands: nobody else acts for it, and it has not ended.
fn in_turn(c: &Connection, t: &Transition) -> Result<(), Error> {
    let found: Option<(Option<i64>, Option<i64>)> = c
        .prepare_cached(
            "SELECT ended_at, (SELECT max(seq) FROM journal WHERE run = ?1) FROM runs WHERE id = ?1",
        )?
        .query_row([t.run.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None => Err(Error::NoRun(t.run.to_string())),
        Some((Some(_), _)) => Err(Error::Ended(t.run.to_string())),
        Some((None, seq)) if seq.unwrap_or(0) != t.expected_seq => {
            Err(Error::Stale { run: t.run.to_string(), expected: t.expected_seq })
        }
        Some(_) => Ok(()),
    }
}

/// Appends the entries as one row.
fn append_journal(c: &Connection, t: &Transition) -> Result<i64, Error> {
    if t.entries.is_empty() {
        return Ok(t.expected_seq);
    }
    let seq = t.expected_seq + i64::try_from(t.entries.len()).unwrap_or(i64::MAX);
    c.prepare_cached("INSERT INTO journal (run, seq, body) VALUES (?1, ?2, ?3)")?.execute(params![
        t.run.0,
        seq,
        pack(&t.entries)
    ])?;
    Ok(seq)
}

/// Entries as bytes: for each its kind, its instant and length in microseconds and bytes, its body.
fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(entries.iter().map(|e| e.body.len() + 13).sum());
    for entry in entries {
        packed.push(entry.kind as u8);
        packed.extend_from_slice(&micros(entry.at).to_le_bytes());
        packed.extend_from_slice(&u32::try_from(entry.body.len()).unwrap_or(u32::MAX).to_le_bytes());
        packed.extend_from_slice(&entry.body);
    }
    packed
}

fn timer(c: &Connection, run: RunId, op: &TimerOp) -> Result<(), Error> {
    match op {
        TimerOp::Set { activation, kind, due } => c
            .prepare_cached(
                "INSERT INTO timers (run, activation, kind, due) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (run, activation, kind) DO UPDATE SET due = ?4",
            )?
            .execute(params![run.0, *activation as i64, kind, micros(*due)])?,
        TimerOp::Clear { activation, kind } => c
            .prepare_cached("DELETE FROM timers WHERE run = ?1 AND activation = ?2 AND kind = ?3")?
            .execute(params![run.0, *activation as i64, kind])?,
    };
    Ok(())
}

fn set_status(c: &Connection, t: &Transition) -> Result<(), Error> {
    let Some(status) = t.status else { return Ok(()) };
    if t.create.is_some() && t.waiting.is_none() {
        return Ok(());
    }
    if status == RunStatus::Waiting && t.waiting.is_none() {
        c.prepare_cached("UPDATE runs SET status = ?2 WHERE id = ?1")?.execute([t.run.0, status.code()])?;
        return Ok(());
    }
    let w = t.waiting.as_ref();
    c.prepare_cached(
        "UPDATE runs SET status = ?2, waiting_for = ?3, waiting_reason = ?4, waiting_since = ?5, waiting_until = ?6,
                waiting_task = ?7 WHERE id = ?1",
    )?
    .execute(params![
        t.run.0,
        status.code(),
        w.map(|w| &w.for_),
        w.and_then(|w| w.reason.as_ref()),
        w.map(|w| micros(w.since)),
        w.and_then(|w| w.until.map(micros)),
        w.map(|w| &w.task),
    ])?;
    Ok(())
}

/// Ends a run, clears what belonged to its life, and lets the next run of its key have its turn.
fn end_run(c: &Connection, run: RunId, end: &RunEnd) -> Result<Option<RunId>, Error> {
    let (tenant, key): (String, Option<String>) = c
        .prepare_cached("SELECT tenant, business_key FROM runs WHERE id = ?1")?
        .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| Error::NoRun(run.to_string()))?;
    c.prepare_cached(
        "UPDATE runs SET status = ?2, ended_at = ?3, output = ?4, error = ?5, blocked_by = NULL, waiting_for = NULL,
                waiting_reason = NULL, waiting_since = NULL, waiting_until = NULL, waiting_task = NULL WHERE id = ?1",
    )?
    .execute(params![run.0, end.status.code(), micros(end.at), end.output, end.error])?;
    for clear in [
        "DELETE FROM timers WHERE run = ?1",
        "DELETE FROM waits WHERE run = ?1",
        "DELETE FROM inbox WHERE run = ?1",
        "DELETE FROM snapshots WHERE run = ?1",
    ] {
        c.prepare_cached(clear)?.execute([run.0])?;
    }
    match key {
        Some(key) => promote(c, &tenant, &key),
        None => Ok(None),
    }
}

/// The oldest run of a key gets its turn, unless another has it.
fn promote(c: &Connection, tenant: &str, key: &str) -> Result<Option<RunId>, Error> {
    let next: Option<(i64, Option<i64>)> = c
        .prepare_cached(
            "SELECT id, blocked_by FROM runs INDEXED BY runs_open_key
             WHERE tenant = ?1 AND business_key = ?2 AND ended_at IS NULL AND business_key IS NOT NULL
             ORDER BY blocked_by IS NOT NULL, id LIMIT 1",
        )?
        .query_row([tenant, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((next, Some(_))) = next else { return Ok(None) };
    c.prepare_cached("UPDATE runs SET blocked_by = NULL WHERE id = ?1")?.execute([next])?;
    Ok(Some(RunId(next)))
}

fn effect(c: &Connection, run: RunId, effect: &Effect, at: Timestamp) -> Result<(), Error> {
    match effect {
        Effect::Record { tenant, noun, id, body, hash } => record(c, run, [tenant, noun, id], body, hash, at),
        Effect::Link { tenant, noun, canonical_id, system, system_id, version, url } => {
            c.prepare_cached(
                "INSERT INTO links (tenant, noun, canonical_id, system, system_id, version, url, confirmed_at, run)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (noun, canonical_id, system, tenant) DO UPDATE SET system_id = ?5,
                   version = coalesce(?6, version), url = coalesce(?7, url), confirmed_at = ?8, run = ?9",
            )?
            .execute(params![tenant, noun, canonical_id, system, system_id, version, url, micros(at), run.0])?;
            Ok(())
        }
        Effect::Unlink { tenant, noun, canonical_id, system } => {
            c.prepare_cached(
                "DELETE FROM links WHERE noun = ?1 AND canonical_id = ?2 AND system = ?3 AND tenant = ?4",
            )?
            .execute([noun, canonical_id, system, tenant])?;
            Ok(())
        }
        Effect::Outbox { event } => {
            if let Appended::Conflict(position) = append_one(c, event)? {
                // The log keeps what it has; the run that emits other content under a used id is at fault.
                tracing::warn!(%run, source = event.source, id = event.id, position = position.0, "an emitted event's id is taken");
            }
            Ok(())
        }
    }
}

fn record(
    c: &Connection,
    run: RunId,
    [tenant, noun, id]: [&String; 3],
    body: &[u8],
    hash: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let current: Option<(i64, String)> = c
        .prepare_cached("SELECT version, hash FROM records WHERE noun = ?1 AND tenant = ?2 AND id = ?3")?
        .query_row([noun, tenant, id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let version = match current {
        Some((_, same)) if same == hash => return Ok(()),
        Some((version, _)) => version + 1,
        None => 1,
    };
    for table in ["records", "record_versions"] {
        let sql = format!(
            "INSERT OR REPLACE INTO {table} (tenant, noun, id, version, hash, body, updated_at, run)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        );
        c.prepare_cached(&sql)?.execute(params![tenant, noun, id, version, hash, body, micros(at), run.0])?;
    }
    Ok(())
}

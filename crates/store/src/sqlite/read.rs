//! The reads.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::write::micros;
use crate::error::Error;
use crate::identity::{Position, RunId};
use crate::types::{
    Entry, EntryKind, InboxRow, LinkFilter, LinkRow, Record, RecordFilter, Rejected, RejectedRow, Run,
    RunFilter, RunStatus, Snapshot, StatusCount, StoredEvent, StoredRun, TimerRow, WaitRow, Waiting,
};

fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Collects conditions and their values, so that one statement serves a filter of many optional parts.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.sql.push(condition.to_owned());
            self.values.push(value.into());
        }
    }

    fn sql(&self) -> String {
        if self.sql.is_empty() { "1".to_owned() } else { self.sql.join(" AND ") }
    }
}

pub(super) fn definition(c: &Connection, hash: &str) -> Result<Option<String>, Error> {
    let mut statement = c.prepare_cached("SELECT source FROM definitions WHERE hash = ?1")?;
    Ok(statement.query_row([hash], |row| row.get(0)).optional()?)
}

pub(super) fn cursor(c: &Connection, name: &str) -> Result<Option<String>, Error> {
    let mut statement = c.prepare_cached("SELECT value FROM cursors WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn events_after(c: &Connection, after: Position, limit: usize) -> Result<Vec<StoredEvent>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT position, tenant, source, id, type, key, body, received_at, via FROM events
         WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let rows = statement.query_map([after.0, count(limit)], |row| {
        Ok(StoredEvent {
            position: Position(row.get(0)?),
            tenant: row.get(1)?,
            source: row.get(2)?,
            id: row.get(3)?,
            type_: row.get(4)?,
            key: row.get(5)?,
            body: row.get(6)?,
            received_at: instant(row.get(7)?),
            via: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const RUN: &str =
    "id, flow, version, definition, tenant, business_key, trigger, parent, status, blocked_by, waiting_for,
    waiting_reason, waiting_since, waiting_until, waiting_task, created_at, ended_at, output, error";

fn run_of(row: &Row<'_>) -> rusqlite::Result<Run> {
    let waiting = match (row.get::<_, Option<String>>(10)?, row.get::<_, Option<i64>>(12)?) {
        (Some(for_), Some(since)) => Some(Waiting {
            for_,
            reason: row.get(11)?,
            since: instant(since),
            until: row.get::<_, Option<i64>>(13)?.map(instant),
            task: row.get::<_, Option<String>>(14)?.unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(Run {
        id: RunId(row.get(0)?),
        flow: row.get(1)?,
        version: row.get(2)?,
        definition: row.get(3)?,
        tenant: row.get(4)?,
        business_key: row.get(5)?,
        trigger: row.get::<_, Option<i64>>(6)?.map(Position),
        parent: row.get::<_, Option<i64>>(7)?.map(RunId),
        status: RunStatus::of_code(row.get(8)?).unwrap_or(RunStatus::Suspended),
        blocked_by: row.get::<_, Option<i64>>(9)?.map(RunId),
        waiting,
        created_at: instant(row.get(15)?),
        ended_at: row.get::<_, Option<i64>>(16)?.map(instant),
        output: row.get(17)?,
        error: row.get(18)?,
    })
}

pub(super) fn run(c: &Connection, run: RunId) -> Result<Option<Run>, Error> {
    let mut statement = c.prepare_cached(&format!("SELECT {RUN} FROM runs WHERE id = ?1"))?;
    Ok(statement.query_row([run.0], run_of).optional()?)
}

pub(super) fn runs(c: &Connection, filter: &RunFilter) -> Result<Vec<Run>, Error> {
    let mut conditions = Conditions::default();
    conditions.add("status = ?", filter.status.map(RunStatus::code));
    conditions.add("flow = ?", filter.flow.clone());
    // `0` is the character after `/`.
    if let Some(key) = &filter.business_key {
        conditions.sql.push("(business_key = ? OR (business_key > ? AND business_key < ?))".to_owned());
        conditions.values.extend([key.clone(), format!("{key}/"), format!("{key}0")].map(Value::from));
    }
    conditions.add("tenant = ?", filter.tenant.clone());
    conditions.add("id IN (SELECT run FROM links WHERE system = ?)", filter.system.clone());
    conditions.add("trigger = ?", filter.trigger.map(|p| p.0));
    conditions.add("id < ?", filter.before.map(|r| r.0));
    // An ended run has no open status; saying so lets the short index of open runs serve.
    if filter.status.is_some_and(|s| !s.is_ended()) {
        conditions.sql.push("ended_at IS NULL".to_owned());
    }
    let sql = format!(
        "SELECT {RUN} FROM runs WHERE {} ORDER BY id DESC LIMIT {}",
        conditions.sql(),
        count(filter.limit)
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(conditions.values), run_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn run_counts(c: &Connection) -> Result<Vec<StatusCount>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT flow, status, count(*) FROM runs GROUP BY flow, status ORDER BY flow, status",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(StatusCount {
            flow: row.get(0)?,
            status: RunStatus::of_code(row.get(1)?).unwrap_or(RunStatus::Suspended),
            runs: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn journal_after(c: &Connection, run: RunId, after: i64) -> Result<Vec<Entry>, Error> {
    let mut statement =
        c.prepare_cached("SELECT body FROM journal WHERE run = ?1 AND seq > ?2 ORDER BY seq")?;
    let mut rows = statement.query(params![run.0, after])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?;
        let body = body.as_blob().map_err(|_| Error::Corrupt { what: "journal row" })?;
        unpack(body, &mut entries)?;
    }
    Ok(entries)
}

fn unpack(mut packed: &[u8], entries: &mut Vec<Entry>) -> Result<(), Error> {
    let corrupt = || Error::Corrupt { what: "journal row" };
    while !packed.is_empty() {
        let (head, rest) = packed.split_at_checked(13).ok_or_else(corrupt)?;
        let kind = EntryKind::of_code(head[0]).ok_or_else(corrupt)?;
        let at = instant(i64::from_le_bytes(head[1..9].try_into().map_err(|_| corrupt())?));
        let length = u32::from_le_bytes(head[9..13].try_into().map_err(|_| corrupt())?) as usize;
        let (body, rest) = rest.split_at_checked(length).ok_or_else(corrupt)?;
        entries.push(Entry { at, kind, body: body.to_vec() });
        packed = rest;
    }
    Ok(())
}

pub(super) fn load_run(c: &Connection, id: RunId) -> Result<Option<StoredRun>, Error> {
    // One snapshot of the database for all of it.
    let transaction = c.unchecked_transaction()?;
    let Some(found) = run(c, id)? else { return Ok(None) };
    let snapshot = c
        .prepare_cached("SELECT seq, body FROM snapshots WHERE run = ?1")?
        .query_row([id.0], |row| Ok(Snapshot { seq: row.get(0)?, body: row.get(1)? }))
        .optional()?;
    let entries = journal_after(c, id, snapshot.as_ref().map_or(0, |s| s.seq))?;
    let seq: Option<i64> = c
        .prepare_cached("SELECT max(seq) FROM journal WHERE run = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let inbox = inbox(c, id)?;
    transaction.finish()?;
    Ok(Some(StoredRun { run: found, seq: seq.unwrap_or(0), snapshot, entries, inbox }))
}

pub(super) fn inbox(c: &Connection, run: RunId) -> Result<Vec<InboxRow>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT i.id, i.activation, i.position, e.body FROM inbox i INDEXED BY inbox_untaken
         JOIN events e ON e.position = i.position WHERE i.run = ?1 AND i.taken = 0 ORDER BY i.position, i.activation",
    )?;
    let rows = statement.query_map([run.0], |row| {
        Ok(InboxRow {
            id: row.get(0)?,
            activation: row.get::<_, i64>(1)? as u64,
            position: Position(row.get(2)?),
            event: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn open_runs(c: &Connection, after: Option<RunId>, limit: usize) -> Result<Vec<RunId>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT id FROM runs INDEXED BY runs_open
         WHERE ended_at IS NULL AND id > ?1
           AND ((status IN (?2, ?3) AND blocked_by IS NULL) OR EXISTS (SELECT 1 FROM inbox WHERE run = runs.id AND taken = 0))
         ORDER BY id LIMIT ?4",
    )?;
    let after = after.map_or(0, |r| r.0);
    let values = [after, RunStatus::Pending.code(), RunStatus::Running.code(), count(limit)];
    let rows = statement.query_map(values, |row| row.get(0).map(RunId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn due_timers(c: &Connection, now: Timestamp, limit: usize) -> Result<Vec<TimerRow>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT run, activation, kind, due FROM timers WHERE due <= ?1 ORDER BY due LIMIT ?2",
    )?;
    let rows = statement.query_map([micros(now), count(limit)], |row| {
        Ok(TimerRow {
            run: RunId(row.get(0)?),
            activation: row.get::<_, i64>(1)? as u64,
            kind: row.get(2)?,
            due: instant(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn next_due(c: &Connection, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let mut statement = c.prepare_cached("SELECT min(due) FROM timers WHERE due > ?1")?;
    let due: Option<i64> = statement.query_row([micros(now)], |row| row.get(0))?;
    Ok(due.map(instant))
}

pub(super) fn uncorrelated_waits(c: &Connection, kinds: &[(String, String)]) -> Result<Vec<WaitRow>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT run, activation, filter FROM waits
         WHERE tenant = ?1 AND type = ?2 AND shape = '' AND key = '' ORDER BY run, activation, number",
    )?;
    let mut kinds: Vec<(&str, &str)> =
        kinds.iter().flat_map(|(t, k)| [(t.as_str(), k.as_str()), (t, "")]).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut waits = Vec::new();
    for (tenant, kind) in kinds {
        let rows = statement.query_map([tenant, kind], |row| {
            Ok(WaitRow {
                tenant: tenant.to_owned(),
                event_type: (!kind.is_empty()).then(|| kind.to_owned()),
                run: RunId(row.get(0)?),
                activation: row.get::<_, i64>(1)? as u64,
                filter: row.get(2)?,
            })
        })?;
        for row in rows {
            waits.push(row?);
        }
    }
    Ok(waits)
}

pub(super) fn definitions_in_use(c: &Connection) -> Result<Vec<String>, Error> {
    let mut statement = c.prepare_cached("SELECT DISTINCT definition FROM runs WHERE ended_at IS NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const RECORD: &str = "tenant, noun, id, version, hash, body, updated_at, run";

fn record_of(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        tenant: row.get(0)?,
        noun: row.get(1)?,
        id: row.get(2)?,
        version: row.get(3)?,
        hash: row.get(4)?,
        body: row.get(5)?,
        updated_at: instant(row.get(6)?),
        run: RunId(row.get(7)?),
    })
}

pub(super) fn record(c: &Connection, tenant: &str, noun: &str, id: &str) -> Result<Option<Record>, Error> {
    let sql = format!("SELECT {RECORD} FROM records WHERE noun = ?1 AND tenant = ?2 AND id = ?3");
    Ok(c.prepare_cached(&sql)?.query_row([noun, tenant, id], record_of).optional()?)
}

pub(super) fn record_history(
    c: &Connection,
    tenant: &str,
    noun: &str,
    id: &str,
) -> Result<Vec<Record>, Error> {
    let sql = format!(
        "SELECT {RECORD} FROM record_versions WHERE noun = ?1 AND tenant = ?2 AND id = ?3 ORDER BY version"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map([noun, tenant, id], record_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn records(c: &Connection, filter: &RecordFilter) -> Result<Vec<Record>, Error> {
    let mut conditions = Conditions::default();
    conditions.add("noun = ?", Some(filter.noun.clone()));
    conditions.add("tenant = ?", filter.tenant.clone());
    conditions.add("id > ?", filter.after.clone());
    let sql = format!(
        "SELECT {RECORD} FROM records WHERE {} ORDER BY id LIMIT {}",
        conditions.sql(),
        count(filter.limit)
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(conditions.values), record_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn record_counts(c: &Connection) -> Result<Vec<(String, i64)>, Error> {
    let mut statement = c.prepare_cached("SELECT noun, count(*) FROM records GROUP BY noun ORDER BY noun")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn links(c: &Connection, filter: &LinkFilter) -> Result<Vec<LinkRow>, Error> {
    let mut conditions = Conditions::default();
    conditions.add("noun = ?", filter.noun.clone());
    conditions.add("canonical_id = ?", filter.canonical_id.clone());
    conditions.add("system = ?", filter.system.clone());
    conditions.add("system_id = ?", filter.system_id.clone());
    let sql = format!(
        "SELECT tenant, noun, canonical_id, system, system_id, version, url, confirmed_at, run FROM links
         WHERE {} ORDER BY noun, canonical_id, system LIMIT {}",
        conditions.sql(),
        count(filter.limit)
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(conditions.values), |row| {
        Ok(LinkRow {
            tenant: row.get(0)?,
            noun: row.get(1)?,
            canonical_id: row.get(2)?,
            system: row.get(3)?,
            system_id: row.get(4)?,
            version: row.get(5)?,
            url: row.get(6)?,
            confirmed_at: instant(row.get(7)?),
            run: RunId(row.get(8)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn rejected_before(c: &Connection, r: &Rejected) -> Result<Option<i64>, Error> {
    let record = r.record.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let mut statement = c.prepare_cached(
        "SELECT number FROM rejected
         WHERE file = ?1 AND record = ?2 AND tenant = ?3 AND via = ?4 AND field IS ?5 AND reason = ?6 AND body = ?7",
    )?;
    let mut rows = statement.query(params![r.file, record, r.tenant, r.via, r.field, r.reason, r.body])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

pub(super) fn rejected(c: &Connection, before: Option<i64>, limit: usize) -> Result<Vec<RejectedRow>, Error> {
    let mut statement = c.prepare_cached(
        "SELECT number, tenant, via, source, id, type, code, reason, field, body, received_at, file, record, replayed
         FROM rejected WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
    )?;
    let rows = statement.query_map([before.unwrap_or(i64::MAX), count(limit)], |row| {
        Ok(RejectedRow {
            number: row.get(0)?,
            rejected: Rejected {
                tenant: row.get(1)?,
                via: row.get(2)?,
                source: row.get(3)?,
                id: row.get(4)?,
                type_: row.get(5)?,
                code: row.get(6)?,
                reason: row.get(7)?,
                field: row.get(8)?,
                body: row.get(9)?,
                received_at: instant(row.get(10)?),
                file: row.get(11)?,
                record: row.get::<_, Option<i64>>(12)?.and_then(|n| u64::try_from(n).ok()),
            },
            replayed: row.get::<_, Option<i64>>(13)?.map(Position),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

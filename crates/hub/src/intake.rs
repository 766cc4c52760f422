//! The only way into the event log.
//!
//! Whatever comes in, by API, webhook, poll or file, is one CloudEvent in structured JSON here. It is checked against the
//! envelope's rules and, where its type is one of ours, against the type's schema; then appended, deduplicated on
//! (tenant, source, id). What does not pass is stored as rejected with its reason, so nothing a sender gave is lost.

use jiff::Timestamp;
use serde_json::Value;
use throughline_model::Event;
use throughline_store::{Appended, NewEvent, Position, Rejected, Store};

use crate::catalog::EventSchemas;
use crate::metrics;

/// The largest event taken, in bytes.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// The most events in one batch.
pub const BATCH_EVENTS_MAX: usize = 1_000;

/// Something a sender gave us.
#[derive(Debug, Clone, Default)]
pub struct Incoming {
    /// A CloudEvent in structured JSON.
    pub body: Vec<u8>,
    /// File it stood in, when it came from one.
    pub file: Option<String>,
    /// Number of its record in that file, from 1.
    pub record: Option<u64>,
}

impl Incoming {
    /// An event that did not come from a file.
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), file: None, record: None }
    }
}

/// One thing that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Field, as a JSON pointer or attribute name.
    pub field: String,
    /// What is wrong and what is expected.
    pub reason: String,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intake {
    /// Durable in the log, to be handed over.
    Accepted {
        /// Its place.
        position: Position,
    },
    /// The same event is in the log already.
    Duplicate {
        /// The place of the first.
        position: Position,
    },
    /// Another event with this source and id, but other content, is in the log; this one is stored as rejected.
    Conflict {
        /// Number of the rejected event.
        rejected: i64,
        /// In words.
        reason: String,
    },
    /// Not an event we can take; stored as rejected.
    Rejected {
        /// Number of the rejected event.
        rejected: i64,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
}

/// Why nothing could be taken in at all.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// More events in one call than allowed.
    #[error("a batch may hold {BATCH_EVENTS_MAX} events, this one has {0}; send it in parts")]
    TooMany(usize),
    /// The store refused; nothing of the batch is acknowledged.
    #[error("events can't be stored")]
    Store(#[from] throughline_store::Error),
}

/// Takes events in; answers in the order given, after everything is durable.
pub(crate) async fn accept(
    store: &Store,
    schemas: &EventSchemas,
    tenant: &str,
    via: &str,
    events: Vec<Incoming>,
    now: Timestamp,
) -> Result<Vec<Intake>, AcceptError> {
    if events.len() > BATCH_EVENTS_MAX {
        return Err(AcceptError::TooMany(events.len()));
    }
    let checked: Vec<_> = events
        .into_iter()
        .map(|incoming| {
            let checked = check(schemas, tenant, via, &incoming.body, now);
            (incoming, checked)
        })
        .collect();
    let good: Vec<NewEvent> = checked.iter().filter_map(|(_, c)| c.as_ref().ok().cloned()).collect();
    let mut appended = if good.is_empty() { Vec::new() } else { store.append(good).await? }.into_iter();
    let mut answers = Vec::with_capacity(checked.len());
    for (incoming, checked) in checked {
        let answer = match checked {
            Ok(event) => match appended.next() {
                Some(Appended::New(position)) => Intake::Accepted { position },
                Some(Appended::Duplicate(position)) => Intake::Duplicate { position },
                Some(Appended::Conflict(position)) => conflict(store, event, incoming, position).await?,
                None => unreachable_answer(),
            },
            Err(problems) => reject(store, tenant, via, incoming, problems, now).await?,
        };
        count(via, &answer);
        answers.push(answer);
    }
    Ok(answers)
}

fn unreachable_answer() -> Intake {
    Intake::Rejected {
        rejected: 0,
        problems: vec![Problem {
            field: String::new(),
            reason: "the store gave no answer for this event".to_owned(),
        }],
    }
}

fn count(via: &str, answer: &Intake) {
    let outcome = match answer {
        Intake::Accepted { .. } => "accepted",
        Intake::Duplicate { .. } => "duplicate",
        Intake::Conflict { .. } => "conflict",
        Intake::Rejected { .. } => "rejected",
    };
    ::metrics::counter!(metrics::EVENTS_TAKEN, "via" => via.to_owned(), "outcome" => outcome).increment(1);
}

/// Checks one event; pure.
pub(crate) fn check(
    schemas: &EventSchemas,
    tenant: &str,
    via: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<NewEvent, Vec<Problem>> {
    let one = |field: &str, reason: String| vec![Problem { field: field.to_owned(), reason }];
    if body.len() > EVENT_BYTES_MAX {
        let reason = format!("{} bytes; the most is {EVENT_BYTES_MAX}", body.len());
        return Err(one("", reason));
    }
    let text = std::str::from_utf8(body)
        .map_err(|e| one("", format!("not UTF-8 from byte {} on", e.valid_up_to())))?;
    let value: Value = serde_json::from_str(text).map_err(|e| one("", format!("not JSON: {e}")))?;
    let event = Event::parse(value).map_err(|all| {
        all.into_iter()
            .map(|p| Problem { field: p.field.to_string(), reason: p.reason.to_string() })
            .collect::<Vec<_>>()
    })?;
    schemas.check(&event.type_, &event.data)?;
    let key = event.extension("partitionkey").or(event.subject.as_deref()).map(str::to_owned);
    Ok(NewEvent {
        tenant: tenant.to_owned(),
        source: event.source.clone(),
        id: event.id.clone(),
        type_: event.type_.clone(),
        subject: event.subject.clone(),
        time: event.time,
        key,
        body: serde_json::to_vec(&event).expect("an event is plain JSON data"),
        received_at: now,
        via: via.to_owned(),
    })
}

/// Stores an event that says something else under an id the log knows.
pub(crate) async fn conflict(
    store: &Store,
    event: NewEvent,
    incoming: Incoming,
    first: Position,
) -> Result<Intake, throughline_store::Error> {
    let reason = format!(
        "an event of source {:?} with id {:?} but other content was taken before (position {}); give a changed event a new id",
        event.source, event.id, first.0
    );
    let rejected = Rejected {
        tenant: event.tenant,
        via: event.via,
        source: Some(event.source),
        id: Some(event.id),
        type_: Some(event.type_),
        code: "conflict".to_owned(),
        reason: reason.clone(),
        field: Some("id".to_owned()),
        body: incoming.body,
        received_at: event.received_at,
        file: incoming.file,
        record: incoming.record,
    };
    Ok(Intake::Conflict { rejected: keep(store, rejected).await?, reason })
}

/// Stores something that is not an event we can take.
pub(crate) async fn reject(
    store: &Store,
    tenant: &str,
    via: &str,
    incoming: Incoming,
    problems: Vec<Problem>,
    now: Timestamp,
) -> Result<Intake, throughline_store::Error> {
    reject_as("invalid", store, tenant, via, incoming, problems, now).await
}

/// The same, under a class of its own.
pub(crate) async fn reject_as(
    code: &str,
    store: &Store,
    tenant: &str,
    via: &str,
    incoming: Incoming,
    problems: Vec<Problem>,
    now: Timestamp,
) -> Result<Intake, throughline_store::Error> {
    let value: Option<Value> = serde_json::from_slice(&incoming.body).ok();
    let text = |name: &str| value.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let reason = problems
        .iter()
        .map(|p| if p.field.is_empty() { p.reason.clone() } else { format!("{}: {}", p.field, p.reason) })
        .collect::<Vec<_>>()
        .join("; ");
    let mut body = incoming.body;
    body.truncate(EVENT_BYTES_MAX);
    let rejected = Rejected {
        tenant: tenant.to_owned(),
        via: via.to_owned(),
        source: text("source"),
        id: text("id"),
        type_: text("type"),
        code: code.to_owned(),
        reason,
        field: problems.first().map(|p| p.field.clone()),
        body,
        received_at: now,
        file: incoming.file,
        record: incoming.record,
    };
    Ok(Intake::Rejected { rejected: keep(store, rejected).await?, problems })
}

/// Stores a rejection. A record of a file that was rejected before for the same reason is not stored once more: importing
/// the file again changes nothing.
async fn keep(store: &Store, rejected: Rejected) -> Result<i64, throughline_store::Error> {
    if rejected.file.is_some()
        && let Some(number) = store.rejected_before(rejected.clone()).await?
    {
        return Ok(number);
    }
    store.reject(rejected).await
}

#[cfg(test)]
mod tests;

//! What a function is given, and what it gives back.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use throughline_engine::CallOutcome;
use throughline_flow as flow;
use throughline_model::{Problem, decode};
use throughline_store::{Effect, Record, RecordFilter, Store};

use super::reservation::Reservations;
use crate::catalog::LegalEntities;

/// Records read at once.
const PAGE_RECORDS: usize = 64;
/// A function that could not be answered yet is asked again after this.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What a function is given besides its arguments.
pub(super) struct Call<'a> {
    pub(super) tenant: &'a str,
    /// Who asks: the same for every repeat of one call.
    pub(super) asker: &'a str,
    pub(super) store: &'a Store,
    pub(super) legal_entities: &'a LegalEntities,
    pub(super) now: Timestamp,
    pub(super) reservations: &'a Reservations,
}

/// A value, and the records that become durable with it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) effects: Vec<Effect>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A repeat would end the same.
    Fault(Box<flow::Error>),
    /// Not now.
    Later(String),
}

pub(super) type Answered = Result<Answer, Refusal>;

impl Answer {
    /// A value that changes nothing.
    pub(super) fn of(value: impl Serialize) -> Self {
        Self { value: json(&value), effects: Vec::new() }
    }

    pub(super) fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    pub(super) fn into_outcome(self) -> CallOutcome {
        CallOutcome::Known { result: Ok(self.value), effects: self.effects }
    }
}

impl Refusal {
    /// A fault of the arguments, or of what they lead to.
    pub(super) fn invalid(error: &dyn std::error::Error) -> Self {
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            detail.push_str(": ");
            detail.push_str(&inner.to_string());
            cause = inner.source();
        }
        flow::Error::validation(detail).into()
    }

    pub(super) fn into_outcome(self, function: &str) -> CallOutcome {
        match self {
            Self::Fault(mut error) => {
                error.detail = format!("{function}: {}", error.detail);
                CallOutcome::fault(*error)
            }
            Self::Later(reason) => CallOutcome::Unknown { reason, retry_after: Some(RETRY_AFTER) },
        }
    }
}

impl From<flow::Error> for Refusal {
    fn from(error: flow::Error) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let Problem { field, reason } = problem;
        flow::Error::validation(if field.is_empty() { reason } else { format!("{field}: {reason}") }).into()
    }
}

impl From<throughline_store::Error> for Refusal {
    fn from(error: throughline_store::Error) -> Self {
        Self::Later(format!("records can't be read: {error}"))
    }
}

/// The arguments as a type.
pub(super) fn arguments<T: DeserializeOwned>(with: &Value) -> Result<T, Refusal> {
    Ok(decode(with)?)
}

/// A value of ours as JSON.
pub(super) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("a record is plain JSON data")
}

impl Call<'_> {
    /// The row that writes a record.
    pub(super) fn write(&self, noun: &str, id: impl Into<String>, record: &impl Serialize) -> Effect {
        let body = serde_json::to_vec(record).expect("a record is plain JSON data");
        let hash = Sha256::digest(&body).iter().map(|b| format!("{b:02x}")).collect();
        Effect::Record { tenant: self.tenant.to_owned(), noun: noun.to_owned(), id: id.into(), body, hash }
    }

    /// A record, if there is one.
    pub(super) async fn read<T: DeserializeOwned>(&self, noun: &str, id: &str) -> Result<Option<T>, Refusal> {
        self.store.record(self.tenant, noun, id).await?.as_ref().map(record_of).transpose()
    }

    /// The records whose ids begin with a prefix, in order of their ids.
    pub(super) async fn read_under<T: DeserializeOwned>(
        &self,
        noun: &str,
        prefix: &str,
    ) -> Result<Vec<T>, Refusal> {
        let mut found = Vec::new();
        let mut after = prefix.to_owned();
        loop {
            let filter = RecordFilter {
                tenant: Some(self.tenant.to_owned()),
                noun: noun.to_owned(),
                after: Some(after),
                limit: PAGE_RECORDS,
            };
            let page = self.store.records(filter).await?;
            let full = page.len() == PAGE_RECORDS;
            for record in &page {
                if !record.id.starts_with(prefix) {
                    return Ok(found);
                }
                found.push(record_of(record)?);
            }
            match page.last() {
                Some(last) if full => after = last.id.clone(),
                _ => return Ok(found),
            }
        }
    }
}

fn record_of<T: DeserializeOwned>(record: &Record) -> Result<T, Refusal> {
    serde_json::from_slice(&record.body).map_err(|error| {
        let detail = format!("record {} {} can't be read: {error}", record.noun, record.id);
        flow::Error::runtime(500, detail).into()
    })
}

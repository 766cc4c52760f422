//! What became of the records of a file.

use std::path::PathBuf;

use serde::Serialize;

use super::Format;

/// What became of the records of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// The file.
    pub file: PathBuf,
    /// Its format.
    #[serde(serialize_with = "word")]
    pub format: Format,
    /// Records in it.
    pub records: u64,
    /// New, with all the facts they need.
    pub accepted: u64,
    /// Known already; nothing has changed.
    pub duplicate: u64,
    /// New, and waiting for something: facts, or an earlier version.
    pub held: u64,
    /// Not taken; stored as rejected.
    pub rejected: u64,
    /// Events that were new.
    pub events: u64,
    /// Why records are held or rejected, in order.
    pub remarks: Vec<Remark>,
}

fn word<S: serde::Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.as_str())
}

/// Why one record is held or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// Number of the record in the file, from 1.
    pub record: u64,
    /// Held or rejected.
    pub outcome: Outcome,
    /// Field; empty for the record as a whole.
    pub field: String,
    /// In words.
    pub reason: String,
}

/// What became of a record; of several events, the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Known already.
    Duplicate,
    /// New.
    Accepted,
    /// New, and waiting for something.
    Held,
    /// Not taken.
    Rejected,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records done.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
}

impl ImportReport {
    pub(super) fn new(file: PathBuf, format: Format) -> Self {
        Self {
            file,
            format,
            records: 0,
            accepted: 0,
            duplicate: 0,
            held: 0,
            rejected: 0,
            events: 0,
            remarks: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        self.records += 1;
        match outcome {
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Accepted => self.accepted += 1,
            Outcome::Held => self.held += 1,
            Outcome::Rejected => self.rejected += 1,
        }
    }
}

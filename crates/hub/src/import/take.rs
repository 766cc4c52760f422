//! Takes records in: reads on a thread of its own, hands batches to the intake, keeps count.

use std::path::Path;
use std::sync::Arc;

use throughline_model::{Event, Problem};
use tokio::sync::mpsc;

use super::hold::Met;
use super::read::{Record, read};
use super::report::{ImportReport, Outcome, Progress, Remark};
use super::{Format, ImportError};
use crate::hub::Inner;
use crate::intake::{self, AcceptError, BATCH_EVENTS_MAX, Incoming, Intake};

/// Records read ahead of the store.
const READ_AHEAD: usize = 64;
/// Records of one batch.
const BATCH_RECORDS_MAX: usize = 128;
/// Which way the events came in.
const VIA: &str = "import";

pub(super) async fn take(
    inner: &Arc<Inner>,
    format: Format,
    file: &Path,
    tenant: &str,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<ImportReport, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: file.to_owned(), source };
    let bytes_total = tokio::fs::metadata(file).await.map_err(unreadable)?.len();
    let (sender, mut records) = mpsc::channel(READ_AHEAD);
    let path = file.to_owned();
    let reader = tokio::task::spawn_blocking(move || {
        read(format, &path, &mut |record| sender.blocking_send(record).is_ok())
    });
    let mut import = Import {
        inner,
        tenant,
        // The name alone: the same file is the same file wherever it lies.
        file: file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        report: ImportReport::new(file.to_owned(), format),
        met: Met::default(),
    };
    let mut batch = Vec::with_capacity(BATCH_RECORDS_MAX);
    let mut bytes = 0;
    loop {
        let received = tokio::select! {
            () = inner.stop.cancelled() => return Err(ImportError::Stopping),
            received = records.recv_many(&mut batch, BATCH_RECORDS_MAX) => received,
        };
        if received == 0 {
            break;
        }
        bytes = batch.last().map_or(bytes, |record: &Record| record.bytes);
        import.batch(std::mem::take(&mut batch)).await?;
        progress(Progress { records: import.report.records, bytes, bytes_total });
    }
    match reader.await {
        Ok(ended) => ended?,
        Err(_) => return Err(ImportError::Stopping),
    }
    progress(Progress { records: import.report.records, bytes: bytes_total, bytes_total });
    Ok(import.report)
}

struct Import<'a> {
    inner: &'a Arc<Inner>,
    tenant: &'a str,
    file: String,
    report: ImportReport,
    met: Met,
}

/// What is to be said of one thing a record says.
struct Said {
    outcome: Outcome,
    problems: Vec<Problem>,
}

impl Import<'_> {
    async fn batch(&mut self, records: Vec<Record>) -> Result<(), ImportError> {
        let first = self.report.records + 1;
        let mut incoming = Vec::new();
        for (number, record) in (first..).zip(&records) {
            for event in record.says.iter().flatten() {
                let body = serde_json::to_vec(event).expect("an event is plain JSON data");
                incoming.push(Incoming { body, file: Some(self.file.clone()), record: Some(number) });
            }
        }
        let mut answers = Vec::with_capacity(incoming.len());
        while !incoming.is_empty() {
            let rest = incoming.split_off(incoming.len().min(BATCH_EVENTS_MAX));
            answers
                .extend(self.inner.accept(self.tenant, VIA, std::mem::replace(&mut incoming, rest)).await?);
        }
        let mut answers = answers.into_iter();
        for (number, record) in (first..).zip(records) {
            let mut outcome = Outcome::Duplicate;
            for says in &record.says {
                let said = match says {
                    Ok(event) => self.answered(event, answers.next()).await?,
                    Err(problem) => self.refuse(number, &record.raw, problem).await?,
                };
                outcome = outcome.max(said.outcome);
                self.report.remarks.extend(said.problems.into_iter().map(|problem| Remark {
                    record: number,
                    outcome: said.outcome,
                    field: problem.field,
                    reason: problem.reason,
                }));
            }
            self.report.count(outcome);
        }
        Ok(())
    }

    async fn answered(&mut self, event: &Event, answer: Option<Intake>) -> Result<Said, ImportError> {
        let waits = self
            .met
            .waits_for(event, self.tenant, &self.inner.store, &self.inner.catalog.legal_entities)
            .await?;
        Ok(match answer {
            Some(Intake::Accepted { .. }) => {
                self.report.events += 1;
                let outcome = if waits.is_empty() { Outcome::Accepted } else { Outcome::Held };
                Said { outcome, problems: waits }
            }
            Some(Intake::Duplicate { .. }) => Said { outcome: Outcome::Duplicate, problems: Vec::new() },
            Some(Intake::Conflict { reason, .. }) => {
                Said { outcome: Outcome::Rejected, problems: vec![Problem::new("id", reason)] }
            }
            Some(Intake::Rejected { problems, .. }) => Said {
                outcome: Outcome::Rejected,
                problems: problems.into_iter().map(|p| Problem::new(p.field, p.reason)).collect(),
            },
            None => Said {
                outcome: Outcome::Rejected,
                problems: vec![Problem::new("", "the intake gave no answer for it")],
            },
        })
    }

    /// Keeps a record, or the part of it, that makes no event.
    async fn refuse(&self, number: u64, raw: &[u8], problem: &Problem) -> Result<Said, ImportError> {
        let incoming = Incoming { body: raw.to_vec(), file: Some(self.file.clone()), record: Some(number) };
        let problems = vec![intake::Problem { field: problem.field.clone(), reason: problem.reason.clone() }];
        intake::reject(&self.inner.store, self.tenant, VIA, incoming, problems, self.inner.clock.now())
            .await
            .map_err(AcceptError::from)?;
        Ok(Said { outcome: Outcome::Rejected, problems: vec![problem.clone()] })
    }
}

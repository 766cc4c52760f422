//! Rebuilds a state from a journal.

use jiff::Timestamp;
use serde_json::Value;
use throughline_flow::{self as flow, Definition, State};
use throughline_store::{Entry, EntryKind, RunId};

use super::journal::{RunStarted, StepRecord, with_env};
use crate::Error;
use crate::host::Host;

/// Replays entries on top of `state`, which is `None` while the run has not begun; the input it will begin with is then in
/// `input`.
pub(crate) struct Replay<'a> {
    pub(crate) run: RunId,
    pub(crate) created_at: Timestamp,
    pub(crate) definition: &'a Definition,
    pub(crate) host: &'a dyn Host,
    pub(crate) state: Option<State>,
    pub(crate) input: Option<Value>,
    pub(crate) step: i64,
}

impl Replay<'_> {
    pub(crate) fn apply(&mut self, entry: &Entry) -> Result<(), Error> {
        match entry.kind {
            EntryKind::Started => {
                let started: RunStarted = self.read(entry)?;
                self.input = Some(started.input);
            }
            EntryKind::Begun => {
                let input = self.input.take().unwrap_or(Value::Null);
                let (state, _) = with_env(self.run, self.created_at, entry.at, self.step, self.host, |env| {
                    flow::start(self.definition, input, Value::Null, env)
                });
                self.state = Some(state);
                self.step += 1;
            }
            EntryKind::CallOutcome | EntryKind::TimerFired | EntryKind::EventArrived | EntryKind::Cancel => {
                let record: StepRecord = self.read(entry)?;
                if let Some(state) = self.state.as_mut() {
                    with_env(self.run, self.created_at, entry.at, self.step, self.host, |env| {
                        flow::step(self.definition, state, record.input, env)
                    });
                }
                self.step += 1;
            }
            EntryKind::CallIntent | EntryKind::Note => {}
        }
        Ok(())
    }

    fn read<T: serde::de::DeserializeOwned>(&self, entry: &Entry) -> Result<T, Error> {
        serde_json::from_slice(&entry.body).map_err(|source| Error::BrokenJournal {
            run: self.run.to_string(),
            at: format!("step {} ({:?})", self.step, entry.kind),
            source,
        })
    }
}

//! A run's journal as a timeline for people: what was done, when, how long it took, how it ended.
//!
//! Pure: from the journal's entries to steps. A call is one step, from its intent to its outcome; one without an outcome
//! is open. Arguments and results stay out: they can be large and hold personal data, and the records hold what counts.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use throughline_engine::{CallIntent, RunStarted, StepRecord, UndoNote};
use throughline_flow as flow;
use throughline_store::{Entry, EntryKind};

/// A run's journal, told.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// What the run was given.
    pub input: Value,
    /// What happened, in order of its beginning.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// JSON pointer of the task; empty for the run as a whole.
    pub task: String,
    /// What it was.
    pub what: What,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None`: it has not.
    pub ended: Option<Timestamp>,
    /// The error it ended with.
    pub fault: Option<Fault>,
}

/// Kinds of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The run was created.
    Created,
    /// The run began.
    Begun,
    /// Something was called.
    Call {
        /// A capability, or method and address.
        target: String,
        /// Attempt by the flow's retry policy, from 1.
        attempt: u32,
        /// How often the outcome was unknown and had to be looked up.
        looks: u32,
    },
    /// A time came: the end of a wait, a retry's turn, or a time limit.
    Time {
        /// `wait`, `retry` or `timeout`.
        kind: &'static str,
    },
    /// An event arrived.
    Event {
        /// CloudEvents `type`.
        type_: String,
        /// CloudEvents `source`.
        source: String,
        /// CloudEvents `id`.
        id: String,
    },
    /// Someone cancelled the run.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Something was undone, could not be, or was kept.
    Undo {
        /// What undoes it: the functions called.
        by: String,
        /// What became of it, in words.
        text: String,
    },
    /// A remark.
    Note {
        /// In words.
        text: String,
    },
    /// An entry that does not read back.
    Unreadable,
}

/// An error, short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Type, an address.
    pub type_: String,
    /// Status.
    pub status: u16,
    /// Title: the system's own code, or the class.
    pub title: String,
    /// In words.
    pub detail: String,
}

/// Tells a journal.
pub fn tell(entries: &[Entry]) -> Timeline {
    let mut timeline = Timeline { input: Value::Null, steps: Vec::new() };
    let mut open: HashMap<u64, usize> = HashMap::new();
    for entry in entries {
        timeline.add(entry, &mut open);
    }
    timeline
}

impl Timeline {
    fn add(&mut self, entry: &Entry, open: &mut HashMap<u64, usize>) {
        match entry.kind {
            EntryKind::Started => match read::<RunStarted>(entry) {
                Some(started) => {
                    self.input = started.input;
                    self.point(entry, What::Created);
                }
                None => self.point(entry, What::Unreadable),
            },
            EntryKind::Begun => self.point(entry, What::Begun),
            EntryKind::CallIntent => match read::<CallIntent>(entry) {
                Some(intent) => {
                    open.insert(intent.activation, self.steps.len());
                    self.steps.push(Step {
                        task: intent.task,
                        what: What::Call { target: intent.call, attempt: intent.attempt, looks: 0 },
                        began: entry.at,
                        ended: None,
                        fault: None,
                    });
                }
                None => self.point(entry, What::Unreadable),
            },
            EntryKind::CallOutcome | EntryKind::TimerFired | EntryKind::EventArrived | EntryKind::Cancel => {
                match read::<StepRecord>(entry) {
                    Some(record) => self.moved(entry, record, open),
                    None => self.point(entry, What::Unreadable),
                }
            }
            EntryKind::Note if read::<UndoNote>(entry).is_some_and(|note| self.undo(entry, note.undo)) => {}
            EntryKind::Note => {
                let text = read::<Value>(entry).and_then(|v| v.get("text")?.as_str().map(str::to_owned));
                self.point(entry, text.map_or(What::Unreadable, |text| What::Note { text }));
            }
        }
    }

    /// Tells what became of an undo.
    fn undo(&mut self, entry: &Entry, undo: flow::Undo) -> bool {
        let (text, failed) = match undo.step {
            flow::UndoStep::Undone { in_doubt: false } => ("undone".to_owned(), None),
            flow::UndoStep::Undone { in_doubt: true } => {
                ("undone, or found not to be there: its outcome was in doubt".to_owned(), None)
            }
            flow::UndoStep::Failed { error, again: Some(at) } => {
                (format!("not undone yet, tried again at {at}"), Some(fault(&error)))
            }
            flow::UndoStep::Failed { error, again: None } => {
                ("not undone, a person has to decide".to_owned(), Some(fault(&error)))
            }
            flow::UndoStep::Kept { reason } => (format!("kept: {reason}"), None),
        };
        let what = What::Undo { by: undo.by, text };
        let task = undo.task.to_string();
        self.steps.push(Step { task, what, began: entry.at, ended: Some(entry.at), fault: failed });
        true
    }

    fn moved(&mut self, entry: &Entry, record: StepRecord, open: &mut HashMap<u64, usize>) {
        match record.input {
            flow::Input::CallEnded { activation, result } => {
                let Some(step) = open.remove(&activation.0).and_then(|at| self.steps.get_mut(at)) else {
                    return;
                };
                step.ended = Some(entry.at);
                step.fault = result.err().map(|error| fault(&error));
                if let What::Call { looks, .. } = &mut step.what {
                    *looks = record.repeats;
                }
            }
            flow::Input::TimerFired { timer, .. } => {
                let kind = match timer {
                    flow::TimerKind::Wait => "wait",
                    flow::TimerKind::Retry => "retry",
                    flow::TimerKind::Timeout => "timeout",
                };
                self.point(entry, What::Time { kind });
            }
            flow::Input::EventArrived { event, .. } => {
                let text =
                    |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                self.point(
                    entry,
                    What::Event { type_: text("type"), source: text("source"), id: text("id") },
                );
            }
            flow::Input::Cancel { reason } => self.point(entry, What::Cancelled { reason }),
        }
    }

    /// Something that takes no time.
    fn point(&mut self, entry: &Entry, what: What) {
        let (began, ended) = (entry.at, Some(entry.at));
        self.steps.push(Step { task: String::new(), what, began, ended, fault: None });
    }
}

fn read<T: DeserializeOwned>(entry: &Entry) -> Option<T> {
    serde_json::from_slice(&entry.body).ok()
}

/// Reads an error as it is stored.
fn fault(error: &flow::Error) -> Fault {
    let value = serde_json::to_value(error).unwrap_or_default();
    fault_of(&value)
}

/// Reads an error as it is stored.
pub fn fault_of(error: &Value) -> Fault {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let status =
        error.get("status").and_then(Value::as_u64).and_then(|s| u16::try_from(s).ok()).unwrap_or(500);
    Fault { type_: text("type"), status, title: text("title"), detail: text("detail") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(second: i64, kind: EntryKind, body: Value) -> Entry {
        Entry { at: Timestamp::from_second(second).unwrap(), kind, body: serde_json::to_vec(&body).unwrap() }
    }

    fn ended(second: i64, activation: u64, result: Result<Value, flow::Error>, repeats: u32) -> Entry {
        let input = flow::Input::CallEnded { activation: flow::ActivationId(activation), result };
        let body = serde_json::to_value(StepRecord { input, repeats }).unwrap();
        entry(second, EntryKind::CallOutcome, body)
    }

    fn intent(second: i64, activation: u64, task: &str, attempt: u32) -> Entry {
        let body = json!({ "activation": activation, "task": task, "key": "k", "attempt": attempt, "call": "erp.customer.put" });
        entry(second, EntryKind::CallIntent, body)
    }

    #[test]
    fn undoing_is_told_by_what_became_of_it() {
        let refused = flow::Error::communication(422, "it is billed");
        let cases = [
            (flow::UndoStep::Undone { in_doubt: false }, "undone", None),
            (
                flow::UndoStep::Undone { in_doubt: true },
                "undone, or found not to be there: its outcome was in doubt",
                None,
            ),
            (
                flow::UndoStep::Failed {
                    error: refused.clone(),
                    again: Some(Timestamp::from_second(20).unwrap()),
                },
                "not undone yet, tried again at 1970-01-01T00:00:20Z",
                Some(422),
            ),
            (
                flow::UndoStep::Failed { error: refused, again: None },
                "not undone, a person has to decide",
                Some(422),
            ),
            (flow::UndoStep::Kept { reason: "ann decided so".to_owned() }, "kept: ann decided so", None),
        ];
        for (step, expected, status) in cases {
            let undo =
                flow::Undo { task: "/do/0/put".into(), key: "k".to_owned(), by: "del".to_owned(), step };
            let note = UndoNote { text: undo.to_string(), undo };
            let timeline = tell(&[entry(9, EntryKind::Note, serde_json::to_value(note).unwrap())]);
            let [told] = &timeline.steps[..] else { panic!("{timeline:?}") };
            assert_eq!(told.task, "/do/0/put");
            assert_eq!(told.what, What::Undo { by: "del".to_owned(), text: expected.to_owned() });
            assert_eq!(told.fault.as_ref().map(|f| f.status), status);
        }
    }

    #[test]
    fn calls_run_from_intent_to_outcome_and_overlap() {
        let journal = [
            entry(1, EntryKind::Started, json!({ "input": { "a": 1 } })),
            entry(1, EntryKind::Begun, Value::Null),
            intent(2, 7, "/do/0/put", 1),
            intent(2, 8, "/do/1/put", 1),
            ended(5, 8, Err(flow::Error::communication(429, "slow down".to_owned())), 0),
            ended(9, 7, Ok(Value::Null), 2),
            intent(10, 9, "/do/1/put", 2),
            entry(11, EntryKind::Note, json!({ "text": "looked at" })),
            entry(12, EntryKind::Note, json!(3)),
        ];
        let timeline = tell(&journal);
        assert_eq!(timeline.input, json!({ "a": 1 }));
        let told: Vec<_> = timeline
            .steps
            .iter()
            .map(|s| {
                (
                    s.task.as_str(),
                    s.began.as_second(),
                    s.ended.map(Timestamp::as_second),
                    s.fault.as_ref().map(|f| f.status),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("", 1, Some(1), None),
                ("", 1, Some(1), None),
                ("/do/0/put", 2, Some(9), None),
                ("/do/1/put", 2, Some(5), Some(429)),
                ("/do/1/put", 10, None, None),
                ("", 11, Some(11), None),
                ("", 12, Some(12), None),
            ]
        );
        let call = What::Call { target: "erp.customer.put".to_owned(), attempt: 1, looks: 2 };
        assert_eq!(timeline.steps[2].what, call);
        assert_eq!(timeline.steps[6].what, What::Unreadable);
    }
}

//! The values that go into the store and come out of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Position, RunId};

/// An event to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Tenant.
    pub tenant: String,
    /// CloudEvents `source`.
    pub source: String,
    /// CloudEvents `id`; unique per source.
    pub id: String,
    /// CloudEvents `type`.
    pub type_: String,
    /// CloudEvents `subject`.
    pub subject: Option<String>,
    /// CloudEvents `time`.
    pub time: Option<Timestamp>,
    /// Business key, from the `partitionkey` extension or the subject.
    pub key: Option<String>,
    /// The whole event in structured JSON.
    pub body: Vec<u8>,
    /// When it came in.
    pub received_at: Timestamp,
    /// Which way it came in: `api`, `webhook/<system>`, `poll/<system>`, `import`, `flow`.
    pub via: String,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is new.
    New(Position),
    /// The same event stands there already.
    Duplicate(Position),
    /// Another event with the same source and id, but other content, stands there; nothing was stored.
    Conflict(Position),
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place.
    pub position: Position,
    /// Tenant.
    pub tenant: String,
    /// CloudEvents `source`.
    pub source: String,
    /// CloudEvents `id`.
    pub id: String,
    /// CloudEvents `type`.
    pub type_: String,
    /// Business key.
    pub key: Option<String>,
    /// The whole event in structured JSON.
    pub body: Vec<u8>,
    /// When it came in.
    pub received_at: Timestamp,
    /// Which way it came in.
    pub via: String,
}

/// Something a sender gave that could not be taken as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Tenant.
    pub tenant: String,
    /// Which way it came in.
    pub via: String,
    /// `source`, if it could be read.
    pub source: Option<String>,
    /// `id`, if it could be read.
    pub id: Option<String>,
    /// `type`, if it could be read.
    pub type_: Option<String>,
    /// Class of the rejection: `invalid`, `conflict`, `forged`, `business-key`.
    pub code: String,
    /// In words.
    pub reason: String,
    /// The first field at fault.
    pub field: Option<String>,
    /// What was given, as it was given.
    pub body: Vec<u8>,
    /// When.
    pub received_at: Timestamp,
    /// File it stood in.
    pub file: Option<String>,
    /// Number of its record in the file, from 1.
    pub record: Option<u64>,
}

/// A stored rejection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Its number.
    pub number: i64,
    /// What was stored.
    pub rejected: Rejected,
    /// Place in the log of the event it became when it was replayed.
    pub replayed: Option<Position>,
}

/// Status of a run, in the words of the DSL's specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Stored, not begun: it waits for its turn.
    Pending,
    /// Something is being done.
    Running,
    /// Only an event or a time can move it on.
    Waiting,
    /// A person has halted it.
    Suspended,
    /// A person has ended it.
    Cancelled,
    /// It ended with an error.
    Faulted,
    /// It ended as it should.
    Completed,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Suspended,
        Self::Cancelled,
        Self::Faulted,
        Self::Completed,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Faulted => "faulted",
            Self::Completed => "completed",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Nothing moves it any more.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Cancelled | Self::Faulted | Self::Completed)
    }

    pub(crate) fn code(self) -> i64 {
        self as i64
    }

    pub(crate) fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

/// What a parked run waits for, in words a person understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What: `event <type>`, `time <instant>`, `retry at <instant>`.
    #[serde(rename = "for")]
    pub for_: String,
    /// Why, as the task's metadata states it.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    pub until: Option<Timestamp>,
    /// JSON pointer of the task that waits.
    pub task: String,
}

/// A run to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Flow name.
    pub flow: String,
    /// Flow version.
    pub version: String,
    /// Hash of the definition it is pinned to.
    pub definition: String,
    /// Tenant.
    pub tenant: String,
    /// Runs of one key are serial.
    pub business_key: Option<String>,
    /// The event that started it; at most one run per flow and event.
    pub trigger: Option<Position>,
    /// The run that started it.
    pub parent: Option<RunId>,
    /// When.
    pub created_at: Timestamp,
}

/// A stored run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Flow name.
    pub flow: String,
    /// Flow version.
    pub version: String,
    /// Hash of the definition it is pinned to.
    pub definition: String,
    /// Tenant.
    pub tenant: String,
    /// Business key.
    pub business_key: Option<String>,
    /// The event that started it.
    pub trigger: Option<Position>,
    /// The run that started it.
    pub parent: Option<RunId>,
    /// Status.
    pub status: RunStatus,
    /// The run of the same key it waits behind.
    pub blocked_by: Option<RunId>,
    /// What it waits for.
    pub waiting: Option<Waiting>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Output, JSON.
    pub output: Option<Vec<u8>>,
    /// Error, JSON.
    pub error: Option<Vec<u8>>,
}

/// Kind of a journal entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum EntryKind {
    /// The run was created; holds its input.
    Started = 1,
    /// The machine was started.
    Begun = 2,
    /// A call is about to go out.
    CallIntent = 3,
    /// A call has ended.
    CallOutcome = 4,
    /// A timer has fired.
    TimerFired = 5,
    /// An event has been delivered.
    EventArrived = 6,
    /// Someone has cancelled the run.
    Cancel = 7,
    /// A remark for people.
    Note = 8,
}

impl EntryKind {
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        [
            Self::Started,
            Self::Begun,
            Self::CallIntent,
            Self::CallOutcome,
            Self::TimerFired,
            Self::EventArrived,
            Self::Cancel,
            Self::Note,
        ]
        .into_iter()
        .find(|k| *k as u8 == code)
    }
}

/// A journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EntryKind,
    /// Its body; the engine's affair.
    pub body: Vec<u8>,
}

/// Who may write for a partition; a later owner has a higher epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fence {
    /// Epoch of the writer's lease.
    pub epoch: i64,
}

/// A state written out, so that loading need not replay the whole journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of journal entries it covers.
    pub seq: i64,
    /// The state; the engine's affair.
    pub body: Vec<u8>,
}

/// A change to a run's timers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerOp {
    /// Sets one; replaces one of the same activation and kind.
    Set {
        /// Activation it belongs to.
        activation: u64,
        /// Kind; the engine's affair.
        kind: u8,
        /// When it is due.
        due: Timestamp,
    },
    /// Removes one.
    Clear {
        /// Activation it belongs to.
        activation: u64,
        /// Kind.
        kind: u8,
    },
}

impl TimerOp {
    /// When the timer it sets is due.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Set { due, .. } => Some(*due),
            Self::Clear { .. } => None,
        }
    }

    /// Activation and kind of the timer it removes.
    pub fn cleared(&self) -> Option<(u64, u8)> {
        match self {
            Self::Clear { activation, kind } => Some((*activation, *kind)),
            Self::Set { .. } => None,
        }
    }
}

/// A change to what a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitOp {
    /// Waits for an event.
    Set {
        /// Activation that waits.
        activation: u64,
        /// Number of the filter within it.
        index: u32,
        /// Event type; `None` waits for any type.
        event_type: Option<String>,
        /// Canonical text of the correlation's expressions; empty for none.
        shape: String,
        /// Canonical text of the values they must give; `None` when nothing is correlated.
        key: Option<String>,
        /// The filter; the engine's affair.
        filter: Vec<u8>,
    },
    /// Stops waiting, with all its filters.
    Clear {
        /// Activation that waited.
        activation: u64,
    },
}

/// A row that becomes durable together with a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A canonical record; its history is kept.
    Record {
        /// Tenant.
        tenant: String,
        /// Kind of record.
        noun: String,
        /// Its id.
        id: String,
        /// JSON.
        body: Vec<u8>,
        /// Hash of the body; a record whose hash does not change gets no new version.
        hash: String,
    },
    /// Our record's counterpart in a system.
    Link {
        /// Tenant.
        tenant: String,
        /// Kind of record.
        noun: String,
        /// Our id.
        canonical_id: String,
        /// System name.
        system: String,
        /// The system's id.
        system_id: String,
        /// Contract version the system is known to hold.
        version: Option<i64>,
        /// The record's page in the system.
        url: Option<String>,
    },
    /// Our record has no counterpart in a system any more.
    Unlink {
        /// Tenant.
        tenant: String,
        /// Kind of record.
        noun: String,
        /// Our id.
        canonical_id: String,
        /// System name.
        system: String,
    },
    /// An event; it enters the log as if it had come from outside.
    Outbox {
        /// The event.
        event: NewEvent,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// Completed, faulted or cancelled.
    pub status: RunStatus,
    /// Output, JSON.
    pub output: Option<Vec<u8>>,
    /// Error, JSON.
    pub error: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
}

/// One step of a run, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The run.
    pub run: RunId,
    /// Who writes.
    pub fence: Fence,
    /// Number of journal entries the caller knows of.
    pub expected_seq: i64,
    /// Creates the run.
    pub create: Option<NewRun>,
    /// Entries to append to the journal.
    pub entries: Vec<Entry>,
    /// New status; an end sets its own.
    pub status: Option<RunStatus>,
    /// What it waits for from now on; kept while the status stays `Waiting` and this is `None`.
    pub waiting: Option<Waiting>,
    /// State written out.
    pub snapshot: Option<Snapshot>,
    /// Timers.
    pub timers: Vec<TimerOp>,
    /// Waits.
    pub waits: Vec<WaitOp>,
    /// Inbox rows whose event the run has taken; no later listen of the run hears these events again.
    pub taken: Vec<i64>,
    /// Inbox rows whose event nobody in the run waited for.
    pub refused: Vec<i64>,
    /// Records, links and events.
    pub effects: Vec<Effect>,
    /// The end.
    pub end: Option<RunEnd>,
}

impl Transition {
    /// A transition that changes nothing yet.
    pub fn of(run: RunId) -> Self {
        Self {
            run,
            fence: Fence::default(),
            expected_seq: 0,
            create: None,
            entries: Vec::new(),
            status: None,
            waiting: None,
            snapshot: None,
            timers: Vec::new(),
            waits: Vec::new(),
            taken: Vec::new(),
            refused: Vec::new(),
            effects: Vec::new(),
            end: None,
        }
    }
}

/// What a transition did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Number of journal entries now.
    pub seq: i64,
    /// For a created run: its turn has come.
    pub ready: bool,
    /// The next run of the business key, whose turn has come because this one ended.
    pub promoted: Option<RunId>,
    /// Events that came after the run was created and that a wait of this transition correlates with; they are in its
    /// inbox now.
    pub heard: Vec<InboxRow>,
}

/// Hands events of the log over, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Dispatch {
    /// Name of the cursor.
    pub cursor: String,
    /// Where the caller found it.
    pub from: Position,
    /// Where it goes.
    pub to: Position,
    /// Runs to create; one whose (tenant, flow, trigger) exists is passed over.
    pub start: Vec<Transition>,
    /// Correlation keys of the events: they are delivered to every run that waits for one of them, now or later.
    pub keys: Vec<EventKey>,
    /// Events for runs that wait without correlation; passed over when the run no longer waits.
    pub deliver: Vec<Delivery>,
    /// Waits that are over.
    pub clear_waits: Vec<(RunId, u64)>,
    /// Events that should have started a run and could not.
    pub reject: Vec<Rejected>,
}

/// A correlation key of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventKey {
    /// The event's place in the log.
    pub position: Position,
    /// Its tenant.
    pub tenant: String,
    /// Its type; `None` for waits that wait for any type.
    pub event_type: Option<String>,
    /// Canonical text of the correlation's expressions.
    pub shape: String,
    /// Canonical text of the values they give for this event.
    pub key: String,
}

/// An event for a waiting run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The run.
    pub run: RunId,
    /// The activation that waits.
    pub activation: u64,
    /// The event's place in the log.
    pub position: Position,
}

/// An event that has been put into a run's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its number in the inbox.
    pub inbox: i64,
    /// What was delivered, and to whom.
    pub delivery: Delivery,
}

/// A run that a dispatch created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartedRun {
    /// The run.
    pub run: RunId,
    /// Its turn has come.
    pub ready: bool,
    /// Number of journal entries.
    pub seq: i64,
}

/// What a dispatch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// The runs created.
    pub started: Vec<StartedRun>,
    /// The events put into inboxes, in the order of the log.
    pub delivered: Vec<Delivered>,
}

/// An event given to a run that the run has not handled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its number.
    pub id: i64,
    /// The activation it is for.
    pub activation: u64,
    /// The event's place in the log.
    pub position: Position,
    /// The event.
    pub event: Vec<u8>,
}

/// A run with all it takes to go on.
#[derive(Debug, Clone)]
pub struct StoredRun {
    /// The run.
    pub run: Run,
    /// Number of journal entries.
    pub seq: i64,
    /// The newest state written out.
    pub snapshot: Option<Snapshot>,
    /// Journal entries after it.
    pub entries: Vec<Entry>,
    /// Events given to it that it has not handled yet, in the order of the log.
    pub inbox: Vec<InboxRow>,
}

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerRow {
    /// The run.
    pub run: RunId,
    /// The activation.
    pub activation: u64,
    /// Kind.
    pub kind: u8,
    /// When it is due.
    pub due: Timestamp,
}

/// A run that waits for an event without correlating it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitRow {
    /// Tenant.
    pub tenant: String,
    /// The event type waited for; `None` waits for any.
    pub event_type: Option<String>,
    /// The run.
    pub run: RunId,
    /// The activation.
    pub activation: u64,
    /// The filter.
    pub filter: Vec<u8>,
}

/// A canonical record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Tenant.
    pub tenant: String,
    /// Kind of record.
    pub noun: String,
    /// Its id.
    pub id: String,
    /// Version, from 1.
    pub version: i64,
    /// Hash of the body.
    pub hash: String,
    /// JSON.
    pub body: Vec<u8>,
    /// When this version was written.
    pub updated_at: Timestamp,
    /// The run that wrote it.
    pub run: RunId,
}

/// Which records.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// Tenant.
    pub tenant: Option<String>,
    /// Kind.
    pub noun: String,
    /// Ids after this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Tenant.
    pub tenant: String,
    /// Kind of record.
    pub noun: String,
    /// Our id.
    pub canonical_id: String,
    /// System name.
    pub system: String,
    /// The system's id.
    pub system_id: String,
    /// Contract version the system is known to hold.
    pub version: Option<i64>,
    /// The record's page in the system.
    pub url: Option<String>,
    /// When it was confirmed last.
    pub confirmed_at: Timestamp,
    /// The run that confirmed it.
    pub run: RunId,
}

/// Which links.
#[derive(Debug, Clone, Default)]
pub struct LinkFilter {
    /// Kind of record.
    pub noun: Option<String>,
    /// Our id.
    pub canonical_id: Option<String>,
    /// System name.
    pub system: Option<String>,
    /// The system's id.
    pub system_id: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which runs; newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Status.
    pub status: Option<RunStatus>,
    /// Flow name.
    pub flow: Option<String>,
    /// Business key; those of its parts, written `key/part`, are found with it.
    pub business_key: Option<String>,
    /// Tenant.
    pub tenant: Option<String>,
    /// A system some link of the run's points to.
    pub system: Option<String>,
    /// The event that started it.
    pub trigger: Option<Position>,
    /// Older than this run.
    pub before: Option<RunId>,
    /// At most so many.
    pub limit: usize,
}

/// Number of runs of a flow in a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCount {
    /// Flow name.
    pub flow: String,
    /// Status.
    pub status: RunStatus,
    /// How many.
    pub runs: i64,
}

/// Where a simulated crash strikes the writer. Everything after it fails with [`crate::Error::Crash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// Before the batch's commit: nothing of it is stored.
    BeforeCommit,
    /// After the commit, before anyone is told.
    AfterCommit,
}

//! Everything durable: the event log, runs and their journals, timers, waits, records, links, rejected events, cursors.
//!
//! Guarantees
//! - A write is durable when its future resolves. Writes of many callers share one transaction and one sync (group commit);
//!   one that fails leaves the others of its batch untouched.
//! - [`Store::commit`] and [`Store::dispatch`] are all or nothing.
//! - Events are deduplicated on (tenant, source, id); runs of one business key are serial; a run is started by an event at
//!   most once.
//! - A correlated wait hears every event of its key from the run's creation on, whether the event or the wait came first:
//!   both [`Store::dispatch`] and [`Store::commit`] match them inside their transaction. An event is put before a wait
//!   once, and an event that a run has taken is not put before its later waits.
//! - Readers see only what is durable and never hold a writer up.
//!
//! Operations are batch-shaped values in and values out, without borrowed rows or open transactions, so that another
//! backend can stand behind the same [`Store`]; `tests/` holds the suite it has to pass. No SQL leaves this crate.

mod error;
mod identity;
mod sqlite;
mod types;

pub use error::Error;
pub use identity::{Position, RunId};
pub use sqlite::{Options, Stats, Store};
pub use types::{
    Appended, Committed, CrashPoint, Delivered, Delivery, Dispatch, Dispatched, Effect, Entry, EntryKind,
    EventKey, Fence, InboxRow, LinkFilter, LinkRow, NewEvent, NewRun, Record, RecordFilter, Rejected,
    RejectedRow, Run, RunEnd, RunFilter, RunStatus, Snapshot, StartedRun, StatusCount, StoredEvent,
    StoredRun, TimerOp, TimerRow, Transition, WaitOp, WaitRow, Waiting,
};

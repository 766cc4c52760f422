//! Drives runs: starts them, executes their calls, wakes them on events and timers, and recovers all of them after a crash.
//!
//! Guarantees
//! - An intent is durable before the call it announces goes out; its outcome is durable before the run acts on it. The
//!   intent of the next call rides in the commit that stores the outcome of the last, so n sequential calls cost n + 1
//!   commits, and after a crash "started, no outcome" is always visible: such a call is repeated with
//!   [`CallRequest::in_doubt`] set, so that the host looks before it sends again.
//! - Runs of one business key are serial, in order of creation; runs of different keys are parallel.
//! - A correlated listen hears the events of its key from the run's creation on, those before the listen among them; an
//!   event the run has taken is not heard again. A listen without correlation hears what is appended after it began.
//! - Nothing polls: the dispatcher, the timer service and every run sleep until something is there for them.
//! - A parked run (waiting for an event, a timer or its turn) costs no memory.
//!
//! Deliberately absent: anything that knows a contract, a vendor or HTTP. Those come in through [`Host`].

mod clock;
mod definitions;
mod dispatch;
mod engine;
mod error;
mod host;
mod identity;
mod inner;
mod metrics;
mod recovery;
mod registry;
mod run;
mod shapes;
mod timers;
mod waiters;

pub use clock::{Clock, ManualClock, SystemClock};
pub use definitions::{Flow, FlowSet};
pub use engine::{Engine, Options, StartRequest, Started};
pub use error::Error;
pub use host::{CallOutcome, CallRequest, Host};
pub use run::journal::{CallIntent, RunStarted, StepRecord, UndoNote};
pub use waiters::Ending;

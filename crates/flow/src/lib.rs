//! Flow definitions in the Open Workflow DSL 1.0.3, and the pure machine that runs them.
//!
//! [`parse`] reads YAML or JSON, holds it against the structure of the DSL and reports every problem at once with file,
//! line and column. [`start`] and [`step`] are the machine: (definition, state, input) to (state, commands). It does no
//! I/O, reads no clock and draws no random number: time, seed and secrets come in through [`Env`], so the same inputs
//! always give the same commands, and a state can be rebuilt from a journal.
//!
//! What the DSL has no word for rides in `metadata`: `compensate` of a task names what undoes it, `onFault` of a document says
//! what becomes of what a failed run did.
//!
//! Left out of this release and refused by [`parse`] with a diagnostic that says so: `run` tasks, the call kinds
//! `openapi`, `grpc`, `asyncapi`, `a2a` and `mcp`, `listen` with `foreach` or `until`, extensions, catalogs, and the schedules
//! `every`, `cron` and `after`.

mod body;
mod command;
mod correlations;
mod data;
mod definition;
mod diagnostic;
mod duration;
mod env;
mod error;
mod expression;
mod listen;
mod machine;
mod parse;
mod schema;
mod source;
mod suggest;
mod task;
mod undo;
mod waiting;

pub use body::Body;
pub use command::{
    ActivationId, Call, Command, End, HttpCall, HttpOutput, Input, TimerKind, Trace, TraceKind,
};
pub use definition::{Definition, Subscription};
pub use diagnostic::Diagnostic;
pub use env::Env;
pub use error::Error;
pub use listen::{EventFilter, Listen, ListenMode};
pub use machine::{State, start, step};
pub use parse::{parse, parse_function};
pub use undo::{DECIDED, Undo, UndoStep};
pub use waiting::{Waiting, WaitingFor};

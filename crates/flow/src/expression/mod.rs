//! Runtime expressions: jq, compiled once per definition, sandboxed and bounded.
//!
//! What an expression can't do: read the environment, files, modules or further inputs; halt the process; write to the
//! log; see the wall clock (`now` is the step's instant) or the machine's time zone.
//!
//! How a runaway program is stopped: each term that is evaluated, and each number a `range` gives, costs a step of a
//! fixed budget ([`run::STEPS_MAX`]); texts, lists and whole numbers that `+`, `*` or an interpolation would make larger
//! than a limit are errors; recursion is bounded by the stack, which grows for programs that take many steps; a result
//! may have [`run::NODES_MAX`] nodes, [`run::DEPTH_MAX`] deep. The budget is counted, not timed, so that a replay stops
//! where the first run did. A single built-in (`sort`, `test`, `==`) is not interrupted: its cost is bounded by the size
//! of the values it is given.

mod compile;
mod library;
mod limits;
mod rewrite;
mod run;
mod template;

pub(crate) use compile::{Expression, Refused, Var, strip};
pub(crate) use run::Bindings;
pub(crate) use template::Template;

/// The longest expression, in bytes.
pub(crate) const TEXT_MAX: usize = 16 << 10;

//! The machine: (definition, state, input) to (state, commands).
//!
//! A state is a tree of frames. A list frame is a list of tasks under way: it knows the current task and the data the
//! next one gets. A task frame is a task under way: it knows what it waits for. Entering, leaving and raising are work
//! items in a queue, so that a flow that never waits takes no stack; a step that never ends is stopped at a limit.

mod bindings;
mod enter;
mod events;
mod frame;
mod http;
mod input;
mod leave;
mod raise;
mod retry;
mod state;
mod stop;
mod undo;
mod unwind;
mod work;

pub(crate) use bindings::Outside;
pub use state::State;
pub use work::{start, step};

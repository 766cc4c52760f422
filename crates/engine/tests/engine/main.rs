//! The engine on a real store, with a scripted host and a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod calls;
mod cancel;
mod events;
mod house;
mod keys;
mod limits;
mod restart;
mod script;
mod time;
mod undo;

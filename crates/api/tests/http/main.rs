//! The API through its router: a real hub on a real store in a temporary folder, without systems of its own but one that
//! calls back.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where it stopped")]

mod events;
mod garbage;
mod imports;
mod records;
mod rejected;
mod running;
mod runs;
mod serving;
mod webhooks;

//! The real binary, in a temporary folder.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where it stopped")]

mod checking;
mod command_line;
mod importing;
mod installation;
mod life;
mod vendors;

//! The real binary, in a temporary folder.

mod checking;
mod command_line;
mod installation;
mod life;

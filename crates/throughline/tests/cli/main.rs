//! The real binary, in a temporary folder.

mod checking;
mod command_line;
mod importing;
mod installation;
mod life;
mod vendors;

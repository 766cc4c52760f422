//! `throughline completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Outcome;
use crate::screen;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut command = crate::arguments::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "throughline", &mut script);
    screen::print(&String::from_utf8_lossy(&script))
}

//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod event;
pub(crate) mod flows;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod links;
pub(crate) mod records;
pub(crate) mod rejected;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod sandbox;
pub(crate) mod systems;
pub(crate) mod up;
pub(crate) mod version;

use crate::arguments::{Arguments, Command};
use crate::failure::Outcome;

/// Carries out what was typed.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments { global, command } = arguments;
    match command {
        Command::Up(arguments) => up::run(&global, arguments).await,
        Command::Demo(arguments) => Box::pin(demo::run(&global, arguments)).await,
        Command::Sandbox(arguments) => sandbox::run(&global, arguments).await,
        Command::Init(arguments) => init::run(&global, &arguments),
        Command::Check => check::run(&global),
        Command::Import(arguments) => Box::pin(import::run(&global, arguments)).await,
        Command::Event(arguments) => event::run(&global, arguments).await,
        Command::Runs(arguments) => runs::run(&global, arguments).await,
        Command::Run(arguments) => run::run(&global, arguments).await,
        Command::Records(arguments) => records::run(&global, arguments).await,
        Command::Links(arguments) => links::run(&global, arguments).await,
        Command::Rejected(arguments) => rejected::run(&global, arguments).await,
        Command::Replay(arguments) => replay::run(&global, arguments).await,
        Command::Flows => flows::run(&global),
        Command::Systems => systems::run(&global),
        Command::Version => version::run(&global),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  what was asked for failed
  2  the command line can't be read
  3  there is no such thing
  4  check found problems
  5  partly done: some of what was given was not taken

Commands that read work through the hub that has the data folder open, and open the folder themselves when none has.";

#[derive(Parser)]
#[command(
    name = "throughline",
    version,
    about = "A self-hosted integration hub for professional services firms",
    after_help = EXIT_CODES,
    propagate_version = false
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// Configuration file
    #[arg(short = 'C', long = "config", global = true, value_name = "FILE", env = "THROUGHLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Address of a running hub, when it is not the one of the configuration
    #[arg(long, global = true, value_name = "HOST:PORT", env = "THROUGHLINE_ADDRESS")]
    pub(crate) address: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How log lines are written to the error output
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "THROUGHLINE_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the hub until it is told to stop
    Up(commands::up::Arguments),
    /// Show the main job: a year of a firm's business through the simulated vendors
    Demo(commands::demo::Arguments),
    /// Run the simulated vendors
    Sandbox(commands::sandbox::Arguments),
    /// Write the catalog and a commented configuration into a folder
    Init(commands::init::Arguments),
    /// Check the catalog and the configuration; every problem at once
    Check,
    /// Turn public contract registers into events and take them in
    Import(commands::import::Arguments),
    /// Send events
    #[command(subcommand)]
    Event(commands::event::Arguments),
    /// List runs, newest first
    Runs(commands::runs::Arguments),
    /// Look at one run
    #[command(subcommand)]
    Run(commands::run::Arguments),
    /// Look at canonical records
    #[command(subcommand)]
    Records(commands::records::Arguments),
    /// List links between our records and those of systems
    Links(commands::links::Arguments),
    /// Look at what was sent and could not be taken
    #[command(subcommand)]
    Rejected(commands::rejected::Arguments),
    /// Take a rejected event in once more
    Replay(commands::replay::Arguments),
    /// List the flows of the catalog
    Flows,
    /// List the configured systems
    Systems,
    /// Show the version
    Version,
    /// Write completions for a shell
    Completions(commands::completions::Arguments),
}

impl Command {
    /// What is logged when the environment does not say: a server tells what it does, a command only what is wrong.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Up(_) | Self::Sandbox(_) => "info",
            _ => "warn",
        }
    }
}

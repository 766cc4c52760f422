//! The project's own commands: `cargo xtask demo`, `test`, `tidy`, `lint`, `policy`, `bless`, `bench`, `soak`.
//!
//! A fresh machine needs Rust, and for the tests Python and Node; what else is needed is installed here, into `target/`,
//! and said while it is done.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people at a terminal")]

mod clients;
mod policy;
mod shell;
mod test;
mod tidy;

use clap::{Parser, Subcommand};
use shell::cargo;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and measures Throughline")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and run the main job on the embedded store and the simulated vendors
    Demo {
        /// Handed to `throughline demo`; `cargo xtask demo -- --help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install what the tests need, then run all of them
    Test {
        /// Leave out the tests that drive the simulators with the vendors' own client libraries
        #[arg(long)]
        without_clients: bool,
        /// Handed to the test runner
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Hold the tree against the house rules: who may import whom, where SQL may stand, how large files may grow
    Tidy,
    /// Formatting and clippy, warnings denied
    Lint,
    /// Licences, sources and advisories of the dependencies
    Policy,
    /// Write the generated files anew: schemas, OpenAPI, snapshots
    Bless,
    /// Measure: activation8, ceiling, intake, recovery, parked, history, language
    Bench {
        /// Handed to the bench program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Play years of the simulated firm and kill the process 50 times in each, then check the vendors' ledgers
    Soak {
        /// No further year is begun after so many minutes
        #[arg(long, default_value_t = 30)]
        minutes: u64,
        /// Seed of the first year; each further year has the next
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Demo { arguments } => {
            cargo(["run", "--quiet", "--package", "throughline", "--", "demo"]).args(arguments).run()
        }
        Command::Test { without_clients, arguments } => test::run(without_clients, &arguments),
        Command::Tidy => tidy::run(),
        Command::Lint => lint(),
        Command::Policy => policy::run(),
        Command::Bless => bless(),
        Command::Soak { minutes, seed } => cargo([
            "test",
            "--package",
            "throughline",
            "--test",
            "demo",
            "--",
            "soak",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("THROUGHLINE_SOAK_MINUTES", minutes.to_string())
        .env("THROUGHLINE_SOAK_SEED", seed.to_string())
        .run(),
        Command::Bench { arguments } => {
            cargo(["build", "--release", "--package", "throughline", "--package", "throughline-bench"])
                .run()?;
            cargo(["run", "--release", "--quiet", "--package", "throughline-bench", "--"])
                .args(arguments)
                .run()
        }
    }
}

fn lint() -> anyhow::Result<()> {
    cargo(["fmt", "--all", "--check"]).run()?;
    cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]).run()
}

fn bless() -> anyhow::Result<()> {
    for package in ["throughline-model", "throughline-api"] {
        cargo(["test", "--package", package, "fresh"]).env("THROUGHLINE_BLESS", "1").run()?;
    }
    Ok(())
}

//! Measures the released program from outside: a hub in a process of its own, a stub of the systems it calls in another,
//! and a load generator here. All of it on one machine, so the figures include what stub and generator take.
//!
//! `cargo xtask bench` builds and runs it.

#![expect(clippy::print_stdout, reason = "tables are what it is for")]

mod activation8;
mod bare;
mod ceiling;
mod client;
mod flows;
mod history;
mod hub;
mod intake;
mod language;
mod load;
mod parked;
mod process;
mod recovery;
mod stub;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", about = "Measure Throughline")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// A flow of eight sequential HTTP calls, each step durable before the next
    Activation8 {
        /// Flows in flight, one table row each
        #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
        in_flight: Vec<usize>,
        #[command(flatten)]
        measure: Measure,
    },
    /// The same beside a bare loop of the same calls and syncs: the hub in percent of what the machine gives
    Ceiling {
        /// Flows in flight, one table row each
        #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
        in_flight: Vec<usize>,
        #[command(flatten)]
        measure: Measure,
    },
    /// Events taken in per second, one at a time and in batches of 100
    Intake {
        /// Senders at once
        #[arg(long, default_value_t = 64)]
        senders: usize,
        #[command(flatten)]
        measure: Measure,
    },
    /// Time until runs in flight have completed after the hub was killed
    Recovery {
        /// Runs in flight
        #[arg(long, default_value_t = 10_000)]
        runs: usize,
        #[command(flatten)]
        program: Program,
    },
    /// Memory with runs parked on a wait
    Parked {
        /// Runs to park
        #[arg(long, default_value_t = 100_000)]
        runs: usize,
        #[command(flatten)]
        program: Program,
    },
    /// The cost of a step with many runs stored, and of a call in a run with a long journal
    History {
        /// Runs stored before the measurement, one table row each
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000])]
        stored: Vec<i64>,
        /// Calls of the one long run; each makes two journal entries
        #[arg(long, default_value_t = 50_000)]
        calls: usize,
        #[command(flatten)]
        measure: Measure,
    },
    /// Large definitions read, and long loops
    Language,
    /// The stub of the systems that flows call; the others start it
    #[command(hide = true)]
    Stub,
    /// The bare loop; `ceiling` starts it
    #[command(hide = true)]
    Bare { stub_port: u16, file: PathBuf },
}

#[derive(Args, Clone)]
pub(crate) struct Measure {
    /// Seconds each figure is measured for
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds before that, not counted
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    #[command(flatten)]
    program: Program,
}

#[derive(Args, Clone)]
pub(crate) struct Program {
    /// The program under test; absent: the one built beside this
    #[arg(long, value_name = "FILE")]
    throughline: Option<PathBuf>,
    /// Where data folders are made; the disk matters. Absent: the system's temporary folder
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Measure {
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs(self.warm_up)
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::Stub) => return stub::serve(),
        Some(Command::Bare { stub_port, file }) => return bare::serve(*stub_port, file),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            Some(Command::Activation8 { in_flight, measure }) => activation8::run(&in_flight, &measure).await,
            Some(Command::Ceiling { in_flight, measure }) => ceiling::run(&in_flight, &measure).await,
            Some(Command::Intake { senders, measure }) => intake::run(senders, &measure).await,
            Some(Command::Recovery { runs, program }) => recovery::run(runs, &program).await,
            Some(Command::Parked { runs, program }) => parked::run(runs, &program).await,
            Some(Command::History { stored, calls, measure }) => {
                history::over_runs(&stored, &measure).await?;
                history::over_entries(calls, &measure.program).await
            }
            Some(Command::Language) => language::run(),
            Some(Command::Stub | Command::Bare { .. }) => Ok(()),
            None => everything().await,
        }
    })
}

async fn everything() -> anyhow::Result<()> {
    let program = Program { throughline: None, folder: None };
    let measure = Measure { seconds: 10, warm_up: 3, program: program.clone() };
    activation8::run(&[1, 16, 64, 256], &measure).await?;
    ceiling::run(&[1, 16, 64, 256], &measure).await?;
    intake::run(64, &measure).await?;
    recovery::run(10_000, &program).await?;
    parked::run(100_000, &program).await?;
    history::over_runs(&[1_000, 100_000, 1_000_000], &measure).await?;
    history::over_entries(50_000, &program).await?;
    language::run()
}

//! The binary: commands, configuration, wiring, telemetry.

mod arguments;
mod client;
mod commands;
mod failure;
mod interrupt;
mod joined;
mod screen;
mod serving;
mod settings;
mod source;
mod telemetry;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::start(arguments.global.log_format, arguments.command.log_level());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::from(anyhow::Error::new(error)).report(),
    };
    let ended = runtime.block_on(commands::run(arguments));
    // Blocking work that nobody waits for any more must not hold the end up.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

//! `throughline demo`: a year of a firm's business through the simulated vendors.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::sandbox::share;
use crate::arguments::Global;
use crate::failure::{Failure, Outcome};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The firm and the faults are drawn from it
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Share of the vendors' answers that fail, 0 to 1
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub(crate) faults: f64,
    /// Opportunities of the year
    #[arg(long, default_value_t = 120)]
    pub(crate) opportunities: usize,
    /// Folder for everything; a folder that was used before is gone on with
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// End after the summary instead of serving on
    #[arg(long)]
    pub(crate) once: bool,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

pub(crate) async fn run(_global: &Global, _arguments: Arguments) -> Outcome {
    Err(Failure::said("the demo is not part of this build"))
}

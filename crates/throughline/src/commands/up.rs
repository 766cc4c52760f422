//! `throughline up`: the hub, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::arguments::Global;
use crate::failure::{Exit, Outcome};
use crate::serving::Serving;
use crate::{interrupt, settings};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Data folder, instead of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on, instead of the configuration's; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let mut config = settings::config(global)?;
    if let Some(data) = arguments.data {
        config.data = data;
    }
    if let Some(listen) = arguments.listen {
        config.listen = listen;
    }
    let catalog = settings::catalog(&config)?;
    let stop = interrupt::token()?;
    let serving = Serving::start(config, catalog).await?;
    let flows = serving.hub.catalog().flows.len();
    let systems = serving.hub.systems().len();
    tracing::info!(address = %serving.address, flows, systems, "up");
    stop.cancelled().await;
    serving.stop().await;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

//! `throughline sandbox`: the simulated vendors alone.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use throughline_hub::config::{Config, DEFAULT_LISTEN};
use throughline_sandbox::{Options, Sandbox};

use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::{interrupt, joined, screen};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder for state, certificates and ports
    #[arg(long, value_name = "DIR", default_value = "sandbox")]
    data: PathBuf,
    /// Faults are drawn from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of requests that fail, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    faults: f64,
    /// First of consecutive ports; absent: free ones, kept in the folder
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Write a configuration that joins all of them
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Where the hub listens, for those that call back
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_LISTEN)]
    hub: String,
}

/// A share of requests.
pub(super) fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it is a share, from 0 to 1".to_owned()),
    }
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let stop = interrupt::token()?;
    let options = Options {
        folder: arguments.data,
        seed: arguments.seed,
        faults: arguments.faults,
        ports: arguments.port,
    };
    let sandbox = Sandbox::start(options).await.context("the sandbox can't be started")?;
    joined::call_back(&sandbox, &arguments.hub).context("the vendors can't be told where the hub is")?;
    if let Some(file) = &arguments.write {
        write(file, &sandbox, &arguments.hub)?;
    }
    describe(global, &sandbox)?;
    stop.cancelled().await;
    sandbox.stop().await;
    Ok(Exit::Done)
}

fn describe(global: &Global, sandbox: &Sandbox) -> Outcome {
    let ca_file = sandbox.ca_file();
    if global.json {
        return screen::json(&json!({ "caFile": ca_file, "systems": sandbox.systems() }));
    }
    let mut text = format!("trust    {}\n", ca_file.display());
    for system in sandbox.systems() {
        text.push_str(&format!("\n{} ({})\n  at       {}\n", system.name, system.product, system.base_url));
        if let Some(settings) = system.settings.as_object() {
            for (name, value) in settings {
                text.push_str(&format!("  setting  {name} = {value}\n"));
            }
        }
        for (name, value) in &system.credentials {
            let value = if value.contains('\n') { "(a key; --json shows it)" } else { value };
            text.push_str(&format!("  secret   {name} = {value}\n"));
        }
    }
    screen::print(&text)
}

/// Writes a configuration; one that exists is somebody's work and stays.
fn write(file: &Path, sandbox: &Sandbox, hub: &str) -> Result<(), Failure> {
    let listen = hub.parse().with_context(|| format!("--hub {hub:?} is not IP:PORT"))?;
    let mut config = Config { listen, ..Config::default() };
    joined::join(&mut config, sandbox);
    // The configuration's paths are taken from its own folder, which need not be this one.
    config.ca_files = config
        .ca_files
        .iter()
        .map(std::path::absolute)
        .collect::<Result<_, _>>()
        .context("the path of the certificate is not known")?;
    let text = serde_saphyr::to_string(&config).context("the configuration can't be written")?;
    let text =
        format!("# Joins the simulated vendors. The credentials in it are worth nothing elsewhere.\n{text}");
    let written = write_new(file, &text);
    written.map_err(|error| {
        let failure =
            Failure::from(anyhow::Error::new(error).context(format!("{} can't be written", file.display())));
        failure.advise("a file that exists is left as it is")
    })
}

/// Writes a file that is not there yet; whoever looks finds the whole of it or nothing.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let partial = file.with_added_extension("partial");
    std::fs::write(&partial, text)?;
    let linked = std::fs::hard_link(&partial, file);
    std::fs::remove_file(&partial)?;
    linked
}

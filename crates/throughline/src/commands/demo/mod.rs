//! `throughline demo`: a year of a firm's business through the simulated vendors.

mod figures;
mod folder;
mod progress;
mod summary;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use throughline_hub::Hub;
use throughline_hub::config::Config;
use throughline_hub::store::{RunFilter, RunStatus};
use throughline_sandbox::firm::Firm;
use throughline_sandbox::{Options, Sandbox};
use tokio_util::sync::CancellationToken;

use super::sandbox::share;
use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::serving::Serving;
use crate::{interrupt, joined, screen, settings};
use figures::Figures;
use folder::Folder;
use progress::Bars;

/// Where the demo keeps everything unless told otherwise.
const FOLDER: &str = "demo-data";
/// Seconds between two looks of the hub into the simulated CRM.
const POLL_SECONDS: u32 = 1;
/// Pause between two looks at how far everything is.
const LOOK: Duration = Duration::from_millis(500);
/// Everything has settled when so many looks in a row find nothing under way. Longer than a poll of the CRM takes.
const QUIET_LOOKS: u32 = 6;
/// Open runs read in one go.
const RUNS_MAX: usize = 100_000;

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
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    pub(crate) data: PathBuf,
    /// End after the summary instead of serving on
    #[arg(long)]
    pub(crate) once: bool,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let begun = Instant::now();
    let folder = Folder::open(&arguments.data, arguments.seed, arguments.opportunities)?;
    let stop = interrupt::token()?;
    let options =
        Options { folder: folder.sandbox(), seed: arguments.seed, faults: arguments.faults, ports: None };
    let sandbox = Sandbox::start(options).await.context("the simulated vendors can't be started")?;
    let serving = serve(&folder, arguments.listen, &sandbox).await?;
    joined::call_back(&sandbox, &serving.address.to_string())
        .context("the vendors can't be told where the hub is")?;
    tell(
        global,
        &format!(
            "Throughline is up at http://{}, six simulated vendors beside it; all in {}",
            serving.address,
            folder.name()
        ),
    )?;
    if folder.used {
        tell(global, "This folder has been used before: going on where it was.")?;
    }

    let played =
        play(global, &sandbox, &serving.hub, Firm::generate(arguments.seed, arguments.opportunities), &stop);
    let outcome = match played.await? {
        Some(()) => conclude(global, &serving.hub, &sandbox, begun.elapsed()).await?,
        None => Exit::Failed,
    };
    if !arguments.once && !stop.is_cancelled() {
        let config = folder.config();
        tell(
            global,
            &format!(
                "\nServing on until Ctrl-C. Look around from another terminal:\n  throughline -C {0} runs --status waiting\n  throughline -C {0} records list contract-version\n  throughline -C {0} links --system erp-emea",
                config.display()
            ),
        )?;
        stop.cancelled().await;
    }
    serving.stop().await;
    sandbox.stop().await;
    Ok(outcome)
}

/// Starts the hub, joined to the simulated vendors; its configuration is left in the folder for other commands.
async fn serve(folder: &Folder, listen: Option<SocketAddr>, sandbox: &Sandbox) -> Result<Serving, Failure> {
    let mut config = Config { data: folder.hub(), ..Config::default() };
    if let Some(listen) = listen {
        config.listen = listen;
    } else if std::net::TcpListener::bind(config.listen).is_err() {
        // Somebody has the usual address; the demo has no need of it.
        config.listen.set_port(0);
    }
    joined::join(&mut config, sandbox);
    for system in config.systems.values_mut() {
        system.poll_seconds = Some(POLL_SECONDS);
    }
    let catalog = settings::catalog(&config)?;
    let serving = Serving::start(config.clone(), catalog).await?;
    config.listen = serving.address;
    folder.write_config(&config)?;
    Ok(serving)
}

/// Lets the year pass and waits until everything has settled. `None`: told to stop before that.
async fn play(
    global: &Global,
    sandbox: &Sandbox,
    hub: &Hub,
    firm: Firm,
    stop: &CancellationToken,
) -> Result<Option<()>, Failure> {
    let bars = Bars::new(global.json);
    let year = async {
        sandbox.play(firm, |progress| bars.year(progress)).await.context("the year could not be played")?;
        anyhow::Ok(())
    };
    let watch = async {
        loop {
            bars.hub(hub).await?;
            tokio::time::sleep(LOOK).await;
        }
        #[expect(unreachable_code, reason = "gives the block its type")]
        anyhow::Ok(())
    };
    tokio::select! {
        played = year => played?,
        failed = watch => failed?,
        () = stop.cancelled() => return Ok(None),
    }
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(LOOK) => {}
        }
        bars.hub(hub).await?;
        bars.settling(sandbox.unsettled());
        quiet = if sandbox.unsettled() == 0 && settled(hub).await? { quiet + 1 } else { 0 };
    }
    bars.end();
    Ok(Some(()))
}

/// Whether nothing is under way: every event is handed over, and every open run waits for an event or behind another.
async fn settled(hub: &Hub) -> anyhow::Result<bool> {
    if !hub.engine().caught_up().await? {
        return Ok(false);
    }
    for status in [RunStatus::Pending, RunStatus::Running, RunStatus::Waiting] {
        let filter = RunFilter { status: Some(status), limit: RUNS_MAX, ..RunFilter::default() };
        let runs = hub.store().runs(filter).await.context("runs can't be read")?;
        let for_event = |run: &throughline_hub::store::Run| {
            run.waiting.as_ref().is_some_and(|waiting| waiting.for_.starts_with("event"))
        };
        if runs.iter().any(|run| run.blocked_by.is_none() && !for_event(run)) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn conclude(global: &Global, hub: &Hub, sandbox: &Sandbox, took: Duration) -> Result<Exit, Failure> {
    let figures = Figures::gather(hub, sandbox).await?;
    if global.json {
        screen::json(&figures)?;
    } else {
        screen::print(&summary::text(&figures, took.as_secs_f64()))?;
    }
    if figures.exact() {
        return Ok(Exit::Done);
    }
    Ok(Exit::Failed)
}

/// Tells a person something; a program that reads JSON is told on the error output by the log.
fn tell(global: &Global, text: &str) -> Outcome {
    if global.json { Ok(Exit::Done) } else { screen::line(text) }
}

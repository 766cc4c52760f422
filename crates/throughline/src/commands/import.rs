//! `throughline import`: files of public contract registers, record by record.
//!
//! A running hub is sent the file; without one the data folder is opened for the length of the import, and the runs that
//! begin meanwhile go on at the next `up`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::body::Body;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use throughline_api::{ImportRemark, ImportView};
use throughline_hub::Hub;
use throughline_hub::engine::SystemClock;
use throughline_hub::import::Format;
use tokio_util::io::ReaderStream;

use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::source::Source;
use crate::{screen, serving, settings};

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    /// Open Contracting Data Standard 1.1: release packages, record packages, releases one a line
    Ocds,
    /// French public contracts, essential data
    Decp,
    /// US federal contract actions, a table with a heading row
    Fpds,
}

#[derive(Args)]
pub(crate) struct Arguments {
    /// What the files are
    #[arg(value_enum)]
    register: Register,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Tenant; absent: the installation's own
    #[arg(long)]
    tenant: Option<String>,
    /// How many held and rejected records of a file are told
    #[arg(long, default_value_t = 20)]
    remarks: usize,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let format = match arguments.register {
        Register::Ocds => Format::Ocds,
        Register::Decp => Format::Decp,
        Register::Fpds => Format::Fpds,
    };
    let taker = Taker::find(global, arguments.tenant).await?;
    let mut views = Vec::with_capacity(arguments.files.len());
    for file in &arguments.files {
        match taker.take(format, file).await {
            Ok(view) => views.push(view),
            Err(failure) => {
                tell(global, &views, arguments.remarks)?;
                taker.done().await;
                return Err(failure);
            }
        }
    }
    taker.done().await;
    tell(global, &views, arguments.remarks)?;
    let rejected: u64 = views.iter().map(|v| v.rejected).sum();
    let records: u64 = views.iter().map(|v| v.records).sum();
    Ok(match rejected {
        0 => Exit::Done,
        all if all == records => Exit::Failed,
        _ => Exit::Partly,
    })
}

/// Who takes the records in.
enum Taker {
    /// A hub that is running.
    Running(Source),
    /// A hub for the length of the import.
    Own(Hub, String),
}

impl Taker {
    async fn find(global: &Global, tenant: Option<String>) -> Result<Self, Failure> {
        if global.address.is_none() {
            let config = settings::config(global)?;
            let own = tenant.clone().unwrap_or_else(|| config.tenant.clone());
            let catalog = settings::catalog(&config)?;
            match Hub::start(config, catalog, Arc::new(SystemClock)).await {
                Ok(hub) => return Ok(Self::Own(hub, own)),
                Err(error) if serving::is_in_use(&error) => {}
                Err(error) => return Err(serving::not_started(error)),
            }
        }
        if tenant.is_some() {
            return Err(Failure::said("a running hub takes files for its own tenant").exit(Exit::Usage));
        }
        Ok(Self::Running(Source::hub(global).await?))
    }

    async fn take(&self, format: Format, file: &Path) -> Result<ImportView, Failure> {
        let progress = bar(file);
        let taken = match self {
            Self::Running(source) => send(source, format, file, &progress).await,
            Self::Own(hub, tenant) => {
                let tell = |now: throughline_hub::import::Progress| {
                    progress.set_length(now.bytes_total);
                    progress.set_position(now.bytes);
                    progress.set_message(format!("{} records", now.records));
                };
                let report = hub.import(format, file, tenant, tell).await;
                report.map(ImportView::from).map_err(|error| Failure::from(anyhow::Error::new(error)))
            }
        };
        progress.finish_and_clear();
        taken
    }

    async fn done(self) {
        if let Self::Own(hub, _) = self {
            hub.stop().await;
        }
    }
}

async fn send(
    source: &Source,
    format: Format,
    file: &Path,
    progress: &ProgressBar,
) -> Result<ImportView, Failure> {
    let opened =
        tokio::fs::File::open(file).await.with_context(|| format!("{} can't be read", file.display()))?;
    let length = opened.metadata().await.map(|m| m.len()).unwrap_or_default();
    progress.set_length(length);
    let body = Body::from_stream(ReaderStream::new(progress.wrap_async_read(opened)));
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    source
        .post_body(&["v1", "imports", format.as_str()], &[("file", name)], "application/octet-stream", body)
        .await
}

fn bar(file: &Path) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {bytes}/{total_bytes} {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_prefix(file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
    bar
}

fn tell(global: &Global, views: &[ImportView], remarks_max: usize) -> Outcome {
    if global.json {
        return screen::json(&views);
    }
    let mut text = String::new();
    for view in views {
        for remark in view.remarks.iter().take(remarks_max) {
            text.push_str(&said(&view.file, remark));
        }
        let untold = view.remarks.len().saturating_sub(remarks_max);
        if untold > 0 {
            text.push_str(&format!(
                "{}: {untold} more remarks; --remarks N or --json tells them\n",
                view.file
            ));
        }
    }
    let mut table = screen::table(["file", "records", "accepted", "duplicate", "held", "rejected", "events"]);
    for view in views {
        let counts = [view.records, view.accepted, view.duplicate, view.held, view.rejected, view.events];
        table.add_row(std::iter::once(view.file.clone()).chain(counts.iter().map(u64::to_string)));
    }
    text.push_str(&screen::text_of(&table));
    screen::print(&text)
}

fn said(file: &str, remark: &ImportRemark) -> String {
    let field = if remark.field.is_empty() { String::new() } else { format!("{}: ", remark.field) };
    format!("{file}:{} {}: {field}{}\n", remark.record, remark.outcome, remark.reason)
}

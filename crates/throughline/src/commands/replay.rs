//! `throughline replay NUMBER`: takes a rejected event in once more, as it was sent or mended.

use std::path::PathBuf;

use clap::Args;
use throughline_api::{EventOutcome, EventResult};

use super::event::read_input;
use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;
use crate::source::Source;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Number of the rejected event
    number: i64,
    /// File with the mended event; `-` reads the input
    #[arg(long, value_name = "FILE")]
    edit: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let source = Source::hub(global).await?;
    let body = match &arguments.edit {
        Some(file) => read_input(file)?,
        None => Vec::new(),
    };
    let number = arguments.number.to_string();
    let path = ["v1", "rejected", &number, "replay"];
    let result: EventResult = source.post(&path, "application/json", body).await?;
    if global.json {
        return screen::json(&result);
    }
    let position = result.position.unwrap_or_default();
    screen::line(&match result.outcome {
        EventOutcome::Duplicate => format!("it was in the log already, at position {position}"),
        _ => format!("taken, at position {position}"),
    })
}

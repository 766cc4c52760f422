//! `throughline event send`: CloudEvents from a file or the input to a running hub.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde_json::value::RawValue;
use throughline_api::{BatchAnswer, EventOutcome, EventResult, Problem};

use crate::arguments::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::screen;
use crate::source::Source;

/// Events sent in one request.
const BATCH_EVENTS: usize = 100;

#[derive(Subcommand)]
pub(crate) enum Arguments {
    /// Send events: one in JSON, a JSON array of them, or one a line
    Send {
        /// File; `-` reads the input
        file: PathBuf,
    },
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let Arguments::Send { file } = arguments;
    let text = String::from_utf8(read_input(&file)?).context("the events are not UTF-8")?;
    let events = split(&text)?;
    if events.is_empty() {
        return Err(Failure::said("there are no events to send"));
    }
    let source = Source::hub(global).await?;
    let mut total =
        BatchAnswer { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, results: Vec::new() };
    for batch in events.chunks(BATCH_EVENTS) {
        let body = serde_json::to_vec(batch).context("the batch can't be written")?;
        for result in send(&source, body).await? {
            match result.outcome {
                EventOutcome::Accepted => total.accepted += 1,
                EventOutcome::Duplicate => total.duplicates += 1,
                EventOutcome::Conflict => total.conflicts += 1,
                EventOutcome::Rejected => total.rejected += 1,
            }
            total.results.push(result);
        }
    }
    tell(global, &total)
}

async fn send(source: &Source, body: Vec<u8>) -> Result<Vec<EventResult>, Failure> {
    let sent =
        source.post::<BatchAnswer>(&["v1", "events"], "application/cloudevents-batch+json", body).await;
    match sent {
        Ok(answer) => Ok(answer.results),
        // A batch of which nothing was taken is refused as a whole; its results are in the refusal.
        Err(failure) => match failure.problem().filter(|p| !p.results.is_empty()) {
            Some(Problem { results, .. }) => Ok(results.clone()),
            None => Err(failure),
        },
    }
}

fn tell(global: &Global, total: &BatchAnswer) -> Outcome {
    if global.json {
        screen::json(total)?;
    } else {
        let mut text = String::new();
        for (index, result) in total.results.iter().enumerate().filter(|(_, r)| r.rejected.is_some()) {
            for problem in &result.problems {
                let field =
                    if problem.field.is_empty() { String::new() } else { format!("{}: ", problem.field) };
                let number = result.rejected.unwrap_or_default();
                text.push_str(&format!(
                    "event {}: {field}{} (rejected event {number})\n",
                    index + 1,
                    problem.reason
                ));
            }
        }
        text.push_str(&format!(
            "{} events: {} accepted, {} duplicates, {} conflicts, {} rejected\n",
            total.results.len(),
            total.accepted,
            total.duplicates,
            total.conflicts,
            total.rejected
        ));
        screen::print(&text)?;
    }
    let (taken, refused) = (total.accepted + total.duplicates, total.conflicts + total.rejected);
    Ok(match (taken, refused) {
        (_, 0) => Exit::Done,
        (0, _) => Exit::Failed,
        _ => Exit::Partly,
    })
}

/// Takes the input apart without judging what is in it: the hub does that, and keeps what it can't take.
fn split(text: &str) -> Result<Vec<&RawValue>, Failure> {
    if text.trim_start().starts_with('[') {
        let events = serde_json::from_str(text).context("the input is not a JSON array of events")?;
        return Ok(events);
    }
    let events: Result<Vec<&RawValue>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    Ok(events.context("the input is not JSON")?)
}

/// Reads a file, or the input when it is `-`.
pub(super) fn read_input(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("the input can't be read")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))
}

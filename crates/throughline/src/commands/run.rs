//! `throughline run show ID`: one run, with its timeline.

use clap::Subcommand;
use throughline_api::{RunDetail, StepKind, StepState, StepView};

use super::runs::why;
use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;
use crate::source::Source;

/// Characters of a fault in the timeline.
const FAULT_CHARACTERS_MAX: usize = 120;

#[derive(Subcommand)]
pub(crate) enum Arguments {
    /// Show what a run did, when, and what it waits for
    Show {
        /// Id of the run
        id: String,
    },
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let Arguments::Show { id } = arguments;
    let run: RunDetail = Source::find(global).await?.get(&["v1", "runs", &id], &[]).await?;
    if global.json {
        return screen::json(&run);
    }
    screen::print(&tell(&run))
}

fn tell(detail: &RunDetail) -> String {
    let run = &detail.run;
    let mut text = format!("run {}  {}\n", run.id, run.status);
    let mut fact = |name: &str, value: String| text.push_str(&format!("  {name:<9}{value}\n"));
    fact("flow", format!("{} {}", run.flow, run.version));
    if let Some(key) = &run.key {
        fact("key", key.clone());
    }
    fact("tenant", run.tenant.clone());
    if let Some(trigger) = run.trigger {
        fact("event", format!("position {trigger}"));
    }
    let took = run.duration_ms.map(|ms| format!(", took {}", screen::duration(ms))).unwrap_or_default();
    fact("created", format!("{}{took}", screen::instant(run.created_at)));
    let why = why(run);
    if !why.is_empty() {
        fact("why", why);
    }
    if let Some(waiting) = &run.waiting {
        fact("at", waiting.task.clone());
        if let Some(until) = waiting.until {
            fact("until", screen::instant(until));
        }
    }
    text.push('\n');
    text.push_str(&timeline(detail));
    text
}

fn timeline(detail: &RunDetail) -> String {
    let mut table = screen::table(["after", "task", "what", "attempt", "took", "outcome"]);
    let created = detail.run.created_at.as_millisecond();
    for step in &detail.timeline {
        table.add_row([
            screen::duration(step.began.as_millisecond() - created),
            task(step),
            what(step),
            attempt(step),
            took(step),
            outcome(step),
        ]);
    }
    screen::text_of(&table)
}

/// The name of a task is the last part of its pointer; the parts before it say in which branch it stands.
fn task(step: &StepView) -> String {
    let names = step.task.split('/').filter(|part| {
        !part.is_empty()
            && !matches!(*part, "do" | "fork" | "branches" | "try" | "catch" | "for" | "metadata")
            && part.parse::<usize>().is_err()
    });
    let names: Vec<_> = names.map(|part| if part == "compensate" { "undo" } else { part }).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(" > ") }
}

fn what(step: &StepView) -> String {
    match step.kind {
        StepKind::Created => "created".to_owned(),
        StepKind::Begun => "begun".to_owned(),
        StepKind::Call => step.what.clone(),
        StepKind::Time => format!("time: {}", step.what),
        StepKind::Event => format!("event: {}", step.what),
        StepKind::Cancelled => format!("cancelled: {}", step.what),
        StepKind::Undo => step.what.clone(),
        StepKind::Note => format!("note: {}", step.what),
        StepKind::Unreadable => "(a journal entry that does not read back)".to_owned(),
    }
}

fn attempt(step: &StepView) -> String {
    match (step.attempt, step.looks) {
        (None, _) => String::new(),
        (Some(attempt), None) => attempt.to_string(),
        (Some(attempt), Some(1)) => format!("{attempt} (repeated once)"),
        (Some(attempt), Some(looks)) => format!("{attempt} (repeated {looks} times)"),
    }
}

fn took(step: &StepView) -> String {
    match (step.kind, step.duration_ms) {
        (StepKind::Call, Some(ms)) => screen::duration(ms),
        (StepKind::Call, None) if step.state == StepState::Open => "open".to_owned(),
        _ => String::new(),
    }
}

fn outcome(step: &StepView) -> String {
    match (&step.fault, step.state) {
        (Some(fault), _) => {
            let said = if fault.detail.is_empty() { &fault.title } else { &fault.detail };
            screen::short(&format!("{} {said}", fault.status), FAULT_CHARACTERS_MAX)
        }
        (None, StepState::Open) => "no answer yet".to_owned(),
        (None, StepState::Abandoned) => "given up, because the run ended".to_owned(),
        (None, _) => {
            if step.kind == StepKind::Call {
                "ok".to_owned()
            } else {
                String::new()
            }
        }
    }
}

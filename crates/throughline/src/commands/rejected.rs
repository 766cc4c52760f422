//! `throughline rejected`: what was sent and could not be taken.

use clap::Subcommand;
use throughline_api::{RejectedDetail, RejectedList};

use crate::arguments::Global;
use crate::failure::{Failure, Outcome};
use crate::screen;
use crate::source::Source;

/// Entries of one page of the API.
const PAGE_MAX: usize = 500;
/// Characters of a reason in the list.
const REASON_CHARACTERS_MAX: usize = 90;

#[derive(Subcommand)]
pub(crate) enum Arguments {
    /// List rejected events, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a rejected event with what was sent
    Show {
        /// Its number
        number: i64,
    },
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let source = Source::find(global).await?;
    match arguments {
        Arguments::List { limit } => list(global, &source, limit).await,
        Arguments::Show { number } => show(global, &source, number).await,
    }
}

async fn list(global: &Global, source: &Source, limit: usize) -> Outcome {
    let found = fetch(source, limit).await?;
    if global.json {
        return screen::json(&found);
    }
    if found.rejected.is_empty() {
        return screen::line("nothing was rejected");
    }
    let mut table = screen::table(["number", "received", "via", "code", "where", "reason", "replayed"]);
    for rejected in &found.rejected {
        let place = match (&rejected.file, rejected.record) {
            (Some(file), Some(record)) => format!("{file}:{record}"),
            (Some(file), None) => file.clone(),
            (None, _) => rejected.id.clone().unwrap_or_default(),
        };
        table.add_row([
            rejected.number.to_string(),
            screen::instant(rejected.received_at),
            rejected.via.clone(),
            rejected.code.clone(),
            place,
            screen::short(&rejected.reason, REASON_CHARACTERS_MAX),
            rejected.replayed.map_or_else(|| "-".to_owned(), |position| format!("position {position}")),
        ]);
    }
    let mut text = screen::text_of(&table);
    if found.next.is_some() {
        text.push_str(&format!("the newest {} are shown; --limit shows more\n", found.rejected.len()));
    }
    screen::print(&text)
}

async fn fetch(source: &Source, limit: usize) -> Result<RejectedList, Failure> {
    let mut found = RejectedList { rejected: Vec::new(), next: None };
    loop {
        let wanted = limit.saturating_sub(found.rejected.len());
        if wanted == 0 {
            return Ok(found);
        }
        let mut query = vec![("limit", wanted.min(PAGE_MAX).to_string())];
        query.extend(found.next.take().map(|cursor| ("cursor", cursor.to_string())));
        let page: RejectedList = source.get(&["v1", "rejected"], &query).await?;
        found.rejected.extend(page.rejected);
        found.next = page.next;
        if found.next.is_none() {
            return Ok(found);
        }
    }
}

async fn show(global: &Global, source: &Source, number: i64) -> Outcome {
    let detail: RejectedDetail = source.get(&["v1", "rejected", &number.to_string()], &[]).await?;
    if global.json {
        return screen::json(&detail);
    }
    let rejected = &detail.rejected;
    let mut text = format!("rejected event {}  {}\n", rejected.number, rejected.code);
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("  {name:<9}{value}\n"));
        }
    };
    fact("received", Some(format!("{} via {}", screen::instant(rejected.received_at), rejected.via)));
    fact("reason", Some(rejected.reason.clone()));
    fact("file", rejected.file.clone());
    fact("record", rejected.record.map(|r| r.to_string()));
    fact("source", rejected.source.clone());
    fact("id", rejected.id.clone());
    fact("type", rejected.type_.clone());
    fact("replayed", rejected.replayed.map(|position| format!("it is position {position} of the log")));
    text.push_str(&format!("\n{}\n", detail.body));
    screen::print(&text)
}

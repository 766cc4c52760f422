//! `throughline runs`: runs, newest first.

use clap::Args;
use throughline_api::{RunList, RunView};

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;
use crate::source::Source;

/// Runs of one page of the API.
const PAGE_MAX: usize = 500;
/// Characters of the last column.
const REASON_CHARACTERS_MAX: usize = 90;

#[derive(Args)]
pub(crate) struct Arguments {
    /// pending, running, waiting, suspended, cancelled, faulted or completed
    #[arg(long)]
    status: Option<String>,
    /// Flow name
    #[arg(long)]
    flow: Option<String>,
    /// Business key; a contract's amendments are found with it
    #[arg(long)]
    key: Option<String>,
    /// A system the run has linked a record to
    #[arg(long)]
    system: Option<String>,
    /// Tenant
    #[arg(long)]
    tenant: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let source = Source::find(global).await?;
    let list = fetch(&source, &arguments).await?;
    if global.json {
        return screen::json(&list);
    }
    if list.runs.is_empty() {
        return screen::line("no runs");
    }
    let mut table = screen::table(["run", "flow", "key", "status", "created", "took", "why"]);
    for run in &list.runs {
        table.add_row([
            run.id.clone(),
            run.flow.clone(),
            run.key.clone().unwrap_or_else(|| "-".to_owned()),
            run.status.clone(),
            screen::instant(run.created_at),
            run.duration_ms.map_or_else(|| "-".to_owned(), screen::duration),
            screen::short(&why(run), REASON_CHARACTERS_MAX),
        ]);
    }
    let mut text = screen::text_of(&table);
    if list.next.is_some() {
        text.push_str(&format!("the newest {} are shown; --limit shows more\n", list.runs.len()));
    }
    screen::print(&text)
}

async fn fetch(source: &Source, arguments: &Arguments) -> Result<RunList, crate::failure::Failure> {
    let mut found = RunList { runs: Vec::new(), next: None };
    loop {
        let wanted = arguments.limit.saturating_sub(found.runs.len());
        if wanted == 0 {
            return Ok(found);
        }
        let mut query = vec![("limit", wanted.min(PAGE_MAX).to_string())];
        let filters = [
            ("status", &arguments.status),
            ("flow", &arguments.flow),
            ("key", &arguments.key),
            ("system", &arguments.system),
            ("tenant", &arguments.tenant),
            ("cursor", &found.next),
        ];
        query.extend(filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        let page: RunList = source.get(&["v1", "runs"], &query).await?;
        found.runs.extend(page.runs);
        found.next = page.next;
        if found.next.is_none() {
            return Ok(found);
        }
    }
}

/// Why a run stands as it stands.
pub(crate) fn why(run: &RunView) -> String {
    if let Some(error) = &run.error {
        let said = if error.detail.is_empty() { &error.title } else { &error.detail };
        return format!("{} {said}", error.status);
    }
    if let Some(before) = &run.blocked_by {
        return format!("waits for the end of run {before}, which has the same key");
    }
    let Some(waiting) = &run.waiting else { return String::new() };
    let since = screen::instant(waiting.since);
    match &waiting.reason {
        Some(reason) => format!("{reason} (waits for {} since {since})", waiting.for_),
        None => format!("waits for {} since {since}", waiting.for_),
    }
}

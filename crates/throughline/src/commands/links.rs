//! `throughline links`.

use clap::Args;
use throughline_api::LinkList;

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;
use crate::source::Source;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Kind of record
    #[arg(long)]
    noun: Option<String>,
    /// Our id
    #[arg(long)]
    id: Option<String>,
    /// System
    #[arg(long)]
    system: Option<String>,
    /// The system's id
    #[arg(long)]
    system_id: Option<String>,
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let Arguments { noun, id, system, system_id, limit } = arguments;
    let mut query = vec![("limit", limit.to_string())];
    let filters = [("noun", noun), ("id", id), ("system", system), ("systemId", system_id)];
    query.extend(filters.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let list: LinkList = Source::find(global).await?.get(&["v1", "links"], &query).await?;
    if global.json {
        return screen::json(&list);
    }
    if list.links.is_empty() {
        return screen::line("no links");
    }
    let mut table = screen::table(["kind", "id", "system", "system id", "version", "confirmed", "url"]);
    for link in &list.links {
        table.add_row([
            link.noun.clone(),
            link.id.clone(),
            link.system.clone(),
            link.system_id.clone(),
            link.version.map_or_else(|| "-".to_owned(), |v| v.to_string()),
            screen::instant(link.confirmed_at),
            link.url.clone().unwrap_or_default(),
        ]);
    }
    let mut text = screen::text_of(&table);
    if list.truncated {
        text.push_str("there are more; narrow the question or raise --limit\n");
    }
    screen::print(&text)
}

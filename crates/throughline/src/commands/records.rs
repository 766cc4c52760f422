//! `throughline records`: canonical records and their versions.

use clap::Subcommand;
use serde_json::Value;
use throughline_api::{Counts, RecordHistory, RecordList, RecordView};

use crate::arguments::Global;
use crate::failure::{Failure, Outcome};
use crate::screen;
use crate::source::Source;

/// Records of one page of the API.
const PAGE_MAX: usize = 500;
/// Characters of a record's title.
const TITLE_CHARACTERS_MAX: usize = 60;

#[derive(Subcommand)]
pub(crate) enum Arguments {
    /// List records of a kind; without one, the kinds
    List {
        /// Kind of record, such as customer
        noun: Option<String>,
        /// Tenant
        #[arg(long)]
        tenant: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a record
    Show {
        /// Kind of record
        noun: String,
        /// Id of the record
        id: String,
        /// Tenant
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Show every version of a record, and what each changed
    History {
        /// Kind of record
        noun: String,
        /// Id of the record
        id: String,
        /// Tenant
        #[arg(long)]
        tenant: Option<String>,
    },
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Outcome {
    let source = Source::find(global).await?;
    match arguments {
        Arguments::List { noun: None, .. } => kinds(global, &source).await,
        Arguments::List { noun: Some(noun), tenant, limit } => {
            list(global, &source, &noun, tenant, limit).await
        }
        Arguments::Show { noun, id, tenant } => show(global, &source, &noun, &id, tenant).await,
        Arguments::History { noun, id, tenant } => history(global, &source, &noun, &id, tenant).await,
    }
}

fn of_tenant(tenant: Option<String>) -> Vec<(&'static str, String)> {
    tenant.map(|t| ("tenant", t)).into_iter().collect()
}

async fn kinds(global: &Global, source: &Source) -> Outcome {
    let counts: Counts = source.get(&["v1", "counts"], &[]).await?;
    if global.json {
        return screen::json(&counts.records);
    }
    let mut table = screen::table(["kind", "records"]);
    for count in counts.records {
        table.add_row([count.noun, count.records.to_string()]);
    }
    screen::print(&screen::text_of(&table))
}

async fn list(global: &Global, source: &Source, noun: &str, tenant: Option<String>, limit: usize) -> Outcome {
    let found = fetch(source, noun, tenant, limit).await?;
    if global.json {
        return screen::json(&found);
    }
    if found.records.is_empty() {
        return screen::line(&format!("no {noun} records"));
    }
    let mut table = screen::table([noun, "version", "updated", "what"]);
    for record in &found.records {
        let title = screen::short(&title(&record.body), TITLE_CHARACTERS_MAX);
        table.add_row([
            record.id.clone(),
            record.version.to_string(),
            screen::instant(record.updated_at),
            title,
        ]);
    }
    let mut text = screen::text_of(&table);
    if found.next.is_some() {
        text.push_str(&format!("the first {} are shown; --limit shows more\n", found.records.len()));
    }
    screen::print(&text)
}

async fn fetch(
    source: &Source,
    noun: &str,
    tenant: Option<String>,
    limit: usize,
) -> Result<RecordList, Failure> {
    let mut found = RecordList { records: Vec::new(), next: None };
    loop {
        let wanted = limit.saturating_sub(found.records.len());
        if wanted == 0 {
            return Ok(found);
        }
        let mut query = of_tenant(tenant.clone());
        query.push(("limit", wanted.min(PAGE_MAX).to_string()));
        query.extend(found.next.take().map(|cursor| ("cursor", cursor)));
        let page: RecordList = source.get(&["v1", "records", noun], &query).await?;
        found.records.extend(page.records);
        found.next = page.next;
        if found.next.is_none() {
            return Ok(found);
        }
    }
}

/// What a record is called, whatever its kind.
fn title(body: &Value) -> String {
    ["title", "name", "legalName", "number", "description"]
        .iter()
        .chain(&["terms"])
        .find_map(|field| match body.get(field) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(terms @ Value::Object(_)) => terms.get("title")?.as_str().map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default()
}

async fn show(global: &Global, source: &Source, noun: &str, id: &str, tenant: Option<String>) -> Outcome {
    let record: RecordView = source.get(&["v1", "records", noun, id], &of_tenant(tenant)).await?;
    if global.json {
        return screen::json(&record);
    }
    let head = format!(
        "{} {}  version {}\n  updated  {} by run {}\n  hash     {}\n",
        record.noun,
        record.id,
        record.version,
        screen::instant(record.updated_at),
        record.run,
        record.hash
    );
    screen::print(&head)?;
    screen::json(&record.body)
}

async fn history(global: &Global, source: &Source, noun: &str, id: &str, tenant: Option<String>) -> Outcome {
    let history: RecordHistory =
        source.get(&["v1", "records", noun, id, "history"], &of_tenant(tenant)).await?;
    if global.json {
        return screen::json(&history);
    }
    let mut table = screen::table(["version", "written", "by run", "changed"]);
    let mut before: Option<&RecordView> = None;
    for version in &history.versions {
        let changed = before.map_or_else(|| "(first)".to_owned(), |b| changes(&b.body, &version.body));
        let number = version.version.to_string();
        table.add_row([number, screen::instant(version.updated_at), version.run.clone(), changed]);
        before = Some(version);
    }
    screen::print(&screen::text_of(&table))
}

/// The fields in which two versions differ.
fn changes(before: &Value, after: &Value) -> String {
    let mut paths = Vec::new();
    differ(before, after, "", &mut paths);
    paths.join(", ")
}

fn differ(before: &Value, after: &Value, path: &str, paths: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            let mut names: Vec<&String> = b.keys().chain(a.keys().filter(|k| !b.contains_key(*k))).collect();
            names.sort();
            for name in names {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let null = Value::Null;
                differ(b.get(name).unwrap_or(&null), a.get(name).unwrap_or(&null), &below, paths);
            }
        }
        (b, a) if b != a => paths.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_name_the_innermost_fields() {
        let before = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        let after = json!({"a": 1, "b": {"c": 4, "f": 5}, "e": [1, 2]});
        assert_eq!(changes(&before, &after), "b.c, b.d, b.f, e");
        assert_eq!(changes(&before, &before), "");
    }

    #[test]
    fn a_record_is_called_by_what_it_has() {
        assert_eq!(title(&json!({"legalName": "Acme"})), "Acme");
        assert_eq!(title(&json!({"number": "C-1", "title": "Work"})), "Work");
        assert_eq!(title(&json!({"terms": {"title": "Audit"}})), "Audit");
        assert_eq!(title(&json!({"amount": 3})), "");
    }
}

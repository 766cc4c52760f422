//! `/query`: the first page, the pages after it.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use super::soql;
use crate::exchange::{Request, Response};
use crate::world::World;

const PAGE_RECORDS: usize = 2_000;
const PAGE_RECORDS_MIN: usize = 200;
const CURSORS: &str = "_cursors";
/// A user's open cursors; the oldest is closed when one more is opened.
const CURSORS_MAX: usize = 10;

/// `GET /query?q=`.
pub(super) fn first(world: &mut World, request: &Request, version: &str) -> Result<Response, Problem> {
    let text = request
        .parameter("q")
        .ok_or_else(|| Problem::bad("MALFORMED_QUERY", "A query string has to be specified"))?;
    let query = soql::parse(&text, world.now())?;
    let ids = soql::matches(world, &query, &text)?;
    if query.counts() {
        let body = json!({"totalSize": ids.len(), "done": true, "records": []});
        return Ok(Response::json(StatusCode::OK, &body));
    }
    page(world, version, &text, ids, 0, batch(request), None)
}

/// `GET /query/{cursor}-{from}`.
pub(super) fn next(world: &mut World, version: &str, locator: &str) -> Result<Response, Problem> {
    let invalid = || Problem::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
    let (cursor, from) = locator.split_once('-').ok_or_else(invalid)?;
    let kept = world.get(CURSORS, cursor).cloned().ok_or_else(invalid)?;
    let from = from.parse().map_err(|_| invalid())?;
    let text = kept["query"].as_str().unwrap_or_default().to_owned();
    let ids = kept["ids"].as_array().into_iter().flatten();
    let ids = ids.filter_map(Value::as_str).map(str::to_owned).collect();
    let size = kept["size"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(PAGE_RECORDS);
    page(world, version, &text, ids, from, size, Some(cursor))
}

/// `Sforce-Query-Options: batchSize=n`, between 200 and 2,000.
fn batch(request: &Request) -> usize {
    let asked = request.header("sforce-query-options").and_then(|options| options.split_once("batchSize="));
    let asked = asked.and_then(|(_, size)| size.trim().parse().ok()).unwrap_or(PAGE_RECORDS);
    asked.clamp(PAGE_RECORDS_MIN, PAGE_RECORDS)
}

fn page(
    world: &mut World,
    version: &str,
    text: &str,
    ids: Vec<String>,
    from: usize,
    size: usize,
    cursor: Option<&str>,
) -> Result<Response, Problem> {
    let query = soql::parse(text, world.now())?;
    let (total, until) = (ids.len(), (from + size).min(ids.len()));
    let shown = ids.get(from..until).unwrap_or_default();
    let records: Vec<Value> =
        shown.iter().filter_map(|id| soql::project(world, &query, version, id)).collect();
    let mut body = json!({"totalSize": total, "done": until >= total, "records": records});
    if until < total {
        let cursor = cursor.map_or_else(|| open(world, text, ids, size), str::to_owned);
        body["nextRecordsUrl"] = json!(format!("/services/data/{version}/query/{cursor}-{until}"));
    } else if let Some(cursor) = cursor {
        world.remove(CURSORS, cursor);
    }
    Ok(Response::json(StatusCode::OK, &body))
}

fn open(world: &mut World, text: &str, ids: Vec<String>, size: usize) -> String {
    let oldest = world.all(CURSORS).next().map(|(id, _)| id.to_owned());
    if let Some(oldest) = oldest.filter(|_| world.len(CURSORS) >= CURSORS_MAX) {
        world.remove(CURSORS, &oldest);
    }
    let number = world.next("_cursor");
    let cursor = super::identity::record_id("01g", number);
    world.put(CURSORS, &cursor, json!({"query": text, "ids": ids, "size": size}));
    cursor
}

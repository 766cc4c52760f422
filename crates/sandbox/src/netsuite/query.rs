//! `POST /services/rest/query/v1/suiteql`.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::listing::{self, Page};
use super::problem::Problem;
use super::schema::{RecordType, SYSTEM_FIELDS, TYPES};
use super::suiteql;
use crate::exchange::{Request, Response};
use crate::world::World;

/// Answers a query.
pub(super) fn serve(world: &World, request: &Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "INVALID_METHOD", "Use POST."));
    }
    if !request.header("prefer").is_some_and(|value| value.contains("transient")) {
        return Err(Problem::header(
            "Prefer",
            "Missing or invalid Prefer header. The required value is 'transient'.",
        ));
    }
    let page = Page::of(request)?;
    let body = request.json().unwrap_or_default();
    let Some(text) = body["q"].as_str() else {
        return Err(
            Problem::new(StatusCode::BAD_REQUEST, "INVALID_CONTENT", "The property q is required.").at("q")
        );
    };
    let invalid = |detail: String| {
        Problem::parameter(
            "q",
            format!("Invalid search query. Detailed unprocessed description follows. {detail}"),
        )
    };
    let query = suiteql::parse(text).map_err(|error| invalid(format!("Search error occurred: {error}.")))?;
    let kinds = tables(&query.table);
    if kinds.is_empty() {
        return Err(invalid(format!("Search error occurred: Record '{}' was not found.", query.table)));
    }
    if let Some(name) = query.fields().into_iter().find(|name| !is_column(&kinds, name)) {
        return Err(invalid(format!(
            "Search error occurred: Field '{name}' for record '{}' was not found. Reason: UNKNOWN - Field is unknown.",
            query.table
        )));
    }
    let rows =
        kinds.iter().flat_map(|kind| world.all(kind.name).map(|(_, record)| row(kind, record))).collect();
    let items = query
        .run(rows)
        .into_iter()
        .map(|mut line| {
            line.shift_insert(0, "links".to_owned(), json!([]));
            Value::Object(line)
        })
        .collect();
    Ok(listing::collection(&page.envelope(request, items)))
}

/// The record types behind a table's name.
fn tables(name: &str) -> Vec<&'static RecordType> {
    let is_meant = |kind: &&RecordType| match name {
        "transaction" => kind.is_transaction(),
        name => !kind.is_transaction() && kind.name.eq_ignore_ascii_case(name),
    };
    TYPES.iter().filter(is_meant).collect()
}

fn is_column(kinds: &[&RecordType], name: &str) -> bool {
    name.starts_with("cust")
        || (name == "type" && kinds[0].is_transaction())
        || kinds.iter().any(|kind| kind.field(name).is_some())
}

/// A record as a table's row: every field in lower case, lists left out.
fn row(kind: &RecordType, record: &Value) -> Map<String, Value> {
    let fields = kind.fields.iter().chain(SYSTEM_FIELDS);
    let mut row: Map<String, Value> = fields
        .filter_map(|field| Some((field.name.to_lowercase(), listing::plain(kind, record, field.name)?)))
        .collect();
    match kind.name {
        "invoice" => row.insert("type".to_owned(), "CustInvc".into()),
        "salesOrder" => row.insert("type".to_owned(), "SalesOrd".into()),
        _ => None,
    };
    row.extend(
        record
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| super::schema::is_custom(name))
            .map(|(name, value)| (name.to_lowercase(), value.clone())),
    );
    row
}

//! Lists of records and the pages of every collection.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use super::schema::{RecordType, is_custom};
use super::{filter, view};
use crate::condition::Condition;
use crate::exchange::{Request, Response};
use crate::world::World;

const LIMIT_MAX: usize = 1_000;

/// Which part of a collection is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    /// Reads `limit` and `offset`.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let number = |name: &str, otherwise: usize| match request.parameter(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| {
                Problem::parameter(name, format!("Invalid value '{text}' for the parameter {name}."))
            }),
        };
        let page = Self { limit: number("limit", LIMIT_MAX)?, offset: number("offset", 0)? };
        if page.limit == 0 || page.limit > LIMIT_MAX {
            return Err(Problem::parameter("limit", format!("The limit must be between 1 and {LIMIT_MAX}.")));
        }
        if !page.offset.is_multiple_of(page.limit) {
            return Err(Problem::parameter("offset", "The offset must be a multiple of the limit."));
        }
        Ok(page)
    }

    /// The envelope of a page of `items`, which are all there are.
    pub(super) fn envelope(self, request: &Request, items: Vec<Value>) -> Value {
        let total = items.len();
        let shown: Vec<Value> = items.into_iter().skip(self.offset).take(self.limit).collect();
        let has_more = self.offset + shown.len() < total;
        let link = |rel: &str, offset: usize| json!({"rel": rel, "href": self.address(request, offset)});
        let last = total.saturating_sub(1) / self.limit * self.limit;
        let mut links = Vec::new();
        if self.offset > 0 {
            links.push(link("first", 0));
            links.push(link("previous", self.offset - self.limit));
        }
        if has_more {
            links.push(link("next", self.offset + self.limit));
            links.push(link("last", last));
        }
        links.push(link("self", self.offset));
        json!({
            "links": links, "count": shown.len(), "hasMore": has_more, "offset": self.offset, "totalResults": total,
            "items": shown,
        })
    }

    fn address(self, request: &Request, offset: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in request.pairs().iter().filter(|(name, _)| name != "limit" && name != "offset") {
            query.append_pair(name, value);
        }
        query.append_pair("limit", &self.limit.to_string()).append_pair("offset", &offset.to_string());
        format!("{}{}?{}", request.base_url, request.path, query.finish())
    }
}

/// A collection's answer.
pub(super) fn collection(body: &Value) -> Response {
    Response::bytes(
        StatusCode::OK,
        "application/vnd.oracle.resource+json; type=collection; charset=UTF-8",
        body.to_string(),
    )
}

/// The records of a type: ids and links alone, as the service answers.
pub(super) fn list(world: &World, request: &Request, kind: &RecordType) -> Result<Response, Problem> {
    let page = Page::of(request)?;
    let condition = condition(request, kind)?;
    let items = world
        .all(kind.name)
        .filter(|(_, record)| condition.holds(&|name| plain(kind, record, name)))
        .map(|(id, _)| {
            json!({"links": view::self_link(&view::address(&request.base_url, kind.name, id)), "id": id})
        })
        .collect();
    Ok(collection(&page.envelope(request, items)))
}

fn condition(request: &Request, kind: &RecordType) -> Result<Condition, Problem> {
    let Some(text) = request.parameter("q") else { return Ok(Condition::All(Vec::new())) };
    let invalid = |detail: String| {
        Problem::parameter(
            "q",
            format!("Invalid search query. Detailed unprocessed description follows. {detail}"),
        )
    };
    let condition = filter::parse(&text).map_err(invalid)?;
    match condition.fields().iter().find(|name| kind.field(name).is_none() && !is_custom(name)) {
        Some(unknown) => Err(invalid(format!("Field '{unknown}' for record '{}' was not found.", kind.name))),
        None => Ok(condition),
    }
}

/// A field as queries compare it: references and choices by their id.
pub(super) fn plain(kind: &RecordType, record: &Value, name: &str) -> Option<Value> {
    let name = kind.field(name).map_or(name, |field| field.name);
    let value = record.get(name)?;
    if value.is_object() { value.get("id").cloned() } else { Some(value.clone()) }
}

//! Reading a collection: `$filter`, `$orderby`, `$skip`, `$top`, `$select`, `$expand`, `$count` and the pages of the answer.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::entity::{self, COMPANY};
use super::filter;
use super::pages::{Api, Page};
use super::problem::Problem;
use crate::condition::{Condition, Test, order};
use crate::exchange::{Request, Response};
use crate::world::World;

/// The most that one answer holds.
const PAGE_SIZE_MAX: usize = 20_000;

/// What a caller wants to see of a collection.
#[derive(Debug)]
struct Options {
    condition: Condition,
    sorting: Vec<(String, bool)>,
    skip: usize,
    top: Option<usize>,
    select: Option<Vec<String>>,
    expand: Vec<String>,
    count: bool,
    page_size: usize,
}

impl Options {
    fn of(request: &Request, page: &Page) -> Result<Self, Problem> {
        let text = |name: &str| request.parameter(name);
        let number = |name: &str| match text(name) {
            None => Ok(None),
            Some(value) => value
                .parse::<usize>()
                .map(Some)
                .map_err(|_| Problem::bad(format!("Invalid value '{value}' for {name} query option found."))),
        };
        let condition = match text("$filter") {
            None => Condition::All(Vec::new()),
            Some(filter) => filter::parse(&filter).map_err(Problem::bad)?,
        };
        if let Some(unknown) = condition.fields().into_iter().find(|name| page.field(name).is_none()) {
            let message = format!(
                "Could not find a property named '{unknown}' on type 'Microsoft.NAV.{}'.",
                page.set.trim_end_matches('s')
            );
            return Err(Problem::bad(message));
        }
        let names =
            |name: &str| text(name).map(|list| list.split(',').map(|one| one.trim().to_owned()).collect());
        let preferred = request.header("prefer").and_then(|prefer| prefer.split("odata.maxpagesize=").nth(1));
        let preferred =
            preferred.and_then(|size| size.split([',', ';']).next()?.trim().parse::<usize>().ok());
        let skip = number("$skip")?.unwrap_or(0) + number("$skiptoken")?.unwrap_or(0);
        Ok(Self {
            condition,
            sorting: text("$orderby").map_or_else(Vec::new, |list| list.split(',').map(sorting).collect()),
            skip,
            top: number("$top")?,
            select: names("$select"),
            expand: names("$expand").unwrap_or_default(),
            count: text("$count").as_deref() == Some("true"),
            page_size: preferred.filter(|size| *size > 0).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX),
        })
    }
}

fn sorting(part: &str) -> (String, bool) {
    let mut words = part.split_whitespace();
    let name = words.next().unwrap_or_default().to_owned();
    (name, words.next() == Some("desc"))
}

/// Answers a GET on a collection; `within` narrows it, as lines to their invoice.
pub(super) fn list(
    world: &World,
    request: &Request,
    page: &Page,
    company: &str,
    within: Option<(&str, &str)>,
) -> Result<Response, Problem> {
    let options = Options::of(request, page)?;
    let mut found: Vec<&Value> = candidates(world, page, company, &options.condition)
        .into_iter()
        .filter(|entity| entity[COMPANY] == company)
        .filter(|entity| within.is_none_or(|(field, value)| entity[field] == value))
        .filter(|entity| options.condition.holds(&|name| entity.get(name).cloned()))
        .collect();
    for (name, downwards) in options.sorting.iter().rev() {
        found.sort_by(|left, right| {
            let order = order(&left[name], &right[name]);
            if *downwards { order.reverse() } else { order }
        });
    }
    let total = found.len();
    let left = found.len().saturating_sub(options.skip).min(options.top.unwrap_or(usize::MAX));
    let shown = left.min(options.page_size);
    let value: Vec<Value> = found
        .into_iter()
        .skip(options.skip)
        .take(shown)
        .map(|entity| Value::Object(expanded(world, page, entity, &options)))
        .collect();
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(request, page, company, "").into());
    if options.count {
        body.insert("@odata.count".to_owned(), total.into());
    }
    body.insert("value".to_owned(), value.into());
    if shown < left {
        body.insert("@odata.nextLink".to_owned(), next_link(request, &options, shown).into());
    }
    Ok(odata(StatusCode::OK, &Value::Object(body)))
}

/// The entities to look at: those of one key where the filter names it, else all.
fn candidates<'a>(world: &'a World, page: &Page, company: &str, condition: &Condition) -> Vec<&'a Value> {
    let parts = match condition {
        Condition::All(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let named = |wanted: &str| {
        parts.iter().find_map(|part| match part {
            Condition::Field(name, Test::Equal(value)) if name == wanted => Some(value.clone()),
            _ => None,
        })
    };
    let mut probe = json!({COMPANY: company});
    for (name, _) in page.key {
        match named(name) {
            Some(value) => {
                probe[*name] =
                    value.as_str().map_or_else(|| value.clone(), |code| entity::as_code(code).into())
            }
            None => return world.all(page.set).map(|(_, entity)| entity).collect(),
        }
    }
    entity::holder(world, page, &probe).and_then(|id| world.get(page.set, &id)).into_iter().collect()
}

/// Where the next page begins: the same address with the skip token moved on.
fn next_link(request: &Request, options: &Options, shown: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.pairs() {
        match name.as_str() {
            "$skip" | "$skiptoken" => {}
            "$top" => {
                query.append_pair("$top", &options.top.unwrap_or(0).saturating_sub(shown).to_string());
            }
            _ => {
                query.append_pair(&name, &value);
            }
        }
    }
    query.append_pair("$skiptoken", &(options.skip + shown).to_string());
    format!("{}{}?{}", request.base_url, request.path, query.finish())
}

fn expanded(world: &World, page: &Page, entity: &Value, options: &Options) -> Map<String, Value> {
    let mut shown = entity::show(page, entity, options.select.as_deref());
    expand(world, page, entity, &options.expand, &mut shown);
    shown
}

fn expand(world: &World, page: &Page, entity: &Value, names: &[String], shown: &mut Map<String, Value>) {
    for name in names {
        match (page.set, name.as_str()) {
            ("salesInvoices", "salesInvoiceLines") => {
                let Some(lines) = Page::named(Api::Standard, "salesInvoiceLines") else { continue };
                let of_invoice: Vec<Value> = world
                    .all(lines.set)
                    .filter(|(_, line)| line["documentId"] == entity["id"])
                    .map(|(_, line)| Value::Object(entity::show(lines, line, None)))
                    .collect();
                shown.insert(name.clone(), of_invoice.into());
            }
            ("salesInvoices", "customer") => {
                let id = entity["customerId"].as_str().unwrap_or_default();
                let (Some(customers), Some(customer)) =
                    (Page::named(Api::Standard, "customers"), world.get("customers", id))
                else {
                    continue;
                };
                shown.insert(name.clone(), Value::Object(entity::show(customers, customer, None)));
            }
            _ => {}
        }
    }
}

/// Answers with one entity.
pub(super) fn single(
    world: &World,
    request: &Request,
    page: &Page,
    company: &str,
    status: StatusCode,
    entity: &Value,
) -> Response {
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(request, page, company, "/$entity").into());
    let split = |name: &str| {
        request.parameter(name).map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    body.extend(entity::show(page, entity, split("$select").as_deref()));
    expand(world, page, entity, &split("$expand").unwrap_or_default(), &mut body);
    odata(status, &Value::Object(body))
}

fn context(request: &Request, page: &Page, company: &str, suffix: &str) -> String {
    let service = request.path.split("/companies(").next().unwrap_or(&request.path);
    format!("{}{service}/$metadata#companies({company})/{}{suffix}", request.base_url, page.set)
}

/// An OData body.
pub(super) fn odata(status: StatusCode, body: &Value) -> Response {
    let content_type = "application/json; odata.metadata=minimal; odata.streaming=true";
    Response::bytes(status, content_type, body.to_string()).with("odata-version", "4.0")
}

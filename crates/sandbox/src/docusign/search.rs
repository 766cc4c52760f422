//! `GET /envelopes`: by transaction, by id, by custom field, by status and date.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::envelopes::{ENVELOPES, field};
use super::problem::Problem;
use super::{ACCOUNT_ID, render};
use crate::exchange::Request;
use crate::world::World;

const PAGE_MAX: usize = 1_000;
/// A transaction id is forgotten after seven days.
const TRANSACTION_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

struct Filter {
    transactions: Vec<String>,
    ids: Vec<String>,
    statuses: Vec<String>,
    field: Option<(String, String)>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// A page of the envelopes that match.
pub(super) fn list(world: &World, request: &Request) -> Result<Value, Problem> {
    let filter = filter(request)?;
    let matching: Vec<&Value> =
        candidates(world, &filter).filter(|envelope| fits(world, &filter, envelope)).collect();
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("start_position").unwrap_or(0).min(matching.len());
    let count = number("count").unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let end = (start + count).min(matching.len());
    let include = request.parameter("include").unwrap_or_default();
    let page: Vec<Value> = matching[start..end].iter().map(|one| render::envelope(one, &include)).collect();
    let mut body = json!({
        "resultSetSize": page.len().to_string(), "startPosition": start.to_string(),
        "endPosition": end.saturating_sub(1).to_string(), "totalSetSize": matching.len().to_string(),
        "nextUri": if end < matching.len() { next(request, end) } else { String::new() }, "previousUri": "",
    });
    if !page.is_empty() {
        body["envelopes"] = json!(page);
    }
    if !filter.transactions.is_empty() {
        let statuses = matching.iter().map(|one| {
            json!({"envelopeId": one["envelopeId"], "status": one["status"], "transactionId": one["transactionId"]})
        });
        body["envelopeTransactionStatuses"] = statuses.collect();
    }
    Ok(body)
}

/// The uri of the next page, relative to the account as the vendor writes it.
fn next(request: &Request, start: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.pairs().iter().filter(|(name, _)| name != "start_position") {
        query.append_pair(name, value);
    }
    query.append_pair("start_position", &start.to_string());
    format!("/restapi/v2.1/accounts/{ACCOUNT_ID}/envelopes?{}", query.finish())
}

fn filter(request: &Request) -> Result<Filter, Problem> {
    let list = |name: &str| -> Vec<String> {
        let value = request.parameter(name).unwrap_or_default();
        value.split(',').map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty()).collect()
    };
    let moment = |name: &str| match request.parameter(name) {
        None => Ok(None),
        Some(text) => instant(&text).map(Some).ok_or_else(|| {
            Problem::parameter(&format!("Query parameter '{name}' must be set to a valid DateTime."))
        }),
    };
    let (transactions, ids, from) = (list("transaction_ids"), list("envelope_ids"), moment("from_date")?);
    if transactions.is_empty() && ids.is_empty() && from.is_none() {
        return Err(Problem::parameter(
            "Query parameter 'from_date' must be set to a valid DateTime, or 'envelope_ids' or 'transaction_ids' must be \
             specified.",
        ));
    }
    let field = request.parameter("custom_field");
    let field =
        field.and_then(|text| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
    let statuses = list("status").into_iter().filter(|status| status != "any").collect();
    Ok(Filter { transactions, ids, statuses, field, from, to: moment("to_date")? })
}

/// An instant, or the beginning of a day; a month and day without a leading zero are read too.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let date: jiff::civil::Date = text.replace('/', "-").get(..10)?.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|start| start.timestamp())
    })
}

fn candidates<'w>(world: &'w World, filter: &'w Filter) -> Box<dyn Iterator<Item = &'w Value> + 'w> {
    if filter.transactions.is_empty() {
        return Box::new(world.all(ENVELOPES).map(|(_, envelope)| envelope));
    }
    // The key of an envelope is its transaction id as it was sent, the filter has it in lower case.
    Box::new(world.all(ENVELOPES).map(|(_, envelope)| envelope).filter(|envelope| {
        envelope["transactionId"]
            .as_str()
            .is_some_and(|held| filter.transactions.iter().any(|wanted| held.eq_ignore_ascii_case(wanted)))
    }))
}

fn fits(world: &World, filter: &Filter, envelope: &Value) -> bool {
    let at = |name: &str| envelope[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let text = |name: &str| envelope[name].as_str().unwrap_or_default();
    if !filter.transactions.is_empty() {
        return at("createdDateTime").is_some_and(|made| world.now().duration_since(made) < TRANSACTION_KEPT);
    }
    if !filter.ids.is_empty() && !filter.ids.iter().any(|id| id == text("envelopeId")) {
        return false;
    }
    if !filter.statuses.is_empty() && !filter.statuses.iter().any(|status| status == text("status")) {
        return false;
    }
    if let Some((name, value)) = &filter.field
        && field(envelope, name) != Some(value)
    {
        return false;
    }
    let changed = at("statusChangedDateTime");
    filter.from.is_none_or(|from| changed.is_some_and(|changed| changed >= from))
        && filter.to.is_none_or(|to| changed.is_some_and(|changed| changed <= to))
}

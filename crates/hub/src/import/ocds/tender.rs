//! Planning, tender and award, as an opportunity.
//!
//! It is never called won here: whether it was, the contract says, and a won opportunity would have a contract drafted.

use throughline_model::{Event, Opportunity, Problem, StageClass};

use super::{Release, SOURCE, milestone, party};
use crate::import::event;
use crate::import::facts::At;

/// Statuses after which nothing comes of a tender or an award.
const LOST: [&str; 4] = ["cancelled", "unsuccessful", "withdrawn", "canceled"];

pub(super) fn says(release: &Release<'_>) -> Option<Result<Event, Problem>> {
    let at = &release.at;
    let first_award = || at.get("awards").each().next();
    let award = if release.tags.iter().any(|t| t.starts_with("award")) { first_award() } else { None };
    let tender = at.get("tender");
    let planning = release.tags.iter().any(|t| t.starts_with("planning"));
    if award.is_none() && !tender.is_there() && !planning {
        return None;
    }
    Some(
        opportunity(release, award.as_ref(), &tender)
            .map(|o| event::opportunity(SOURCE, &release.id, release.time, &o)),
    )
}

fn opportunity(
    release: &Release<'_>,
    award: Option<&At<'_>>,
    tender: &At<'_>,
) -> Result<Opportunity, Problem> {
    let budget = release.at.get("planning").get("budget");
    let about = award.unwrap_or(tender);
    let names = [
        about.get("title"),
        tender.get("title"),
        about.get("description"),
        budget.get("project"),
        budget.get("description"),
    ];
    let values = [about.get("value"), tender.get("value"), tender.get("minValue"), budget.get("amount")];
    let value = values.into_iter().find(|v| v.get("amount").is_there());
    let (amount, currency) = match value {
        Some(value) => (value.get("amount").worth()?, value.get("currency").currency()?),
        None => (None, None),
    };
    let period = about.get("contractPeriod");
    let status = about.get("status").text();
    let over = release.is("tenderCancellation") || release.is("awardCancellation");
    let lost = over || status.as_deref().is_some_and(|s| LOST.contains(&s.to_ascii_lowercase().as_str()));
    let kind = match award {
        Some(_) => "award",
        None if tender.is_there() => "tender",
        None => "planning",
    };
    Ok(Opportunity {
        id: release.ocid.clone(),
        source: SOURCE.to_owned(),
        name: names.iter().find_map(At::text).unwrap_or_else(|| release.ocid.clone()),
        stage: status.map_or_else(|| kind.to_owned(), |status| format!("{kind} {status}")),
        stage_class: if lost { StageClass::Lost } else { StageClass::Open },
        account: party::customer(release).unwrap_or_default(),
        region: None,
        legal_entity: None,
        service_line: None,
        currency,
        amount,
        close_date: match award {
            Some(award) => award.get("date").day()?,
            None => tender.get("tenderPeriod").get("endDate").day()?,
        },
        start: period.get("startDate").day()?,
        end: period.get("endDate").day()?,
        payment_terms_days: None,
        purchase_order: None,
        billing: Vec::new(),
        milestones: milestone::all([tender.get("milestones")])?,
    })
}

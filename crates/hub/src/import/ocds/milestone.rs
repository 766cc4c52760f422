//! Milestones, and the instalments their amounts make.

use std::collections::BTreeSet;

use throughline_model::{
    Amount, BillingArrangement, Day, FixedFee, Installment, Milestone, Problem, Trigger,
};

use crate::import::facts::At;

/// The milestones of a contract or a tender. An id that is missing or not its own is made from the milestone's place.
pub(super) fn all<'v>(places: impl IntoIterator<Item = At<'v>>) -> Result<Vec<Milestone>, Problem> {
    let mut seen = BTreeSet::new();
    let stated = places.into_iter().flat_map(|place| place.each().collect::<Vec<_>>());
    stated
        .enumerate()
        .map(|(i, m)| {
            let id = m
                .get("id")
                .text()
                .filter(|id| seen.insert(id.clone()))
                .unwrap_or_else(|| format!("milestone-{}", i + 1));
            let title = m.get("title").text().or_else(|| m.get("description").text());
            Ok(Milestone {
                title: title.unwrap_or_else(|| id.clone()),
                id,
                due: m.get("dueDate").day()?,
                amount: m.get("value").get("amount").worth()?,
            })
        })
        .collect()
}

/// The fixed price of a contract in which some milestones are paid for and others are not: an instalment for each that is,
/// and one for the rest of the price at the end. In every other case value and milestones say it all.
pub(super) fn billing(
    title: &str,
    value: Option<Amount>,
    end: Option<Day>,
    milestones: &[Milestone],
) -> Vec<BillingArrangement> {
    let paid: Vec<&Milestone> = milestones.iter().filter(|m| m.amount.is_some()).collect();
    let Some(price) = value.filter(|_| !paid.is_empty() && paid.len() < milestones.len()) else {
        return Vec::new();
    };
    let Ok(sum) = Amount::sum(paid.iter().filter_map(|m| m.amount)) else { return Vec::new() };
    if sum > price {
        return Vec::new();
    }
    let mut installments: Vec<Installment> = paid
        .into_iter()
        .map(|m| Installment {
            description: m.title.clone(),
            date: m.due,
            share: None,
            amount: m.amount,
            milestone: Some(m.id.clone()),
        })
        .collect();
    if sum < price {
        let description = "Remainder".to_owned();
        installments.push(Installment { description, date: end, share: None, amount: None, milestone: None });
    }
    vec![BillingArrangement::FixedFee(FixedFee {
        id: "price".to_owned(),
        description: title.to_owned(),
        price,
        trigger: Trigger::Acceptance,
        installments,
    })]
}

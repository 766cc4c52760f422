//! B3: a fixed price in instalments that sum to it to the minor unit; the last takes the remainder.

use rust_decimal::Decimal;

use super::{Draft, Error, Ground, absurd, milestone_id};
use crate::decimal::NotADecimal;
use crate::money::RoundingPoint;
use crate::{
    Amount, ContractTerms, Day, FixedFee, Installment, LineKind, LineTrigger, Milestone, Quantity, Trigger,
};

pub(super) fn drafts(ground: &Ground<'_>, fee: &FixedFee) -> Result<Vec<Draft>, Error> {
    let terms = &ground.contract.terms;
    let parts = parts(terms, fee);
    let amounts = split(ground, fee, &parts)?;
    parts
        .iter()
        .zip(amounts)
        .enumerate()
        .map(|(i, (part, amount))| draft(ground, fee, i, part, amount))
        .collect()
}

/// The instalments; where none are stated, one for each milestone if acceptance is the trigger, else a single one.
fn parts(terms: &ContractTerms, fee: &FixedFee) -> Vec<Installment> {
    let of_milestone = |m: &Milestone| Installment {
        description: m.title.clone(),
        date: m.due,
        share: None,
        amount: m.amount,
        milestone: Some(m.id.clone()),
    };
    if !fee.installments.is_empty() {
        return fee.installments.clone();
    }
    if fee.trigger == Trigger::Acceptance && !terms.milestones.is_empty() && milestones_fit(terms, fee.price)
    {
        return terms.milestones.iter().map(of_milestone).collect();
    }
    let description = fee.description.clone();
    vec![Installment { description, date: None, share: None, amount: None, milestone: None }]
}

/// Whether the amounts of the milestones are a way to split the price: none is against it and they do not exceed it.
pub(super) fn milestones_fit(terms: &ContractTerms, price: Amount) -> bool {
    let amounts = || terms.milestones.iter().filter_map(|m| m.amount);
    let against = amounts()
        .any(|a| a.value().is_sign_negative() != price.value().is_sign_negative() && a != Amount::ZERO);
    !against && Amount::sum(amounts()).is_ok_and(|sum| sum.value().abs() <= price.value().abs())
}

fn split(ground: &Ground<'_>, fee: &FixedFee, parts: &[Installment]) -> Result<Vec<Amount>, Error> {
    let absurd = absurd(&fee.id);
    let overrun = || Error::Overrun { arrangement: fee.id.clone(), price: fee.price };
    let price = ground.currency.round(fee.price.value(), RoundingPoint::Price).map_err(&absurd)?.value();
    let (sign, price) =
        if price < Decimal::ZERO { (Decimal::NEGATIVE_ONE, -price) } else { (Decimal::ONE, price) };
    let stated =
        parts.iter().map(|part| stated(part, price, sign)).collect::<Result<Vec<_>, _>>().map_err(&absurd)?;
    let claimed: Decimal = stated.iter().flatten().sum();
    let slack = ground.currency.minor_unit();
    if claimed - price > slack || stated.iter().flatten().any(|a| *a < Decimal::ZERO) {
        return Err(overrun());
    }
    let open = Decimal::from(stated.iter().filter(|s| s.is_none()).count().max(1));
    let equal = (price - claimed).max(Decimal::ZERO) / open;
    let mut left = price;
    let mut amounts = Vec::with_capacity(parts.len());
    for (i, stated) in stated.iter().enumerate() {
        let exact = stated.unwrap_or(equal);
        let rounded = ground.currency.round(exact, RoundingPoint::Installment).map_err(&absurd)?.value();
        let amount = if i + 1 == parts.len() { left } else { rounded.min(left) };
        left -= amount;
        amounts.push(ground.currency.round(amount * sign, RoundingPoint::Installment).map_err(&absurd)?);
    }
    Ok(amounts)
}

/// What an instalment claims of a price without its sign; `None` when it leaves that to the others.
fn stated(part: &Installment, price: Decimal, sign: Decimal) -> Result<Option<Decimal>, NotADecimal> {
    let claim = match (part.amount, part.share) {
        (Some(amount), _) => Some(amount.value() * sign),
        (None, Some(share)) => {
            Some(price.checked_mul(share.value()).ok_or(NotADecimal::Range(Decimal::MAX))?)
        }
        (None, None) => None,
    };
    claim.map(|c| Amount::of(c).map(Amount::value)).transpose()
}

fn draft(
    ground: &Ground<'_>,
    fee: &FixedFee,
    i: usize,
    part: &Installment,
    amount: Amount,
) -> Result<Draft, Error> {
    let milestone = match &part.milestone {
        None => None,
        Some(id) => {
            Some(ground.contract.terms.milestones.iter().find(|m| m.id == *id).ok_or_else(|| {
                Error::UnknownMilestone { arrangement: fee.id.clone(), milestone: id.clone() }
            })?)
        }
    };
    let date: Day = part
        .date
        .or(milestone.and_then(|m| m.due))
        .unwrap_or(ground.term.stated_end.unwrap_or(ground.term.start));
    let trigger = match fee.trigger {
        Trigger::Date if milestone.is_none() => LineTrigger::Date,
        Trigger::Date | Trigger::Acceptance => LineTrigger::Acceptance,
        Trigger::PercentComplete => LineTrigger::PercentComplete,
    };
    Ok(Draft {
        key: milestone
            .map_or_else(|| format!("installment {}", i + 1), |m| format!("milestone {} {}", m.id, i + 1)),
        kind: if trigger == LineTrigger::Date { LineKind::Date } else { LineKind::Milestone },
        date,
        period: None,
        amount,
        description: described(fee, part.share, &part.description),
        milestone: milestone.map(|m| milestone_id(ground.contract, &m.id)),
        trigger,
    })
}

fn described(fee: &FixedFee, share: Option<Quantity>, description: &str) -> String {
    match (description.trim(), share) {
        ("", None) => fee.description.clone(),
        ("", Some(share)) => {
            format!("{} ({}%)", fee.description, (share.value() * Decimal::ONE_HUNDRED).normalize())
        }
        (stated, _) => stated.to_owned(),
    }
}

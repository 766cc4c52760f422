//! Time and materials: what is expected, spread over the term by days and kept within the cap (B2).
//!
//! The lines are a plan. What is billed is the work recorded, at the rate of the day it was done (B1).

use rust_decimal::Decimal;

use super::term::{clamped, days_between};
use super::{Draft, Error, Ground, absurd};
use crate::decimal::NotADecimal;
use crate::money::RoundingPoint;
use crate::{Cap, Currency, LineKind, LineTrigger, Period, TimeAndMaterials};

pub(super) fn drafts(ground: &Ground<'_>, work: &TimeAndMaterials) -> Result<Vec<Draft>, Error> {
    let absurd = absurd(&work.id);
    let Some(total) = estimate(ground.currency, work).map_err(&absurd)? else { return Ok(Vec::new()) };
    let months = ground.term.calendar(Period::Month)?;
    let days: i64 = months.iter().map(|m| days_between(m.first, m.last) + 1).sum();
    let mut left = total;
    let mut drafts = Vec::with_capacity(months.len());
    for (i, month) in months.iter().enumerate() {
        let share = Decimal::from(days_between(month.first, month.last) + 1) / Decimal::from(days.max(1));
        let rounded = ground.currency.round(total * share, RoundingPoint::Estimate).map_err(&absurd)?.value();
        let amount = if i + 1 == months.len() { left } else { rounded.min(left) };
        left -= amount;
        drafts.push(Draft {
            key: format!("month {}", month.period),
            kind: LineKind::Estimate,
            date: clamped(month.last),
            period: Some(month.days()),
            amount: ground.currency.round(amount, RoundingPoint::Estimate).map_err(&absurd)?,
            description: format!("{}, expected work {:.7}", work.description, month.period.to_string()),
            milestone: None,
            trigger: LineTrigger::Work,
        });
    }
    Ok(drafts)
}

/// What the work is expected to cost, within its cap; `None` when nothing is expected.
pub(crate) fn estimate(currency: Currency, work: &TimeAndMaterials) -> Result<Option<Decimal>, NotADecimal> {
    let by_role: Vec<_> =
        work.rates.iter().filter_map(|r| Some((r.estimated_hours?.value(), r.rate.value()))).collect();
    let hours: Decimal = match work.estimated_hours {
        _ if !by_role.is_empty() => by_role.iter().map(|(h, _)| h).sum(),
        Some(hours) => hours.value(),
        None => match work.cap {
            Some(Cap::Hours(hours)) => hours.value(),
            _ => Decimal::ZERO,
        },
    };
    let mut priced = Decimal::ZERO;
    for (hours, rate) in &by_role {
        priced += currency.round(labour(*hours, *rate)?, RoundingPoint::Labour)?.value();
    }
    if by_role.is_empty() && !work.rates.is_empty() {
        let mean =
            work.rates.iter().map(|r| r.rate.value()).sum::<Decimal>() / Decimal::from(work.rates.len());
        priced = labour(hours, mean)?;
    }
    let expected = match work.cap {
        Some(Cap::Amount(cap)) if priced.is_zero() => cap.value(),
        Some(Cap::Amount(cap)) => priced.min(cap.value()),
        Some(Cap::Hours(cap)) if hours > Decimal::ZERO => priced * within(cap.value(), hours),
        _ => priced,
    };
    let expected = currency.round(expected, RoundingPoint::Estimate)?.value();
    Ok((expected > Decimal::ZERO).then_some(expected))
}

/// The part of some hours that a cap lets pass, from 0 to 1.
fn within(cap: Decimal, hours: Decimal) -> Decimal {
    cap.clamp(Decimal::ZERO, hours) / hours
}

fn labour(hours: Decimal, rate: Decimal) -> Result<Decimal, NotADecimal> {
    hours.checked_mul(rate).ok_or(NotADecimal::Range(Decimal::MAX))
}

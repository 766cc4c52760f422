//! B5: a recurring fee by the calendar's periods, prorated by a declared count of days, with dated changes of the fee.

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::term::{Stretch, clamped, days_between};
use super::{Draft, Error, Ground, absurd};
use crate::decimal::NotADecimal;
use crate::money::RoundingPoint;
use crate::{Amount, LineKind, LineTrigger, ManagedService, Proration};

pub(super) fn drafts(ground: &Ground<'_>, service: &ManagedService) -> Result<Vec<Draft>, Error> {
    let absurd = absurd(&service.id);
    let mut drafts = Vec::new();
    for period in ground.term.calendar(service.period)? {
        let exact = amount(service, period).map_err(&absurd)?;
        drafts.push(Draft {
            key: format!("period {}", period.period),
            kind: LineKind::Recurring,
            date: clamped(period.first),
            period: Some(period.days()),
            amount: ground.currency.round(exact, RoundingPoint::Period).map_err(&absurd)?,
            description: format!("{}, {} to {}", service.description, period.first, period.last),
            milestone: None,
            trigger: LineTrigger::Date,
        });
    }
    Ok(drafts)
}

/// The exact fee of a stretch: each piece between two changes at the fee that holds in it.
fn amount(service: &ManagedService, stretch: Stretch) -> Result<Decimal, NotADecimal> {
    let after = stretch.last.saturating_add(1.day());
    let mut cuts: Vec<Date> = service.indexation.iter().map(|i| i.date.date()).collect();
    cuts.retain(|d| *d > stretch.first && *d < after);
    cuts.extend([stretch.first, after]);
    cuts.sort();
    cuts.dedup();
    let whole = Decimal::from(days(service.proration, stretch.period, stretch.next_period).max(1));
    let mut exact = Decimal::ZERO;
    for piece in cuts.windows(2) {
        let part = Decimal::from(days(service.proration, piece[0], piece[1]));
        let fee = fee_on(service, piece[0])?;
        exact += fee * (part / whole);
    }
    Ok(exact)
}

/// The fee that holds on a day: every change up to it, each on top of the one before.
fn fee_on(service: &ManagedService, day: Date) -> Result<Decimal, NotADecimal> {
    let mut changes: Vec<_> = service.indexation.iter().filter(|i| i.date.date() <= day).collect();
    changes.sort_by_key(|i| i.date);
    let fee = changes.iter().try_fold(service.fee.value(), |fee, change| {
        let factor = Decimal::ONE + change.percent.value() / Decimal::ONE_HUNDRED;
        fee.checked_mul(factor).ok_or(NotADecimal::Range(Decimal::MAX))
    })?;
    Amount::of(fee).map(Amount::value)
}

fn days(proration: Proration, from: Date, to: Date) -> i64 {
    let thirty = |d: Date| i64::from(d.year()) * 360 + i64::from(d.month()) * 30 + i64::from(d.day().min(30));
    match proration {
        Proration::Actual => days_between(from, to),
        Proration::Thirty360 => thirty(to) - thirty(from),
    }
}

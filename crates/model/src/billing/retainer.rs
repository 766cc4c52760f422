//! B4: a retainer's flat fee, due at the start of each period and invoiced in full even when it is not used.

use super::term::clamped;
use super::{Draft, Error, Ground, absurd};
use crate::money::RoundingPoint;
use crate::{LineKind, LineTrigger, Retainer};

pub(super) fn drafts(ground: &Ground<'_>, retainer: &Retainer) -> Result<Vec<Draft>, Error> {
    let fee =
        ground.currency.round(retainer.fee.value(), RoundingPoint::Price).map_err(absurd(&retainer.id))?;
    let drafts = ground.term.anniversaries(retainer.period)?.into_iter().map(|period| Draft {
        key: format!("period {}", period.period),
        kind: LineKind::Recurring,
        date: clamped(period.first),
        period: Some(period.days()),
        amount: fee,
        description: format!("{}, {} to {}", retainer.description, period.first, period.last),
        milestone: None,
        trigger: LineTrigger::Date,
    });
    Ok(drafts.collect())
}

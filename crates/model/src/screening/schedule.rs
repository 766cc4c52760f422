//! The schedule the contract would give: whether there is one, and whether it fits value and term.

use rust_decimal::Decimal;

use super::{Code, Finding, Policy, Subject};
use crate::billing::{self, Error};
use crate::{Amount, BillingSchedule, ContractTerms, LineKind};

pub(super) fn check(subject: &Subject<'_>, policy: &Policy, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    match billing::translate(subject.contract) {
        Ok(schedule) => {
            sum(terms, &schedule, policy, findings);
            dates(terms, &schedule, findings);
        }
        // Reported by the checks of the term.
        Err(Error::Missing(_) | Error::Reversed { .. }) => {}
        Err(error) => {
            let finding = Finding::new(Code::NoSchedule, "billing", error.to_string());
            findings.push(finding.risking(terms.value, terms.currency));
        }
    }
}

/// A fixed price has to meet the value exactly. Recurring fees end in parts of periods, so they may differ as much as the
/// policy tolerates. Estimates and open terms have no sum to hold against the value, unless it exceeds it.
fn sum(terms: &ContractTerms, schedule: &BillingSchedule, policy: &Policy, findings: &mut Vec<Finding>) {
    let (Some(value), Some(total)) = (terms.value, schedule.total) else { return };
    let has = |kind: LineKind| schedule.lines.iter().any(|l| l.kind == kind);
    let difference = total.value() - value.value();
    let tolerated = if has(LineKind::Recurring) { policy.tolerance(value) } else { Decimal::ZERO };
    let estimated_below = has(LineKind::Estimate) && difference < Decimal::ZERO;
    if schedule.lines.is_empty() || estimated_below || difference.abs() <= tolerated {
        return;
    }
    let message = "what would be billed does not come to the contract's value";
    let finding = Finding::new(Code::ScheduleSum, "billing", message);
    let risk = Amount::of(difference.abs()).ok();
    findings.push(finding.comparing(value, total).risking(risk, terms.currency));
}

fn dates(terms: &ContractTerms, schedule: &BillingSchedule, findings: &mut Vec<Finding>) {
    let Some(start) = terms.start else { return };
    let outside = |l: &&crate::ScheduleLine| l.date < start || terms.end.is_some_and(|e| l.date > e);
    let late: Vec<_> = schedule.lines.iter().filter(outside).collect();
    let Some(first) = late.first() else { return };
    let term = terms.end.map_or_else(|| format!("{start} or later"), |end| format!("{start} to {end}"));
    let message = format!("{} of {} lines are due outside the term", late.len(), schedule.lines.len());
    let risk = Amount::sum(late.iter().map(|l| l.amount)).ok();
    let finding = Finding::new(Code::DateOutsideTerm, format!("billing.{}", first.arrangement), message);
    findings.push(finding.comparing(term, first.date).risking(risk, terms.currency));
}

//! The schedule the contract would give: whether there is one, and whether it fits value and term.

use super::{Code, Finding, Subject};
use crate::billing::{self, Error};
use crate::{Amount, BillingSchedule, ContractTerms, LineKind};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    match billing::translate(subject.contract) {
        Ok(schedule) => {
            sum(terms, &schedule, findings);
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

/// Estimates and open terms have no sum to hold against the value.
fn sum(terms: &ContractTerms, schedule: &BillingSchedule, findings: &mut Vec<Finding>) {
    let (Some(value), Some(total)) = (terms.value, schedule.total) else { return };
    let firm = schedule.lines.iter().all(|l| l.kind != LineKind::Estimate);
    let over = total.value() > value.value();
    if schedule.lines.is_empty() || total.value() == value.value() || !(firm || over) {
        return;
    }
    let finding = Finding::new(
        Code::ScheduleSum,
        "billing",
        "what would be billed does not come to the contract's value",
    );
    let risk = Amount::of((total.value() - value.value()).abs()).ok();
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

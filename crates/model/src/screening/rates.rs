//! Rates of time and materials. R2: two rates for one role are an error, and a gap is never a zero rate.

use rust_decimal::Decimal;

use super::{Code, Finding, Subject};
use crate::{Amount, BillingArrangement, Cap, ContractTerms, TimeAndMaterials};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    for arrangement in &terms.billing {
        if let BillingArrangement::TimeAndMaterials(work) = arrangement {
            let field = format!("billing.{}.rates", work.id);
            missing(terms, work, &field, findings);
            conflicting(work, &field, findings);
            over_cap(terms, work, findings);
        }
    }
}

fn missing(terms: &ContractTerms, work: &TimeAndMaterials, field: &str, findings: &mut Vec<Finding>) {
    if work.rates.is_empty() && terms.rate_card.is_none() {
        findings.push(Finding::new(Code::RateMissing, field, "no rates, and no rate card is named"));
    }
    for rate in work.rates.iter().filter(|r| r.rate.value() <= Decimal::ZERO) {
        let message = format!("the rate of {:?} is not positive", rate.role);
        findings.push(Finding::new(Code::RateMissing, field, message).comparing("more than 0", rate.rate));
    }
}

fn conflicting(work: &TimeAndMaterials, field: &str, findings: &mut Vec<Finding>) {
    for (i, rate) in work.rates.iter().enumerate() {
        let earlier = work.rates[..i].iter().find(|r| r.role.trim().eq_ignore_ascii_case(rate.role.trim()));
        if let Some(earlier) = earlier.filter(|e| e.rate != rate.rate) {
            let message = format!("role {:?} has two rates", rate.role);
            findings
                .push(Finding::new(Code::RateConflict, field, message).comparing(earlier.rate, rate.rate));
        }
    }
}

fn over_cap(terms: &ContractTerms, work: &TimeAndMaterials, findings: &mut Vec<Finding>) {
    let (Some(cap), Some(currency)) = (work.cap, terms.currency) else { return };
    let uncapped = TimeAndMaterials { cap: None, ..work.clone() };
    let field = format!("billing.{}.cap", work.id);
    let message = "the expected work exceeds its cap; what goes beyond waits for a change order";
    let finding = match cap {
        Cap::Amount(cap) => {
            let Ok(Some(expected)) = crate::billing::estimate(currency, &uncapped) else { return };
            if expected <= cap.value() {
                return;
            }
            let risk = Amount::of(expected - cap.value()).ok();
            Finding::new(Code::EstimateOverCap, field, message)
                .comparing(cap, expected)
                .risking(risk, Some(currency))
        }
        Cap::Hours(cap) => {
            let by_role: Decimal =
                work.rates.iter().filter_map(|r| r.estimated_hours).map(|h| h.value()).sum();
            let stated = work.estimated_hours.map_or(Decimal::ZERO, |h| h.value());
            let expected = if by_role.is_zero() { stated } else { by_role };
            if expected <= cap.value() {
                return;
            }
            Finding::new(Code::EstimateOverCap, field, message).comparing(cap, expected)
        }
    };
    findings.push(finding);
}

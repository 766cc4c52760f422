//! Currency, value and dates of the term.

use rust_decimal::Decimal;

use super::{Code, Finding, Subject};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    if terms.currency.is_none() {
        findings.push(Finding::new(Code::CurrencyUnknown, "currency", "the contract states no currency"));
    }
    match (terms.start, terms.end) {
        (None, _) => {
            findings.push(Finding::new(Code::TermDates, "start", "the contract states no start date"))
        }
        (Some(start), Some(end)) if end < start => {
            let finding = Finding::new(Code::TermDates, "end", "the term ends before it starts");
            findings.push(finding.comparing(format!("{start} or later"), end));
        }
        _ => {}
    }
    if let Some(value) = terms.value.filter(|v| v.value() <= Decimal::ZERO) {
        let finding = Finding::new(Code::ValueAbsurd, "value", "the value is not positive");
        findings.push(finding.comparing("more than 0", value));
    }
}

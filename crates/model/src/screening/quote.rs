//! What is signed against what was offered.

use super::{Code, Finding, Policy, Quote, Subject};
use crate::{Amount, ContractTerms};

pub(super) fn check(subject: &Subject<'_>, policy: &Policy, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    payment_terms(terms, subject.quote.as_ref(), policy, findings);
    let Some(quote) = &subject.quote else { return };
    if let (Some(signed), Some(quoted)) = (terms.currency, quote.currency)
        && signed != quoted
    {
        let message = "the contract is not in the currency that was quoted";
        let finding = Finding::new(Code::CurrencyMismatch, "currency", message);
        findings.push(finding.comparing(quoted, signed).risking(terms.value, terms.currency));
        return;
    }
    if let (Some(signed), Some(quoted)) = (terms.value, quote.value) {
        value(terms, signed, quoted, policy, findings);
    }
}

fn value(
    terms: &ContractTerms,
    signed: Amount,
    quoted: Amount,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    let difference = (signed.value() - quoted.value()).abs();
    if difference > policy.tolerance(quoted) {
        let message =
            format!("the value differs from the quoted one by more than {}%", policy.value_tolerance_percent);
        let finding = Finding::new(Code::QuotedValue, "value", message);
        findings.push(finding.comparing(quoted, signed).risking(Amount::of(difference).ok(), terms.currency));
    }
}

fn payment_terms(terms: &ContractTerms, quote: Option<&Quote>, policy: &Policy, findings: &mut Vec<Finding>) {
    let Some(signed) = terms.payment_terms_days else { return };
    let finding = match quote.and_then(|q| q.payment_terms_days) {
        Some(quoted) if quoted != signed => {
            let message = "the payment terms are not those that were offered";
            Finding::new(Code::PaymentTerms, "paymentTermsDays", message).comparing(quoted, signed)
        }
        _ if signed > policy.payment_terms_days_max => {
            let most = format!("{} or less", policy.payment_terms_days_max);
            Finding::new(Code::PaymentTerms, "paymentTermsDays", "the payment terms are long")
                .comparing(most, signed)
        }
        _ => return,
    };
    findings.push(finding.risking(terms.value, terms.currency));
}

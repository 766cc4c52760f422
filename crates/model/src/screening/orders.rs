//! Purchase orders: without one, or beyond it, invoices come back unpaid.

use super::{Code, Finding, Subject};
use crate::Amount;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    if terms.purchase_orders.is_empty() {
        let message = "no purchase order or buyer reference; many customers pay no invoice without one";
        let finding = Finding::new(Code::PurchaseOrderMissing, "purchaseOrders", message);
        findings.push(finding.risking(terms.value, terms.currency));
        return;
    }
    // An order without a cap covers whatever comes.
    let caps: Option<Vec<_>> = terms.purchase_orders.iter().map(|o| o.cap).collect();
    let (Some(caps), Some(value)) = (caps, terms.value) else { return };
    let Ok(covered) = Amount::sum(caps) else { return };
    if covered.value() < value.value() {
        let message = "the purchase orders do not cover the contract's value";
        let risk = Amount::of(value.value() - covered.value()).ok();
        let finding = Finding::new(Code::PurchaseOrderExhausted, "purchaseOrders", message);
        findings.push(finding.comparing(value, covered).risking(risk, terms.currency));
    }
}

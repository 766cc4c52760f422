//! Which facts a contract lacks for its activation, and why each is needed. A term that ends before it starts states
//! neither.

use serde::{Deserialize, Serialize};

use crate::{BillingArrangement, ContractTerms, Day, LegalEntity};

/// A fact that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The field of the contract's terms, or `signedDate`.
    pub field: String,
    /// What it is needed for.
    pub reason: String,
}

impl Missing {
    fn new(field: &str, reason: &str) -> Self {
        Self { field: field.to_owned(), reason: reason.to_owned() }
    }
}

/// The facts that are missing; none: the contract can be activated.
pub fn missing(terms: &ContractTerms, signed: Option<Day>, entity: Option<&LegalEntity>) -> Vec<Missing> {
    let mut missing = Vec::new();
    let named = terms.customer.as_ref().and_then(|c| c.name.as_deref()).is_some_and(|n| !n.trim().is_empty());
    if !named {
        missing.push(Missing::new("customer.name", "a customer account is opened under the customer's name"));
    }
    if terms.currency.is_none() {
        missing.push(Missing::new("currency", "amounts without a currency can't be billed"));
    }
    if terms.value.is_none() && !terms.billing.iter().any(is_priced) {
        missing.push(Missing::new("value", "there is neither a value nor a fee nor a rate to bill by"));
    }
    if terms.start.is_none() {
        missing.push(Missing::new("start", "the project and its billing schedule begin on the start date"));
    }
    if let (Some(start), Some(end)) = (terms.start, terms.end)
        && end < start
    {
        let reason = format!("the term ends on {end}, before it starts on {start}; one of the two is wrong");
        missing.push(Missing::new("end", &reason));
    }
    if signed.is_none() {
        missing.push(Missing::new("signedDate", "what is not signed has no effect on billing"));
    }
    if entity.is_none() {
        missing.push(Missing::new("legalEntity", entity_reason(terms)));
    }
    missing
}

fn is_priced(arrangement: &BillingArrangement) -> bool {
    match arrangement {
        BillingArrangement::TimeAndMaterials(a) => !a.rates.is_empty(),
        BillingArrangement::FixedFee(_)
        | BillingArrangement::Retainer(_)
        | BillingArrangement::ManagedService(_) => true,
        BillingArrangement::Expenses(_) => false,
    }
}

fn entity_reason(terms: &ContractTerms) -> &'static str {
    match terms.legal_entity {
        Some(_) => "no legal entity of ours has the code the contract names",
        None => "the contract names no legal entity of ours, and no rule picks one by currency and country",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use serde_json::{Value, json};

    fn check(terms: Value, signed: Option<&str>, entity: bool, want: &[&str]) {
        let terms: ContractTerms = decode(&terms).unwrap();
        let entity = entity.then(|| LegalEntity {
            code: "DE".into(),
            name: "Firm GmbH".into(),
            country: "DE".into(),
            currency: "EUR".parse().unwrap(),
            region: "emea".into(),
        });
        let missing = missing(&terms, signed.map(|d| d.parse().unwrap()), entity.as_ref());
        let fields: Vec<_> = missing.iter().map(|m| m.field.as_str()).collect();
        assert_eq!(fields, want);
        assert!(missing.iter().all(|m| !m.reason.is_empty()));
    }

    #[test]
    fn states_each_fact_that_activation_needs() {
        let all = ["customer.name", "currency", "value", "start", "signedDate", "legalEntity"];
        check(json!({}), None, false, &all);
        let whole =
            json!({"customer": {"name": "Acme"}, "currency": "EUR", "value": "10", "start": "2026-01-01"});
        check(whole.clone(), Some("2026-01-01"), true, &[]);
        check(whole, None, true, &["signedDate"]);
        let blank =
            json!({"customer": {"name": "  "}, "currency": "EUR", "value": "10", "start": "2026-01-01"});
        check(blank, Some("2026-01-01"), true, &["customer.name"]);
        let reversed = json!({"customer": {"name": "Acme"}, "currency": "EUR", "value": "10",
            "start": "2026-01-02", "end": "2026-01-01"});
        check(reversed, Some("2026-01-01"), true, &["end"]);
        let rates = json!({"customer": {"name": "Acme"}, "currency": "EUR", "start": "2026-01-01", "billing": [
            {"model": "timeAndMaterials", "id": "a", "description": "d", "rates": [{"role": "r", "rate": "100"}]}]});
        check(rates, Some("2026-01-01"), true, &[]);
        let expenses = json!({"customer": {"name": "Acme"}, "currency": "EUR", "start": "2026-01-01", "billing": [
            {"model": "expenses", "id": "a", "description": "d", "multiplier": "1"}]});
        check(expenses, Some("2026-01-01"), true, &["value"]);
    }
}

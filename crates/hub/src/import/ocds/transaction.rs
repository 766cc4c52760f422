//! Transactions, as invoices.

use std::collections::BTreeMap;

use throughline_model::{ContractId, Currency, Event, Invoice, Problem};

use super::SOURCE;
use crate::import::event::{self, short_hash};
use crate::import::facts::At;

/// The invoices of a contract; `currency` is the contract's, for transactions that state none.
pub(super) fn says(
    contract: &ContractId,
    currency: Option<Currency>,
    place: &At<'_>,
) -> Vec<Result<Event, Problem>> {
    let mut same = BTreeMap::new();
    place
        .each()
        .map(|transaction| {
            let content = transaction.value().to_string();
            let before = same.entry(content.clone()).or_insert(0_u32);
            *before += 1;
            invoice(contract, currency, &transaction, &content, *before)
        })
        .collect()
}

fn invoice(
    contract: &ContractId,
    currency: Option<Currency>,
    at: &At<'_>,
    content: &str,
    time_seen: u32,
) -> Result<Event, Problem> {
    // OCDS 1.0 has an amount of its own where 1.1 has a value.
    let value =
        [at.get("value"), at.get("amount")].into_iter().find(At::is_there).unwrap_or_else(|| at.get("value"));
    let amount = value
        .get("amount")
        .amount()?
        .ok_or_else(|| value.get("amount").problem("missing; an invoice has an amount"))?;
    let currency = value.get("currency").currency()?.or(currency);
    let currency = currency
        .ok_or_else(|| value.get("currency").problem("missing, and the contract states none either"))?;
    let party = |new: &str, old: &str| {
        let at = [at.get(new), at.get(old)].into_iter().find(At::is_there)?;
        at.get("name").text().or_else(|| at.get("legalName").text()).or_else(|| at.get("id").text())
    };
    let stated = at.get("id").text();
    // A register that numbers no transactions may still show the same payment twice in one contract.
    let id = stated.clone().unwrap_or_else(|| format!("{}-{time_seen}", short_hash(&[content])));
    let invoice = Invoice {
        id,
        contract_id: Some(contract.clone()),
        number: stated,
        date: at.get("date").day()?,
        amount,
        currency,
        payer: party("payer", "providerOrganization"),
        payee: party("payee", "receiverOrganization"),
    };
    Ok(event::invoice(SOURCE, contract, invoice))
}

//! The events records become. Their ids are made of what the record says, so that the same record makes the same event.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use throughline_model::schema::{CONTRACT_AMENDED, CONTRACT_SIGNED, INVOICE_RECORDED, OPPORTUNITY_CHANGED};
use throughline_model::{
    ContractAmended, ContractId, ContractSigned, Day, Event, Invoice, InvoiceRecorded, Opportunity,
};

/// Characters of the hash in an id: 80 bits.
const HASH_CHARS: usize = 20;

/// A short hash of some parts.
pub(super) fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    text.truncate(HASH_CHARS);
    text
}

/// An opportunity, as one release of a register shows it.
pub(super) fn opportunity(
    source: &str,
    release: &str,
    time: Option<Timestamp>,
    opportunity: &Opportunity,
) -> Event {
    let id = format!("opportunity.{}", short_hash(&[&opportunity.id, release]));
    let key = opportunity.id.clone();
    event(source, id, OPPORTUNITY_CHANGED, &key, time, opportunity)
}

/// A signature. One for each contract: another with other content is refused at the intake.
pub(super) fn signed(source: &str, signed: &ContractSigned) -> Event {
    let key = signed.contract_id.to_string();
    let id = format!("signed.{key}");
    event(source, id, CONTRACT_SIGNED, &key, signed.signed_date.and_then(midnight), signed)
}

/// An amendment or a correction.
pub(super) fn amended(source: &str, amended: &ContractAmended) -> Event {
    let key = amended.contract_id.to_string();
    let id = format!("amended.{key}.{}", short_hash(&[&amended.amendment.id]));
    let time = amended.amendment.signed_date.and_then(midnight);
    event(source, id, CONTRACT_AMENDED, &key, time, amended)
}

/// An invoice or a payment.
pub(super) fn invoice(source: &str, contract: &ContractId, invoice: Invoice) -> Event {
    let id = format!("invoice.{contract}.{}", short_hash(&[&invoice.id]));
    let time = invoice.date.and_then(midnight);
    let data = InvoiceRecorded { contract_id: contract.clone(), invoice };
    event(source, id, INVOICE_RECORDED, contract.as_str(), time, &data)
}

fn event(
    source: &str,
    id: String,
    type_: &str,
    key: &str,
    time: Option<Timestamp>,
    data: &impl Serialize,
) -> Event {
    let data = serde_json::to_value(data).expect("a record is plain JSON data");
    let mut event =
        Event::new(format!("/import/{source}"), id, type_, data).with_extension("partitionkey", key);
    event.subject = Some(key.to_owned());
    event.time = time;
    event.data_content_type = Some("application/json".to_owned());
    event
}

fn midnight(day: Day) -> Option<Timestamp> {
    day.date().to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}

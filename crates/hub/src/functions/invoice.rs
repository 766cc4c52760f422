//! `invoice.record`: an invoice, beside its contract.

use serde_json::Value;
use throughline_model::{Invoice, InvoiceRecorded};

use super::call::{Answer, Answered, Call, arguments};

pub(super) fn record(call: &Call<'_>, with: &Value) -> Answered {
    let InvoiceRecorded { contract_id, invoice } = arguments(with)?;
    let id = format!("{contract_id}/{}", invoice.id);
    let invoice = Invoice { contract_id: Some(contract_id), ..invoice };
    let row = call.write("invoice", id, &invoice);
    Ok(Answer::of(&invoice).with(row))
}

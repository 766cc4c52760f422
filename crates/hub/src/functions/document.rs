//! `document.reference`: where a document of a contract lies.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::{ContractId, Document, DocumentReference, DocumentReferenceId};

use super::call::{Answer, Answered, Call, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Reference {
    contract_id: ContractId,
    document: Document,
    stored: Stored,
}

/// What the store answered; it may say more than is kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    system_id: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    hash: Option<String>,
}

pub(super) fn reference(call: &Call<'_>, with: &Value) -> Answered {
    let Reference { contract_id, document, stored } = arguments(with)?;
    let reference = DocumentReference {
        id: DocumentReferenceId::of(&["document", contract_id.as_str(), &document.title]),
        contract_id,
        title: document.title,
        url: stored.url,
        system_id: stored.system_id,
        etag: stored.etag,
        hash: stored.hash.or(document.hash),
    };
    let row = call.write("document-reference", reference.id.as_str(), &reference);
    Ok(Answer::of(&reference).with(row))
}

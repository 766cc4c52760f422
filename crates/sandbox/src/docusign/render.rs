//! Envelopes as answers show them.

use serde_json::{Value, json};

use super::ACCOUNT_ID;

/// What a create answers.
pub(super) fn created(envelope: &Value) -> Value {
    let id = envelope["envelopeId"].as_str().unwrap_or_default();
    // This one time is written with seven decimals.
    let changed = envelope["statusChangedDateTime"].as_str().unwrap_or_default().trim_end_matches('Z');
    json!({
        "envelopeId": id, "uri": format!("/envelopes/{id}"), "statusDateTime": format!("{changed}0000Z"),
        "status": envelope["status"],
    })
}

/// An envelope, with the parts that `include` names.
pub(super) fn envelope(envelope: &Value, include: &str) -> Value {
    let id = envelope["envelopeId"].as_str().unwrap_or_default();
    let uri = format!("/envelopes/{id}");
    let mut out = json!({
        "envelopeUri": uri, "customFieldsUri": format!("{uri}/custom_fields"), "documentsUri": format!("{uri}/documents"),
        "documentsCombinedUri": format!("{uri}/documents/combined"), "recipientsUri": format!("{uri}/recipients"),
        "notificationUri": format!("{uri}/notification"), "attachmentsUri": format!("{uri}/attachments"),
        "certificateUri": format!("{uri}/documents/certificate"), "templatesUri": format!("{uri}/templates"),
        "allowMarkup": "false", "allowReassign": "true", "autoNavigation": "true", "enableWetSign": "true",
        "envelopeIdStamping": "true", "hasComments": "false", "isSignatureProviderEnvelope": "false",
        "messageLock": "false", "recipientsLock": "false", "signingLocation": "online", "purgeState": "unpurged",
    });
    let parts = include.split(',').map(str::trim);
    let included: Vec<&str> = parts
        .filter_map(|part| match part {
            "custom_fields" => Some("customFields"),
            "recipients" => Some("recipients"),
            "documents" => Some("envelopeDocuments"),
            _ => None,
        })
        .collect();
    for (name, value) in envelope.as_object().into_iter().flatten() {
        let part = ["customFields", "recipients", "envelopeDocuments"].contains(&name.as_str());
        if (part && !included.contains(&name.as_str())) || value.is_null() {
            continue;
        }
        out[name] = match name.as_str() {
            "recipients" => recipients(envelope),
            "envelopeDocuments" => documents(envelope)["envelopeDocuments"].clone(),
            _ => value.clone(),
        };
    }
    out
}

/// The recipients, all kinds of them.
pub(super) fn recipients(envelope: &Value) -> Value {
    let signers = envelope["recipients"]["signers"].clone();
    let count = signers.as_array().map_or(0, Vec::len).to_string();
    let mut out = json!({"signers": signers, "recipientCount": count, "currentRoutingOrder": "1"});
    for kind in [
        "agents",
        "editors",
        "intermediaries",
        "carbonCopies",
        "certifiedDeliveries",
        "inPersonSigners",
        "seals",
        "witnesses",
        "notaries",
    ] {
        out[kind] = json!([]);
    }
    out
}

/// The documents and the certificate that a finished envelope has.
pub(super) fn documents(envelope: &Value) -> Value {
    let id = envelope["envelopeId"].as_str().unwrap_or_default();
    let mut documents = envelope["envelopeDocuments"].as_array().cloned().unwrap_or_default();
    if envelope["status"] == "completed" {
        documents.push(json!({
            "documentId": "certificate", "name": "Summary", "type": "summary", "order": "999", "display": "inline",
            "includeInDownload": "true", "signerMustAcknowledge": "no_interaction",
        }));
    }
    for document in &mut documents {
        let name = document["documentId"].as_str().unwrap_or_default();
        document["uri"] = json!(format!("/envelopes/{id}/documents/{name}"));
    }
    json!({"envelopeId": id, "envelopeDocuments": documents})
}

/// A webhook's summary: the envelope with everything in it.
pub(super) fn summary(of: &Value) -> Value {
    let mut summary = envelope(of, "custom_fields,recipients,documents");
    summary["sender"]["accountId"] = json!(ACCOUNT_ID);
    summary
}

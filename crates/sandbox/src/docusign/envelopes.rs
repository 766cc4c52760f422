//! Envelopes: made, sent, signed, declined, voided. Every change of state is told to Connect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{USER_EMAIL, USER_ID, USER_NAME};
use super::problem::Problem;
use super::{ACCOUNT_ID, connect};
use crate::world::World;

pub(crate) const ENVELOPES: &str = "envelopes";
/// Envelopes out for signature, since when.
pub(crate) const DESK: &str = "_desk";
/// What was uploaded, kept apart from the envelope it belongs to.
const DOCUMENTS: &str = "_documents";
const DOCUMENTS_MAX: usize = 50;
/// The longest subject, and the longest value of a custom field.
pub(crate) const TEXT_CHARACTERS_MAX: usize = 100;

/// Makes an envelope from a request's body; its id.
pub(crate) fn create(world: &mut World, definition: &Value) -> Result<String, Problem> {
    let status = definition["status"].as_str().unwrap_or("created").to_lowercase();
    if !["created", "sent"].contains(&status.as_str()) {
        return Err(Problem::parameter("Envelope status must be 'created' or 'sent'."));
    }
    within_limits(definition)?;
    let documents = documents(definition)?;
    let signers = signers(definition, &status)?;
    if status == "sent" {
        ready_to_send(definition, &documents, &signers)?;
    }
    let number = world.next("_envelope");
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{ACCOUNT_ID}/{number}").as_bytes()).to_string();
    let now = moment(world);
    for (document, sent) in documents.iter().zip(definition["documents"].as_array().into_iter().flatten()) {
        if let Some(content) = sent["documentBase64"].as_str() {
            let key = format!("{id}/{}", document["documentId"].as_str().unwrap_or_default());
            world.put(DOCUMENTS, &key, json!({"base64": content}));
        }
    }
    let mut envelope = json!({
        "envelopeId": id, "status": "created", "emailSubject": definition["emailSubject"],
        "emailBlurb": definition["emailBlurb"], "createdDateTime": now, "lastModifiedDateTime": now,
        "statusChangedDateTime": now, "recipients": {"signers": signers}, "envelopeDocuments": documents,
        "customFields": custom_fields(&definition["customFields"], 10_000_000),
        "sender": {"userName": USER_NAME, "userId": USER_ID, "accountId": ACCOUNT_ID, "email": USER_EMAIL},
    });
    if let Some(transaction) = definition["transactionId"].as_str() {
        envelope["transactionId"] = json!(transaction);
    }
    world.put(ENVELOPES, &id, envelope);
    if status == "sent" {
        send(world, &id)?;
    }
    Ok(id)
}

/// Refuses texts that are longer than the vendor keeps them.
fn within_limits(definition: &Value) -> Result<(), Problem> {
    let long = |text: &Value| text.as_str().is_some_and(|text| text.chars().count() > TEXT_CHARACTERS_MAX);
    if long(&definition["emailSubject"]) {
        return Err(Problem::parameter("The email subject is longer than 100 characters."));
    }
    let fields = definition["customFields"]["textCustomFields"].as_array().into_iter().flatten();
    match fields.into_iter().find(|field| long(&field["value"])) {
        Some(field) => {
            let message =
                format!("The value of custom field {} is longer than 100 characters.", field["name"]);
            Err(Problem::parameter(&message))
        }
        None => Ok(()),
    }
}

fn ready_to_send(definition: &Value, documents: &[Value], signers: &[Value]) -> Result<(), Problem> {
    let from_template = definition["templateId"].is_string();
    if documents.is_empty() && !from_template {
        let message = "The envelope is not complete. A complete envelope has documents, recipients, tabs, and a subject line.";
        return Err(Problem::bad("ENVELOPE_IS_INCOMPLETE", message));
    }
    if signers.is_empty() {
        let message = "The envelope is not complete. A complete envelope has documents, recipients, tabs, and a subject line.";
        return Err(Problem::bad("ENVELOPE_IS_INCOMPLETE", message));
    }
    Ok(())
}

fn documents(definition: &Value) -> Result<Vec<Value>, Problem> {
    let sent = definition["documents"].as_array().cloned().unwrap_or_default();
    if sent.len() > DOCUMENTS_MAX {
        return Err(Problem::parameter("Too many documents."));
    }
    let mut documents = Vec::new();
    for (order, document) in (1..).zip(&sent) {
        let id = text(&document["documentId"]).ok_or_else(|| Problem::parameter("documentId is missing."))?;
        if let Some(content) = document["documentBase64"].as_str()
            && STANDARD.decode(content).is_err()
        {
            let message = "Unable to load the document. Error in base64 content.";
            return Err(Problem::bad("UNABLE_TO_LOAD_DOCUMENT", message));
        }
        documents.push(json!({
            "documentId": id, "documentIdGuid": Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).to_string(),
            "name": document["name"], "type": "content", "order": order.to_string(), "display": "inline",
            "includeInDownload": "true", "signerMustAcknowledge": "no_interaction",
        }));
    }
    Ok(documents)
}

fn signers(definition: &Value, status: &str) -> Result<Vec<Value>, Problem> {
    let direct = definition["recipients"]["signers"].as_array().cloned().unwrap_or_default();
    let roles = definition["templateRoles"].as_array().cloned().unwrap_or_default();
    let mut signers = Vec::new();
    for (order, signer) in (1..).zip(direct.iter().chain(&roles)) {
        let (name, email) = (text(&signer["name"]), text(&signer["email"]));
        let email = email.filter(|email| email.contains('@'));
        if status == "sent" && (name.is_none() || email.is_none()) {
            let message = "The email address for the recipient is invalid. The recipient Id follows.";
            return Err(Problem::bad("INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", message));
        }
        let id = text(&signer["recipientId"]).unwrap_or_else(|| order.to_string());
        signers.push(json!({
            "recipientId": id, "recipientIdGuid": Uuid::new_v4().to_string(), "name": name, "email": email,
            "routingOrder": text(&signer["routingOrder"]).unwrap_or_else(|| order.to_string()),
            "roleName": signer["roleName"], "status": "created", "isBulkRecipient": "false",
            "requireIdLookup": "false", "recipientType": "signer", "totalTabCount": "0", "completedCount": "0",
        }));
    }
    Ok(signers)
}

/// Custom fields with the ids that the vendor gives them; flags and ids are text.
pub(super) fn custom_fields(sent: &Value, first_id: u64) -> Value {
    let text_fields = sent["textCustomFields"].as_array().into_iter().flatten();
    let fields: Vec<Value> = (first_id..)
        .zip(text_fields)
        .map(|(id, field)| {
            json!({
                "fieldId": text(&field["fieldId"]).unwrap_or_else(|| id.to_string()), "name": field["name"],
                "show": text(&field["show"]).unwrap_or_else(|| "false".into()),
                "required": text(&field["required"]).unwrap_or_else(|| "false".into()),
                "value": text(&field["value"]).unwrap_or_default(),
            })
        })
        .collect();
    json!({"textCustomFields": fields, "listCustomFields": sent["listCustomFields"].as_array().cloned().unwrap_or_default()})
}

/// Booleans and numbers come as text, and sometimes as themselves.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// An instant as the vendor writes it.
pub(super) fn moment(world: &World) -> String {
    world.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The value of a text custom field.
pub(crate) fn field<'e>(envelope: &'e Value, name: &str) -> Option<&'e str> {
    let fields = envelope["customFields"]["textCustomFields"].as_array()?;
    fields.iter().find(|field| field["name"] == name)?["value"].as_str()
}

/// What was uploaded as a document.
pub(super) fn content(world: &World, envelope: &str, document: &str) -> Option<Vec<u8>> {
    let kept = world.get(DOCUMENTS, &format!("{envelope}/{document}"))?;
    STANDARD.decode(kept["base64"].as_str()?).ok()
}

/// Sends a draft.
pub(super) fn send(world: &mut World, id: &str) -> Result<(), Problem> {
    change(world, id, &["created"], "sent", |envelope, now| {
        envelope["sentDateTime"] = json!(now);
        envelope["initialSentDateTime"] = json!(now);
        of_signers(envelope, |signer| {
            signer["status"] = json!("sent");
            signer["sentDateTime"] = json!(now);
        });
    })
}

/// The signatories have opened it.
pub(crate) fn deliver(world: &mut World, id: &str) -> Result<(), Problem> {
    change(world, id, &["sent"], "delivered", |envelope, now| {
        envelope["deliveredDateTime"] = json!(now);
        of_signers(envelope, |signer| {
            signer["status"] = json!("delivered");
            signer["deliveredDateTime"] = json!(now);
        });
    })
}

/// All signatories have signed.
pub(crate) fn complete(world: &mut World, id: &str) -> Result<(), Problem> {
    change(world, id, &["sent", "delivered"], "completed", |envelope, now| {
        envelope["completedDateTime"] = json!(now);
        of_signers(envelope, |signer| {
            signer["status"] = json!("completed");
            signer["signedDateTime"] = json!(now);
        });
    })
}

/// A signatory refuses.
pub(crate) fn decline(world: &mut World, id: &str, reason: &str) -> Result<(), Problem> {
    change(world, id, &["sent", "delivered"], "declined", |envelope, now| {
        envelope["declinedDateTime"] = json!(now);
        of_signers(envelope, |signer| {
            signer["status"] = json!("declined");
            signer["declinedDateTime"] = json!(now);
            signer["declinedReason"] = json!(reason);
        });
    })
}

/// The sender takes it back.
pub(super) fn void(world: &mut World, id: &str, reason: &str) -> Result<(), Problem> {
    change(world, id, &["sent", "delivered"], "voided", |envelope, now| {
        envelope["voidedDateTime"] = json!(now);
        envelope["voidedReason"] = json!(reason);
    })
}

fn of_signers(envelope: &mut Value, change: impl Fn(&mut Value)) {
    envelope["recipients"]["signers"].as_array_mut().into_iter().flatten().for_each(change);
}

fn change(
    world: &mut World,
    id: &str,
    from: &[&str],
    to: &str,
    work: impl FnOnce(&mut Value, &str),
) -> Result<(), Problem> {
    let mut envelope = world.get(ENVELOPES, id).cloned().ok_or_else(Problem::no_envelope)?;
    let status = envelope["status"].as_str().unwrap_or_default();
    if !from.contains(&status) {
        let message = format!("Invalid envelope status. Envelope status for envelope: {status}.");
        let code =
            if to == "voided" { "ENVELOPE_CANNOT_VOID_INVALID_STATE" } else { "ENVELOPE_INVALID_STATUS" };
        return Err(Problem::bad(code, message));
    }
    let now = moment(world);
    envelope["status"] = json!(to);
    envelope["statusChangedDateTime"] = json!(now);
    envelope["lastModifiedDateTime"] = json!(now);
    work(&mut envelope, &now);
    world.put(ENVELOPES, id, envelope);
    match to {
        "sent" => world.put(DESK, id, json!({"since": world.now().as_millisecond()})),
        "delivered" => {}
        _ => {
            world.remove(DESK, id);
        }
    }
    connect::tell(world, id, &format!("envelope-{to}"));
    Ok(())
}

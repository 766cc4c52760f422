//! DocuSign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;
use throughline_sandbox::oauth::jwt::{Algorithm, sign};

use crate::client::{Client, folder, sandbox};
use crate::receiver::{Received, Receiver};

pub(crate) async fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "docusign");
    let answer = grant(&client, json!({})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    client.token = answer.body["access_token"].as_str().unwrap().to_owned();
    client
}

async fn grant(client: &Client, changes: Value) -> crate::client::Answer {
    let mut claims = json!({
        "iss": client.credentials["integrationKey"], "sub": client.credentials["userId"],
        "aud": client.base.trim_start_matches("https://"), "exp": 4_000_000_000_u64,
        "scope": "signature impersonation",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let assertion = sign(&claims, "", &client.credentials["privateKey"], Algorithm::Rs256).unwrap();
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    client.form("/oauth/token", &[("grant_type", grant), ("assertion", &assertion)]).await
}

pub(crate) fn envelopes(client: &Client) -> String {
    format!("/restapi/v2.1/accounts/{}/envelopes", client.settings["accountId"].as_str().unwrap())
}

pub(crate) fn definition(transaction: &str) -> Value {
    json!({
        "emailSubject": "Please sign: Project (Phoenix)", "status": "sent", "transactionId": transaction,
        "documents": [{"documentId": "1", "name": "Contract", "fileExtension": "txt", "documentBase64": "aGVsbG8="}],
        "recipients": {"signers": [{"recipientId": "1", "routingOrder": "1", "name": "Ada", "email": "ada@client.example"}]},
        "customFields": {"textCustomFields": [
            {"name": "throughlineContract", "value": transaction, "show": "false", "required": "false"},
            {"name": "throughlineKind", "value": "contract"},
        ]},
    })
}

async fn created(client: &Client, transaction: &str) -> String {
    let answer = client.post(&envelopes(client), &definition(transaction)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body["envelopeId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_a_consented_assertion_opens_the_account() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let info = client.get("/oauth/userinfo").await.body;
    assert_eq!(info["accounts"][0]["base_uri"], client.base.as_str());
    for (changes, error) in [
        (json!({"exp": 1}), "invalid_grant"),
        (json!({"iss": "someone"}), "invalid_grant"),
        (json!({"aud": "account.example"}), "invalid_grant"),
        (json!({"scope": "signature"}), "consent_required"),
    ] {
        let answer = grant(&client, changes.clone()).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(error)), "{changes}");
    }
    let stranger = client.get("/restapi/v2.1/accounts/other/envelopes").await;
    assert_eq!(
        (stranger.status, &stranger.body["errorCode"]),
        (401, &json!("USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT"))
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn an_envelope_is_made_found_signed_and_read() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let path = envelopes(&client);
    let id = created(&client, "CT-1").await;
    created(&client, "CT-2").await;
    for query in ["transaction_ids=CT-1", "from_date=2020-01-01&custom_field=throughlineContract%3DCT-1"] {
        let found = client.get(&format!("{path}?{query}&include=custom_fields")).await;
        assert_eq!(
            (&found.body["resultSetSize"], &found.body["totalSetSize"]),
            (&json!("1"), &json!("1")),
            "{query}"
        );
        let envelope = &found.body["envelopes"][0];
        assert_eq!((&envelope["envelopeId"], &envelope["status"]), (&json!(id), &json!("sent")));
        assert_eq!(envelope["customFields"]["textCustomFields"][0]["show"], "false");
    }
    let none = client.get(&format!("{path}?transaction_ids=CT-9")).await.body;
    assert_eq!((&none["resultSetSize"], none.get("envelopes")), (&json!("0"), None));
    assert_eq!(client.get(&path).await.body["errorCode"], "INVALID_REQUEST_PARAMETER");
    let page = client.get(&format!("{path}?from_date=2020-01-01&count=1")).await.body;
    let next = client.get(page["nextUri"].as_str().unwrap()).await.body;
    assert_eq!((&next["startPosition"], &next["nextUri"]), (&json!("1"), &json!("")));

    let one = format!("{path}/{id}");
    assert!(sandbox.sign(&id).unwrap());
    assert!(!sandbox.sign(&id).unwrap(), "it is signed once");
    let envelope = client.get(&format!("{one}?include=recipients,documents")).await.body;
    assert_eq!(
        (&envelope["status"], &envelope["recipients"]["recipientCount"]),
        (&json!("completed"), &json!("1"))
    );
    assert!(envelope["completedDateTime"].as_str().unwrap().ends_with('Z'));
    let documents = client.get(&format!("{one}/documents")).await.body;
    assert_eq!(documents["envelopeDocuments"][1]["documentId"], "certificate");
    let first = client.get(&format!("{one}/documents/1")).await;
    assert_eq!(first.headers["content-type"], "application/pdf");
    assert!(first.bytes.starts_with(b"%PDF-") && first.bytes.ends_with(b"%%EOF\n"));
    assert_eq!(client.get(&format!("{one}/documents/1")).await.bytes, first.bytes);
    let voided = client.send(Method::PUT, &one, &json!({"status": "voided", "voidedReason": "late"})).await;
    assert_eq!(voided.body["errorCode"], "ENVELOPE_CANNOT_VOID_INVALID_STATE");
    assert_eq!(client.get(&format!("{path}/none")).await.body["errorCode"], "ENVELOPE_DOES_NOT_EXIST");
    sandbox.stop().await;
}

#[tokio::test]
async fn bad_definitions_are_refused() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    for (place, value, code) in [
        ("/documents", json!([]), "ENVELOPE_IS_INCOMPLETE"),
        ("/recipients/signers", json!([]), "ENVELOPE_IS_INCOMPLETE"),
        ("/recipients/signers/0/email", json!("ada"), "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT"),
        ("/documents/0/documentBase64", json!("***"), "UNABLE_TO_LOAD_DOCUMENT"),
        ("/status", json!("signed"), "INVALID_REQUEST_PARAMETER"),
        ("/emailSubject", json!("x".repeat(101)), "INVALID_REQUEST_PARAMETER"),
        ("/customFields/textCustomFields/0/value", json!("x".repeat(101)), "INVALID_REQUEST_PARAMETER"),
    ] {
        let mut body = definition("CT-1");
        *body.pointer_mut(place).unwrap() = value;
        let answer = client.post(&envelopes(&client), &body).await;
        assert_eq!((answer.status, &answer.body["errorCode"]), (400, &json!(code)), "{place}");
    }
    assert_eq!(sandbox.ledger().systems["docusign"].collections["envelopes"].objects, 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn posting_twice_makes_two_and_the_ledger_sees_it() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    created(&client, "CT-1").await;
    assert!(sandbox.ledger().duplicates().is_empty());
    created(&client, "CT-1").await;
    assert_eq!(sandbox.ledger().duplicates(), ["docusign/envelopes/CT-1"]);
    let found = client.get(&format!("{}?transaction_ids=CT-1", envelopes(&client))).await.body;
    let first = found["envelopes"][0]["envelopeId"].as_str().unwrap();
    assert!(sandbox.decline(first, "no").unwrap());
    assert!(sandbox.ledger().duplicates().is_empty(), "what was declined is no contract any more");
    sandbox.stop().await;
}

fn signed_by(key: &str, message: &Received) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    ["x-docusign-signature-1", "x-docusign-signature-2"].iter().any(|name| {
        let signature = STANDARD.decode(message.headers[*name].as_bytes()).unwrap();
        hmac::verify(&key, &message.raw, &signature).is_ok()
    })
}

#[tokio::test]
async fn connect_tells_every_change_signed_and_again_until_it_is_taken() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let receiver = Receiver::start(&[503]).await;
    sandbox.connect_docusign(receiver.url.clone(), "secret").unwrap();
    let id = created(&client, "CT-1").await;
    sandbox.sign(&id).unwrap();
    let messages = receiver.expect(4).await;
    let told: Vec<(&str, u64)> = messages
        .iter()
        .map(|message| {
            (message.body["event"].as_str().unwrap(), message.body["retryCount"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [("envelope-sent", 0), ("envelope-sent", 1), ("envelope-delivered", 0), ("envelope-completed", 0)]
    );
    assert!(messages.iter().all(|message| signed_by("secret", message)));
    assert!(!messages.iter().any(|message| signed_by("other", message)));
    let summary = &messages[3].body["data"]["envelopeSummary"];
    assert_eq!(summary["customFields"]["textCustomFields"][0]["value"], "CT-1");
    let failures =
        format!("/restapi/v2.1/accounts/{}/connect/failures", client.settings["accountId"].as_str().unwrap());
    assert_eq!(client.get(&failures).await.body["totalRecords"], "0");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_away_gets_its_messages_after_a_restart() {
    let folder = folder();
    let first = sandbox(folder.path()).await;
    let client = signed_in(&first).await;
    first.connect_docusign("http://127.0.0.1:9/hook".into(), "secret").unwrap();
    let id = created(&client, "CT-1").await;
    let failures =
        format!("/restapi/v2.1/accounts/{}/connect/failures", client.settings["accountId"].as_str().unwrap());
    for _ in 0..100 {
        if client.get(&failures).await.body["totalRecords"] == "1" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(client.get(&failures).await.body["failures"][0]["envelopeId"], id);
    first.stop().await;
    let second = sandbox(folder.path()).await;
    let receiver = Receiver::start(&[]).await;
    second.connect_docusign(receiver.url.clone(), "secret").unwrap();
    let messages = receiver.expect(1).await;
    assert_eq!(messages[0].body["event"], "envelope-sent");
    second.stop().await;
}

#[tokio::test]
async fn webhooks_come_twice_late_and_out_of_order_under_faults() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let receiver = Receiver::start(&[]).await;
    sandbox.connect_docusign(receiver.url.clone(), "secret").unwrap();
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(created(&client, &format!("CT-{n}")).await);
    }
    receiver.expect(12).await;
    sandbox.set_faults(1.0);
    for id in &ids {
        sandbox.sign(id).unwrap();
    }
    let faults = loop {
        let ledger = sandbox.ledger().systems["docusign"].clone();
        let drawn: u64 = ledger.faults.values().sum();
        if drawn >= 24 {
            break ledger.faults;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let messages = receiver.expect(12 + 24 + usize::try_from(faults["webhook-duplicated"]).unwrap()).await;
    assert!(faults.contains_key("webhook-reordered") && faults.contains_key("webhook-late"));
    let place = |id: &str, event: &str| {
        messages.iter().position(|m| m.body["data"]["envelopeId"] == id && m.body["event"] == event).unwrap()
    };
    assert!(
        ids.iter().any(|id| place(id, "envelope-completed") < place(id, "envelope-delivered")),
        "some message overtook the one before it"
    );
    sandbox.stop().await;
}

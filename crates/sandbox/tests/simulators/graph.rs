//! Microsoft Graph, files.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{CONTENT_RANGE, IF_MATCH};
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;

use crate::client::{Answer, Client, answered, folder, sandbox};
use crate::receiver::Receiver;

pub(crate) async fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "graph");
    let path = format!("/{}/oauth2/v2.0/token", client.settings["tenantId"].as_str().unwrap());
    let answer = client
        .form(
            &path,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &client.credentials["clientId"]),
                ("client_secret", &client.credentials["clientSecret"]),
                ("scope", "https://graph.microsoft.com/.default"),
            ],
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    client.token = answer.body["access_token"].as_str().unwrap().to_owned();
    client
}

pub(crate) fn drive(client: &Client) -> String {
    let id: String =
        url::form_urlencoded::byte_serialize(client.settings["driveId"].as_str().unwrap().as_bytes())
            .collect();
    format!("/v1.0/drives/{id}")
}

async fn folder_made(client: &Client, parent: &str, name: &str, behaviour: &str) -> Answer {
    let body = json!({"name": name, "folder": {}, "@microsoft.graph.conflictBehavior": behaviour});
    client.post(&format!("{}/{parent}/children", drive(client)), &body).await
}

pub(crate) async fn put(client: &Client, place: &str, content: &str, if_match: Option<&str>) -> Answer {
    let path = format!("{}/{place}", drive(client));
    let mut request =
        client.request(Method::PUT, &path).header("content-type", "text/plain").body(content.to_owned());
    if let Some(etag) = if_match {
        request = request.header(IF_MATCH, etag);
    }
    answered(request).await
}

#[tokio::test]
async fn folders_are_made_once() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let missing = folder_made(&client, "root:/Contracts:", "CT-1", "fail").await;
    assert_eq!((missing.status, &missing.body["error"]["code"]), (404, &json!("itemNotFound")));
    let made = folder_made(&client, "root", "Contracts", "fail").await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let first = folder_made(&client, "root:/Contracts:", "CT-1 Acme & Söhne", "fail").await;
    let again = folder_made(&client, "root:/contracts:", "ct-1 acme & söhne", "fail").await;
    assert_eq!((first.status, again.status), (201, 409));
    assert_eq!(again.body["error"]["code"], "nameAlreadyExists");
    let renamed = folder_made(&client, "root:/Contracts:", "CT-1 Acme & Söhne", "rename").await;
    assert_eq!(renamed.body["name"], "CT-1 Acme & Söhne 1");
    let replaced = folder_made(&client, "root:/Contracts:", "CT-1 Acme & Söhne", "replace").await;
    assert_eq!((replaced.status, &replaced.body["id"]), (200, &first.body["id"]));
    let by_path =
        client.get(&format!("{}/root:/Contracts/CT-1%20Acme%20%26%20S%C3%B6hne", drive(&client))).await;
    assert_eq!(by_path.body["id"], first.body["id"]);
    assert!(by_path.body["parentReference"]["path"].as_str().unwrap().ends_with("/root:/Contracts"));
    let bad = folder_made(&client, "root", "a:b", "fail").await;
    assert_eq!((bad.status, &bad.body["error"]["code"]), (400, &json!("invalidRequest")));
    let page =
        client.get(&format!("{}/root:/Contracts:/children?$top=1&$select=name", drive(&client))).await.body;
    assert_eq!(page["value"], json!([{"name": "CT-1 Acme & Söhne"}]));
    let next = client.get(page["@odata.nextLink"].as_str().unwrap()).await.body;
    assert_eq!(
        (&next["value"][0]["name"], next.get("@odata.nextLink")),
        (&json!("CT-1 Acme & Söhne 1"), None)
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn content_is_written_replaced_and_read_under_the_right_etag() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let made = put(&client, "root:/A/B/note.txt:/content", "one", None).await;
    assert_eq!((made.status, &made.body["size"]), (201, &json!(3)));
    assert_eq!(made.body["file"]["mimeType"], "text/plain");
    let id = made.body["id"].as_str().unwrap();
    let etag = made.body["eTag"].as_str().unwrap();
    let replaced = put(&client, &format!("items/{id}/content"), "two!", Some(etag)).await;
    assert_eq!((replaced.status, &replaced.body["id"]), (200, &json!(id)));
    assert_ne!(replaced.body["file"]["hashes"], made.body["file"]["hashes"]);
    let stale = put(&client, "root:/A/B/note.txt:/content", "three", Some(etag)).await;
    assert_eq!((stale.status, &stale.body["error"]["code"]), (412, &json!("resourceModified")));
    let read = client.get(&format!("{}/items/{id}/content", drive(&client))).await;
    assert_eq!((read.status, read.bytes.as_slice()), (200, b"two!".as_slice()));
    let old_pass = made.body["@microsoft.graph.downloadUrl"].as_str().unwrap();
    assert_eq!(client.get(old_pass).await.status, 401, "an address passes one version only");

    let parent = made.body["parentReference"]["id"].as_str().unwrap();
    let moved = client
        .send(Method::PATCH, &format!("{}/items/{parent}", drive(&client)), &json!({"name": "C"}))
        .await;
    assert_eq!(moved.status, 200, "{:?}", moved.body);
    assert_eq!(client.get(&format!("{}/root:/A/C/note.txt", drive(&client))).await.body["id"], id);
    let gone = answered(client.request(Method::DELETE, &format!("{}/root:/A", drive(&client)))).await;
    assert_eq!(gone.status, 204);
    assert_eq!(client.get(&format!("{}/items/{id}", drive(&client))).await.status, 404);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_upload_session_goes_on_where_it_was_cut_off() {
    let folder = folder();
    let first = sandbox(folder.path()).await;
    let client = signed_in(&first).await;
    let path = format!("{}/root:/big.bin:/createUploadSession", drive(&client));
    let session =
        client.post(&path, &json!({"item": {"@microsoft.graph.conflictBehavior": "replace"}})).await.body;
    let upload = session["uploadUrl"].as_str().unwrap();
    assert_eq!(session["nextExpectedRanges"], json!(["0-"]));
    let content: Vec<u8> = (0..400_u32 << 10).map(|n| n.to_le_bytes()[1]).collect();
    let half = 320 << 10;
    let send = |from: usize, until: usize| {
        let range = format!("bytes {from}-{}/{}", until - 1, content.len());
        client.request(Method::PUT, upload).header(CONTENT_RANGE, range).body(content[from..until].to_vec())
    };
    let odd = answered(send(0, 1000)).await;
    assert_eq!((odd.status, &odd.body["error"]["code"]), (400, &json!("invalidRequest")));
    let one = answered(send(0, half)).await;
    assert_eq!((one.status, &one.body["nextExpectedRanges"]), (202, &json!([format!("{half}-")])));
    first.stop().await;
    let second = sandbox(folder.path()).await;
    let twice = answered(send(0, half)).await;
    assert_eq!((twice.status, &twice.body["error"]["code"]), (416, &json!("invalidRange")));
    assert_eq!(client.get(upload).await.body["nextExpectedRanges"], json!([format!("{half}-")]));
    let two = answered(send(half, content.len())).await;
    assert_eq!((two.status, &two.body["size"]), (201, &json!(content.len())));
    let read = client.get(&format!("{}/root:/big.bin:/content", drive(&client))).await;
    assert_eq!(read.bytes, content);
    assert_eq!(client.get(upload).await.status, 404);
    second.stop().await;
}

#[tokio::test]
async fn delta_tells_what_has_changed_since() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    for name in ["a", "b", "c"] {
        folder_made(&client, "root", name, "fail").await;
    }
    let mut url = format!("{}/root/delta?$top=2", drive(&client));
    let mut seen = BTreeMap::new();
    let link = loop {
        let page = client.get(&url).await.body;
        for item in page["value"].as_array().unwrap() {
            seen.insert(item["name"].as_str().unwrap().to_owned(), item["id"].clone());
        }
        match page["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break page["@odata.deltaLink"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["a", "b", "c", "root"]);
    assert_eq!(client.get(&link).await.body["value"], json!([]));
    answered(client.request(Method::DELETE, &format!("{}/root:/b", drive(&client)))).await;
    put(&client, "root:/a/x.txt:/content", "x", None).await;
    let changed = client.get(&link).await.body;
    let told: Vec<(&Value, bool)> =
        changed["value"].as_array().unwrap().iter().map(|i| (&i["id"], i.get("deleted").is_some())).collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&(&seen["b"], true)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_subscription_needs_its_echo_and_then_tells_of_changes() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let receiver = Receiver::start(&[]).await;
    let resource = format!("/drives/{}/root", client.settings["driveId"].as_str().unwrap());
    let soon = expiration(&client).await;
    let wanted = |url: &str| {
        json!({
            "changeType": "updated", "notificationUrl": url, "resource": resource, "clientState": "s3cret",
            "expirationDateTime": soon,
        })
    };
    let deaf = client.post("/v1.0/subscriptions", &wanted("http://127.0.0.1:9/hook")).await;
    assert_eq!((deaf.status, &deaf.body["error"]["code"]), (400, &json!("ValidationError")));
    let made = client.post("/v1.0/subscriptions", &wanted(&receiver.url)).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    folder_made(&client, "root", "a", "fail").await;
    let told = receiver.expect(1).await;
    assert_eq!(told[0].body["value"][0]["clientState"], "s3cret");
    assert_eq!(told[0].body["value"][0]["subscriptionId"], made.body["id"]);
    sandbox.stop().await;
}

/// A day after the server's own time.
pub(crate) async fn expiration(client: &Client) -> String {
    put(client, "root:/now.txt:/content", "", None).await;
    let item = client.get(&format!("{}/root:/now.txt", drive(client))).await.body;
    let now: jiff::Timestamp = item["lastModifiedDateTime"].as_str().unwrap().parse().unwrap();
    (now + jiff::SignedDuration::from_hours(24)).to_string()
}

#[tokio::test]
async fn throttling_with_and_without_retry_after_and_stale_etags_under_faults() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let mut client = signed_in(&sandbox).await;
    let etag =
        put(&client, "root:/x.txt:/content", "x", None).await.body["eTag"].as_str().unwrap().to_owned();
    let (mut with, mut without, mut stale) = (0, 0, 0);
    for _ in 0..400 {
        sandbox.set_faults(1.0);
        let path = format!("{}/root:/x.txt", drive(&client));
        let request = client.request(Method::PATCH, &path).header(IF_MATCH, &etag).json(&json!({})).send();
        let answer = tokio::time::timeout(std::time::Duration::from_millis(200), request).await;
        sandbox.set_faults(0.0);
        let Ok(Ok(answer)) = answer else { continue };
        match answer.status().as_u16() {
            429 if answer.headers().contains_key("retry-after") => with += 1,
            429 => without += 1,
            412 => stale += 1,
            401 => client = signed_in(&sandbox).await,
            _ => {}
        }
        if with > 0 && without > 0 && stale > 0 {
            break;
        }
    }
    let faults = sandbox.ledger().systems["graph"].faults.clone();
    assert_eq!(with, faults["throttled"]);
    assert_eq!(without, faults["throttled-silently"]);
    assert_eq!(stale, faults["stale-etag"]);
    sandbox.stop().await;
}

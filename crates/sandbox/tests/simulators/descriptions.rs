//! Salesforce, DocuSign and Graph against the vendors' own descriptions, where they are at hand: what we answer is what they
//! know, under the same names and of the same types.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{folder, sandbox};
use crate::receiver::Receiver;
use crate::{docusign, graph, salesforce};

/// A vendor's file; none: said, and the test passes unproven.
fn vendor(file: &str) -> Option<String> {
    let shared = std::env::var_os("THROUGHLINE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("vendor").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    text
}

/// Every property of `ours` is one of the definition's and of its type, all the way down. Properties that came after the
/// description are known from the models of the vendor's newest library, which are added under `models`.
fn fits(swagger: &Value, definition: &str, ours: &Value, path: &str) {
    let properties = &swagger["definitions"][definition]["properties"];
    assert!(properties.is_object(), "{definition} is not described");
    for (name, value) in ours.as_object().unwrap() {
        let described = &properties[name];
        let model = format!("{}{}", definition[..1].to_uppercase(), &definition[1..]);
        if described.is_null() && !swagger["models"][&model][name].is_null() {
            continue;
        }
        assert!(!described.is_null(), "{path}.{name} is no property of {definition}");
        let refers = |to: &Value| to["$ref"].as_str().and_then(|to| to.rsplit('/').next()).map(str::to_owned);
        if let Some(inner) = refers(described) {
            fits(swagger, &inner, value, &format!("{path}.{name}"));
        } else if let Some(entries) = value.as_array() {
            assert_eq!(described["type"], "array", "{path}.{name}");
            if let Some(inner) = refers(&described["items"]) {
                entries.iter().for_each(|entry| fits(swagger, &inner, entry, &format!("{path}.{name}[]")));
            }
        } else if !value.is_null() {
            assert_eq!(described["type"], "string", "{path}.{name}");
            assert!(value.is_string(), "{path}.{name} is {value} and should be text");
        }
    }
}

#[tokio::test]
async fn docusign_answers_are_as_described() {
    let Some(swagger) = vendor("docusign/esignature.rest.swagger-v2.1.trimmed.json") else { return };
    let mut swagger: Value = serde_json::from_str(&swagger).unwrap();
    let Some(library) = vendor("docusign/esign-sdk-6.1.0.models.json") else { return };
    swagger["models"] = serde_json::from_str::<Value>(&library).unwrap()["models"].take();
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let receiver = Receiver::start(&[]).await;
    sandbox.connect_docusign(receiver.url.clone(), "secret").unwrap();
    let client = docusign::signed_in(&sandbox).await;
    let path = docusign::envelopes(&client);
    let made = client.post(&path, &docusign::definition("CT-1")).await.body;
    fits(&swagger, "envelopeSummary", &made, "created");
    let id = made["envelopeId"].as_str().unwrap();
    sandbox.sign(id).unwrap();
    let include = "include=custom_fields,recipients,documents";
    let one = client.get(&format!("{path}/{id}?{include}")).await.body;
    fits(&swagger, "envelope", &one, "envelope");
    let list = client.get(&format!("{path}?transaction_ids=CT-1&{include}")).await.body;
    fits(&swagger, "envelopesInformation", &list, "list");
    fits(&swagger, "recipients", &client.get(&format!("{path}/{id}/recipients")).await.body, "recipients");
    fits(
        &swagger,
        "envelopeDocumentsResult",
        &client.get(&format!("{path}/{id}/documents")).await.body,
        "documents",
    );
    fits(
        &swagger,
        "customFieldsEnvelope",
        &client.get(&format!("{path}/{id}/custom_fields")).await.body,
        "fields",
    );

    let Some(example) = vendor("docusign/connect.schema-v2.json") else { return };
    let example: Value = serde_json::from_str(&example).unwrap();
    for message in receiver.expect(3).await {
        for place in ["", "/data"] {
            let known = example.pointer(place).unwrap();
            for name in message.body.pointer(place).unwrap().as_object().unwrap().keys() {
                assert!(known.get(name).is_some(), "{place}/{name} is not in the vendor's example");
            }
        }
        fits(&swagger, "envelope", &message.body["data"]["envelopeSummary"], "summary");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn salesforce_describes_as_recorded() {
    let described = "salesforce/recorded-cumulusci/GET_sobjects_Custom__c_describe.yaml";
    let Some(attributes) = vendor(described) else { return };
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = salesforce::signed_in(&sandbox).await;
    for object in ["Account", "Opportunity"] {
        let ours = client.get(&format!("/services/data/v62.0/sobjects/{object}/describe")).await.body;
        let recording = format!("salesforce/recorded-cumulusci/GET_sobjects_{object}_describe.yaml");
        let Some(theirs) = vendor(&recording) else { return };
        // The recording breaks and escapes its lines; without that, it is JSON.
        let theirs: String = theirs
            .replace("\\n", "")
            .chars()
            .filter(|character| !character.is_whitespace() && *character != '\\')
            .collect();
        for field in ours["fields"].as_array().unwrap() {
            for attribute in field.as_object().unwrap().keys() {
                assert!(
                    attributes.contains(&format!("\"{attribute}\":")),
                    "{attribute} is no attribute of a field"
                );
            }
            let name = field["name"].as_str().unwrap();
            let optional = ["CurrencyIsoCode", "DunsNumber"].contains(&name);
            if field["custom"] == false && !optional {
                assert!(
                    theirs.contains(&format!("\"name\":\"{name}\"")),
                    "{object}.{name} is not in the recording"
                );
            }
        }
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn graph_items_are_as_described() {
    let Some(metadata) = vendor("microsoft-graph/v1.0-drive-subscription.trimmed.csdl.xml") else { return };
    let described = |kind: &str, name: &str| {
        let start = metadata.find(&format!("<EntityType Name=\"{kind}\"")).unwrap();
        let end = metadata[start..].find("</EntityType>").unwrap();
        metadata[start..start + end].contains(&format!("Property Name=\"{name}\""))
    };
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = graph::signed_in(&sandbox).await;
    graph::put(&client, "root:/a/x.txt:/content", "x", None).await;
    for path in ["root", "root:/a", "root:/a/x.txt"] {
        let item = client.get(&format!("{}/{path}", graph::drive(&client))).await.body;
        for name in item.as_object().unwrap().keys().filter(|name| !name.starts_with('@')) {
            let known = ["driveItem", "baseItem", "entity"].iter().any(|kind| described(kind, name));
            assert!(known, "{path}: {name} is no property of a driveItem");
        }
    }
    let receiver = Receiver::start(&[]).await;
    let resource = format!("/drives/{}/root", client.settings["driveId"].as_str().unwrap());
    let soon = graph::expiration(&client).await;
    let wanted = json!({"changeType": "updated", "notificationUrl": receiver.url, "resource": resource,
        "expirationDateTime": soon});
    let made = client.post("/v1.0/subscriptions", &wanted).await;
    assert_eq!(made.status, 201);
    for name in made.body.as_object().unwrap().keys() {
        assert!(
            ["subscription", "entity"].iter().any(|kind| described(kind, name)),
            "{name} of a subscription"
        );
    }
    sandbox.stop().await;
}

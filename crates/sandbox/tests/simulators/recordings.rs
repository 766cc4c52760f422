//! The simulators against what the vendors publish, where it is at hand: every attribute of a recorded answer is in ours, and
//! every field of a page is in the vendor's own description.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{folder, sandbox};
use crate::{business_central, kantata};

/// The folder of the vendors' descriptions; none: said, and the test passes unproven.
fn vendor(file: &str) -> Option<Value> {
    let shared = std::env::var_os("THROUGHLINE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("vendor").join(file);
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(_) => {
            println!("skipped: {} is not there", path.display());
            None
        }
    }
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// The first answer of a recording and the collection it lists.
fn recorded(name: &str) -> Option<(String, Value)> {
    let recording = vendor(&format!("kantata/recorded-mavenlink/{name}.json"))?;
    let body = recording[0]["response"]["body"].clone();
    Some((body["results"][0]["key"].as_str().unwrap().to_owned(), body))
}

#[tokio::test]
async fn kantata_answers_hold_what_the_recordings_hold() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = kantata::signed_in(&sandbox);
    let made = async |collection: &str, body: Value| {
        let answer = client.post(&format!("/api/v1/{collection}"), &body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["results"][0]["id"].as_str().unwrap().to_owned()
    };
    let workspace = made(
        "workspaces",
        json!({"workspace": {"title": "Project", "creator_role": "maven", "price": 50_000}}),
    )
    .await;
    made("stories", json!({"story": {"title": "Task", "story_type": "task", "workspace_id": workspace}}))
        .await;
    let group = made("workspace_groups", json!({"workspace_group": {"name": "Acme", "company": true}})).await;
    made(
        "custom_field_values",
        json!({"custom_field_value": {"subject_type": "workspace_group", "subject_id": group,
        "custom_field_id": "602325", "value": "C-1"}}),
    )
    .await;
    made("time_entries", json!({"time_entry": {"workspace_id": workspace, "date_performed": "2026-01-31", "time_in_minutes": 5}})).await;
    for name in [
        "Mavenlink-Workspace-retrieve-should-be-retrievable",
        "Mavenlink-Workspace-list-should-be-listable",
        "Mavenlink-Story-should-be-listable",
        "Mavenlink-Story-should-be-retrievable",
        "Mavenlink-WorkspaceGroup-list-should-be-listable",
        "Mavenlink-WorkspaceGroup-retrieve-should-be-retrievable",
        "Mavenlink-CustomFieldValue-retrieve-should-be-retrievable",
    ] {
        let Some((collection, theirs)) = recorded(name) else { return };
        let ours = client.get(&format!("/api/v1/{collection}")).await.body;
        assert_eq!(keys(&ours), keys(&theirs), "{name}: envelope");
        assert_eq!(keys(&ours["meta"]), keys(&theirs["meta"]), "{name}: meta");
        let first = |body: &Value| body[&collection][body["results"][0]["id"].as_str().unwrap()].clone();
        let missing: Vec<String> = keys(&first(&theirs)).difference(&keys(&first(&ours))).cloned().collect();
        assert!(missing.is_empty(), "{name}: {missing:?} are in the recording and not in ours");
    }
    let Some((_, theirs)) = recorded("Mavenlink-Invoice-should-be-retrievable-with-includes") else { return };
    let ours = client.get("/api/v1/time_entries").await.body;
    let entry = |body: &Value| body["time_entries"].as_object().unwrap().values().next().cloned().unwrap();
    let missing: Vec<String> = keys(&entry(&theirs)).difference(&keys(&entry(&ours))).cloned().collect();
    assert!(missing.is_empty(), "time entries: {missing:?}");
}

#[tokio::test]
async fn kantata_objects_hold_only_what_the_specification_knows() {
    let Some(specification) = vendor("kantata/specification.json") else { return };
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = kantata::signed_in(&sandbox);
    let workspace = client
        .post(
            "/api/v1/workspaces",
            &json!({"workspace": {"title": "Project", "creator_role": "maven",
        "external_reference": {"service_name": "a", "service_model": "b", "service_model_ref": "c"}}}),
        )
        .await
        .body;
    let workspace = workspace["results"][0]["id"].as_str().unwrap();
    client.post("/api/v1/time_entries", &json!({"time_entry": {"workspace_id": workspace, "date_performed": "2026-01-31", "time_in_minutes": 5}})).await;
    client.post("/api/v1/expenses", &json!({"expense": {"workspace_id": workspace, "date": "2026-01-31", "category": "Travel", "amount_in_cents": 5}})).await;
    for (collection, query) in [
        ("time_entries", ""),
        ("expenses", ""),
        ("users", ""),
        ("external_references", "?subject_type=Workspace"),
        ("subscribed_events", ""),
    ] {
        let ours = client.get(&format!("/api/v1/{collection}{query}")).await.body;
        let known: BTreeSet<String> = specification[collection]["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        let first = ours[collection].as_object().unwrap().values().next().unwrap();
        let unknown: Vec<String> = keys(first).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{collection}: {unknown:?} are not in the vendor's specification");
    }
}

#[tokio::test]
async fn business_central_pages_are_those_of_the_product() {
    let Some(described) = vendor("business-central/api-v2.0-subsbilling-expense.pages.json") else { return };
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = business_central::signed_in(&sandbox).await;
    let base = business_central::company(&client, "DE");
    let made = async |set: &str, body: Value| {
        let answer = client.post(&format!("{base}/{set}"), &body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body
    };
    made("customers", json!({"number": "CU-1", "displayName": "Acme"})).await;
    made("projects", json!({"number": "PJ-1", "displayName": "Project"})).await;
    made("salesInvoices", json!({"customerNumber": "CU-1", "salesInvoiceLines": [{"quantity": 1}]})).await;
    for set in ["customers", "projects", "salesInvoices", "salesInvoiceLines"] {
        let page = described["pages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|page| {
                page["EntitySetName"] == set
                    && page["APIVersion"] == "v2.0"
                    && page.get("APIGroup").is_none_or(Value::is_null)
            })
            .unwrap();
        let fields = page["fields"].as_array().unwrap();
        let ours = client.get(&format!("{base}/{set}")).await.body["value"][0].clone();
        for name in keys(&ours).iter().filter(|name| !name.starts_with('@')) {
            let field = fields.iter().find(|field| field["name"] == *name);
            let field = field.unwrap_or_else(|| panic!("{set}.{name} is no field of the product's page"));
            let fits = match field["type"].as_str() {
                Some("Edm.String" | "Edm.Guid" | "Edm.Date" | "Edm.DateTimeOffset") => ours[name].is_string(),
                Some("Edm.Decimal" | "Edm.Int32") => ours[name].is_number(),
                Some("Edm.Boolean") => ours[name].is_boolean(),
                _ => true,
            };
            assert!(fits, "{set}.{name} is {} and should be {}", ours[name], field["type"]);
            let Some(length_max) = field["maxLength"].as_u64().filter(|_| field["readOnly"] != true) else {
                continue;
            };
            let long = "x".repeat(usize::try_from(length_max).unwrap() + 1);
            let answer = client.post(&format!("{base}/{set}"), &json!({name: long})).await;
            assert_eq!(answer.status, 400, "{set}.{name} takes more than {length_max} characters");
        }
    }
}

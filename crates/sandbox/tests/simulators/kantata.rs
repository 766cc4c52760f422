//! Kantata.

use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;

use crate::client::{Answer, Client, answered, folder, sandbox};

const API: &str = "/api/v1";

pub(crate) fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "kantata");
    client.token = client.credentials["token"].clone();
    client
}

fn only(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let result = &answer.body["results"][0];
    &answer.body[result["key"].as_str().unwrap()][result["id"].as_str().unwrap()]
}

fn project(title: &str, reference: &str) -> Value {
    json!({"workspace": {"title": title, "creator_role": "maven", "currency": "EUR", "price": 50_000,
        "external_reference": {"service_name": "throughline", "service_model": "project", "service_model_ref": reference}}})
}

async fn workspace(client: &Client, title: &str, reference: &str) -> String {
    let answer = client.post(&format!("{API}/workspaces.json"), &project(title, reference)).await;
    only(&answer)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn errors_are_written_as_the_vendor_does() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let stranger = Client::new(&sandbox, "kantata");
    let refused = stranger.get(&format!("{API}/workspaces")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.body, json!({"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}));
    let client = signed_in(&sandbox);
    let id = workspace(&client, "Project", "PJ-1").await;
    for (collection, body, field, message) in [
        ("workspaces", json!({"workspace": {"creator_role": "maven"}}), "title", "Title can't be blank"),
        (
            "workspaces",
            json!({"workspace": {"title": "x", "creator_role": "guest"}}),
            "creator_role",
            "Creator role is not included in the list",
        ),
        (
            "workspaces",
            json!({"workspace": {"title": "x", "creator_role": "maven", "currency": "XXX"}}),
            "currency",
            "Currency is not included in the list",
        ),
        (
            "stories",
            json!({"story": {"title": "x", "story_type": "task", "workspace_id": "1"}}),
            "workspace_id",
            "Workspace must exist",
        ),
        (
            "stories",
            json!({"story": {"title": "x", "story_type": "epic", "workspace_id": id}}),
            "story_type",
            "Story type is not included in the list",
        ),
        (
            "stories",
            json!({"story": {"title": "x", "story_type": "task", "workspace_id": id, "parent_id": "7"}}),
            "parent_id",
            "Parent must be a story of the same workspace",
        ),
        (
            "stories",
            json!({"story": {"title": "x", "story_type": "task", "workspace_id": id, "due_date": "soon"}}),
            "due_date",
            "Due date is not a valid date",
        ),
        (
            "time_entries",
            json!({"time_entry": {"workspace_id": id, "date_performed": "2026-01-31"}}),
            "time_in_minutes",
            "Time in minutes can't be blank",
        ),
    ] {
        let answer = client.post(&format!("{API}/{collection}"), &body).await;
        assert_eq!(answer.status, 422, "{body}: {:?}", answer.body);
        assert_eq!(
            answer.body,
            json!({"errors": [{"type": "validation", "message": message, "field": field}]})
        );
    }
    assert_eq!(client.get(&format!("{API}/workspaces/7")).await.status, 404);
    assert_eq!(client.get(&format!("{API}/external_references")).await.status, 400);
}

#[tokio::test]
async fn a_reference_is_found_and_kept_by_nobody() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox);
    let id = workspace(&client, "Project", "PJ-1").await;
    let query = "subject_type=Workspace&service_name=throughline&service_model=project&service_model_ref=PJ-1&include=subject";
    let found = client.get(&format!("{API}/external_references.json?{query}")).await;
    assert_eq!((found.body["count"].as_u64(), only(&found)["subject_id"].to_string()), (Some(1), id.clone()));
    assert_eq!(found.body["workspaces"][&id]["price"], "€50,000");
    let query = "external_reference_service_name=throughline&external_reference_service_model=project&external_reference_service_model_ref=PJ-1";
    assert_eq!(only(&client.get(&format!("{API}/workspaces?{query}")).await)["id"], id.as_str());
    let second = workspace(&client, "Project", "PJ-1").await;
    assert_ne!(second, id, "a repeated POST makes a second project");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.systems["kantata"].collections["workspaces"].duplicates, ["throughline/project/PJ-1"]);
}

#[tokio::test]
async fn stories_form_a_tree_and_are_read_page_by_page() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox);
    let project = workspace(&client, "Project", "PJ-1").await;
    let story = async |title: &str, parent: Option<&str>| {
        let mut body = json!({"story": {"title": title, "story_type": "task", "workspace_id": project,
            "budget_estimate_in_cents": 12_345, "unheard_of": true,
            "external_reference": {"service_name": "throughline", "service_model": "work-package", "service_model_ref": title}}});
        if let Some(parent) = parent {
            body["story"]["parent_id"] = parent.into();
        }
        only(&client.post(&format!("{API}/stories"), &body).await).clone()
    };
    let root = story("WP-0", None).await;
    assert!(root.get("unheard_of").is_none());
    let root = root["id"].as_str().unwrap().to_owned();
    for number in 1..=4 {
        story(&format!("WP-{number}"), Some(&root)).await;
    }
    let read = client.get(&format!("{API}/stories/{root}?include=sub_stories,workspace")).await;
    let read_root = &read.body["stories"][&root];
    assert_eq!((&read_root["sub_story_count"], &read_root["subtree_depth"]), (&json!(4), &json!(1)));
    assert_eq!(read_root["sub_story_ids"].as_array().unwrap().len(), 4);
    assert!(read.body["workspaces"][&project].is_object());
    let mut found = Vec::new();
    for page in 1..=3 {
        let path = format!(
            "{API}/stories.json?workspace_id={project}&include=external_references&page={page}&per_page=2"
        );
        let answer = client.get(&path).await;
        assert_eq!(
            answer.body["meta"],
            json!({"count": 5, "page_count": 3, "page_number": page, "page_size": 2})
        );
        for result in answer.body["results"].as_array().unwrap() {
            let story = &answer.body["stories"][result["id"].as_str().unwrap()];
            let reference = story["external_reference_ids"][0].as_str().unwrap();
            found.push(answer.body["external_references"][reference]["service_model_ref"].clone());
        }
    }
    assert_eq!(found, ["WP-0", "WP-1", "WP-2", "WP-3", "WP-4"]);
}

#[tokio::test]
async fn time_is_recorded_changed_and_deleted_and_the_feed_tells() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox);
    let project = workspace(&client, "Project", "PJ-1").await;
    let entry = json!({"time_entry": {"workspace_id": project, "date_performed": "2026-01-31", "time_in_minutes": 90,
        "rate_in_cents": 15_000, "user_id": 12_000_015}});
    let answer = client.post(&format!("{API}/time_entries"), &entry).await;
    let id = only(&answer)["id"].as_str().unwrap().to_owned();
    assert_eq!((&only(&answer)["currency"], &only(&answer)["user_id"]), (&json!("EUR"), &json!("12000015")));
    let form = client
        .request(Method::PUT, &format!("{API}/time_entries/{id}"))
        .form(&[("time_entry[time_in_minutes]", "120"), ("time_entry[notes]", "Workshop")]);
    assert_eq!(only(&answered(form).await)["time_in_minutes"], 120);
    let range = client.get(&format!("{API}/time_entries?date_performed_between=2026-02-01:")).await;
    assert_eq!(range.body["count"], 0);
    let gone = client.send(Method::DELETE, &format!("{API}/time_entries/{id}"), &Value::Null).await;
    assert_eq!(gone.status, 204);
    let kinds = "event_types=time_entry:created,time_entry:updated,time_entry:deleted";
    let feed = client.get(&format!("{API}/subscribed_events.json?{kinds}")).await;
    let mut told: Vec<&str> = feed.body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            feed.body["subscribed_events"][result["id"].as_str().unwrap()]["event_type"].as_str().unwrap()
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["time_entry:created", "time_entry:deleted", "time_entry:updated"]);
}

#[tokio::test]
async fn a_refusal_never_says_how_long_to_wait() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox);
    sandbox.set_faults(1.0);
    let mut refused = 0;
    for _ in 0..100 {
        if refused > 0 {
            break;
        }
        let Ok(answer) = client.request(Method::GET, &format!("{API}/users")).send().await else { continue };
        if answer.status().as_u16() == 429 {
            refused += 1;
            assert!(answer.headers().get("retry-after").is_none());
        }
    }
    assert!(refused > 0);
    assert!(!sandbox.ledger().systems["kantata"].faults.contains_key("throttled"));
}

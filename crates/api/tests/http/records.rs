//! Records, links, counts, flows, systems: what can be read.

use serde_json::{Value, json};
use throughline_hub::store::{Effect, Entry, EntryKind, NewRun, RunId, Transition};

use crate::running::Running;

/// Stores two versions of a record and a link, as a run would.
async fn furnish(running: &Running) {
    let store = running.hub.store();
    let now = running.hub.clock().now();
    let record = |id: &str, body: Value| Effect::Record {
        tenant: "default".to_owned(),
        noun: "customer".to_owned(),
        id: id.to_owned(),
        hash: body.to_string(),
        body: body.to_string().into_bytes(),
    };
    let link = Effect::Link {
        tenant: "default".to_owned(),
        noun: "customer".to_owned(),
        canonical_id: "CU-1".to_owned(),
        system: "callers".to_owned(),
        system_id: "4711".to_owned(),
        version: Some(1),
        url: Some("https://localhost:1/4711".to_owned()),
    };
    let create = NewRun {
        flow: "echo".to_owned(),
        version: "1.0.0".to_owned(),
        definition: "none".to_owned(),
        tenant: "default".to_owned(),
        business_key: None,
        trigger: None,
        parent: None,
        created_at: now,
    };
    let entry = Entry { at: now, kind: EntryKind::Note, body: b"{\"text\":\"made by a test\"}".to_vec() };
    let mut first = Transition::of(RunId(1));
    first.create = Some(create);
    first.entries = vec![entry.clone()];
    first.effects = vec![
        record("CU-1", json!({"legalName": "Acme"})),
        record("CU-2", json!({"legalName": "Bolt"})),
        link,
    ];
    let committed = store.commit(first).await.unwrap();
    let mut second = Transition::of(RunId(1));
    second.expected_seq = committed.seq;
    second.entries = vec![entry];
    second.effects = vec![record("CU-1", json!({"legalName": "Acme Ltd"}))];
    store.commit(second).await.unwrap();
}

#[tokio::test]
async fn records_are_listed_shown_and_told_version_by_version() {
    let running = Running::start().await;
    furnish(&running).await;
    let list = running.get("/v1/records/customer?limit=1").await.json();
    assert_eq!((&list["records"][0]["id"], &list["next"]), (&json!("CU-1"), &json!("CU-1")));
    let rest = running.get("/v1/records/customer?limit=1&cursor=CU-1").await.json();
    assert_eq!((&rest["records"][0]["id"], rest.get("next")), (&json!("CU-2"), None));
    let shown = running.get("/v1/records/customer/CU-1").await.json();
    assert_eq!((&shown["version"], &shown["body"]), (&json!(2), &json!({"legalName": "Acme Ltd"})));
    let history = running.get("/v1/records/customer/CU-1/history").await.json();
    let versions: Vec<_> =
        history["versions"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(running.get("/v1/records/nothing").await.json()["records"], json!([]));
    insta::assert_json_snapshot!("no_record", running.get("/v1/records/customer/CU-9").await.problem(404));
    running.get("/v1/records/customer/CU-9/history").await.problem(404);
    running.get("/v1/records/customer/CU-1?tenant=other").await.problem(404);
    running.get("/v1/records/customer?limit=-1").await.problem(400);
}

#[tokio::test]
async fn links_are_found_from_either_side() {
    let running = Running::start().await;
    furnish(&running).await;
    for query in ["", "?id=CU-1", "?system=callers&systemId=4711", "?noun=customer&limit=500"] {
        let list = running.get(&format!("/v1/links{query}")).await.json();
        assert_eq!(list["links"][0]["url"], "https://localhost:1/4711", "{query}");
        assert_eq!(list["truncated"], false);
    }
    assert_eq!(running.get("/v1/links?id=CU-2").await.json()["links"], json!([]));
    running.get("/v1/links?name=x").await.problem(400);
    let runs = running.get("/v1/runs?system=callers").await.json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn counts_flows_and_systems_are_told() {
    let running = Running::start().await;
    furnish(&running).await;
    let counts = running.get("/v1/counts").await.json();
    assert_eq!(counts["records"], json!([{"noun": "customer", "records": 2}]));
    let flows = running.get("/v1/flows").await.json();
    let greet = flows["flows"].as_array().unwrap().iter().find(|f| f["name"] == "greet").unwrap().clone();
    assert_eq!(
        (&greet["startedBy"], &greet["file"]),
        (&json!(["test.guest.v1"]), &json!("flows/greet.yaml"))
    );
    let systems = running.get("/v1/systems").await.json();
    assert_eq!(systems["systems"][0]["name"], "callers");
    assert!(!systems.to_string().contains(crate::running::TOKEN));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let running = Running::start().await;
    insta::assert_json_snapshot!("nowhere", running.get("/v2/events").await.problem(404));
    insta::assert_json_snapshot!("method", running.get("/v1/events").await.problem(405));
    running.post("/v1/runs", &[], "").await.problem(405);
    running.get("/docs/errors/T0000").await.problem(404);
    let page = running.get("/docs/errors/T1003").await;
    assert!(page.content_type().starts_with("text/markdown"));
    running.get("/metrics").await.problem(404);
}

#[tokio::test]
async fn what_is_described_is_served_and_named_once() {
    let running = Running::start().await;
    let description: Value = serde_json::from_str(&throughline_api::openapi()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
            let request = http::Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(path.replace(['{', '}'], ""));
            let answer = running.send(request.body(axum::body::Body::empty()).unwrap()).await;
            let text = String::from_utf8_lossy(&answer.bytes);
            assert!(
                !text.contains("nothing is served") && answer.status.as_u16() != 405,
                "{method} {path}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn health_is_told_until_the_end() {
    let running = Running::start().await;
    assert_eq!(running.get("/healthz").await.json()["service"], "throughline");
    assert_eq!(running.get("/readyz").await.json()["runsActive"], 0);
    running.stop.cancel();
    assert_eq!(running.get("/healthz").await.status.as_u16(), 200);
    running.get("/readyz").await.problem(503);
    running.hub.stop().await;
    let refused = running.post("/v1/flows/echo/runs", &[], "{}").await;
    refused.problem(503);
    running.event(&crate::running::event("1", json!(1))).await.problem(503);
}

//! `POST /v1/events`.

use serde_json::{Value, json};

use crate::running::{Running, event};

const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");
const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");

#[tokio::test]
async fn an_event_is_taken_once_and_contradicted_never() {
    let running = Running::start().await;
    let first = running.event(&event("1", json!({"a": 1}))).await;
    assert_eq!((first.status.as_u16(), first.json()), (202, json!({"outcome": "accepted", "position": 1})));
    let again = running.event(&event("1", json!({"a": 1}))).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, json!({"outcome": "duplicate", "position": 1})));
    let other = running.event(&event("1", json!({"a": 2}))).await;
    insta::assert_json_snapshot!("conflict", other.problem(409));
    let kept = running.get("/v1/rejected/1").await.json();
    assert_eq!(kept["code"], "conflict");
    assert_eq!(
        serde_json::from_str::<Value>(kept["body"].as_str().unwrap()).unwrap(),
        event("1", json!({"a": 2}))
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_field_by_field_and_kept() {
    let running = Running::start().await;
    let wrong = json!({ "specversion": "0.3", "id": "", "type": "t", "Upper": 1 });
    insta::assert_json_snapshot!("not_an_event", running.event(&wrong).await.problem(422));
    let schema = json!({ "specversion": "1.0", "source": "/test", "id": "2", "type": "throughline.contract.signed.v1",
                         "data": { "contractId": "CT-0", "surplus": true } });
    let refused = running.event(&schema).await.problem(422);
    assert!(refused["problems"].as_array().unwrap().iter().all(|p| p["field"].is_string()), "{refused}");
    let list = running.get("/v1/rejected").await.json();
    assert_eq!(list["rejected"].as_array().unwrap().len(), 2);
    assert_eq!(list["rejected"][0]["via"], "api");
}

#[tokio::test]
async fn bodies_that_are_no_json_are_kept_as_they_came() {
    let running = Running::start().await;
    let check = async |headers: &[(&str, &str)], body: &[u8], said: &str| {
        let problem = running.post("/v1/events", headers, body.to_vec()).await.problem(422);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
        let kept = running.get(&format!("/v1/rejected/{}", problem["rejected"])).await.json();
        assert_eq!(kept["body"], String::from_utf8_lossy(body).into_owned());
    };
    check(&[STRUCTURED], b"{", "not JSON").await;
    check(&[STRUCTURED], b"", "not JSON").await;
    check(&[STRUCTURED], b"{\"id\":\"\xff\"}", "not UTF-8").await;
    check(&[BATCH], b"{}", "not a JSON array").await;
    check(&[BATCH], b"[{}, ", "not a JSON array").await;
    check(&[("content-type", "application/json"), ("ce-id", "1")], b"{\"a\":", "data: not JSON").await;
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let running = Running::start().await;
    let data = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"specversion":"1.0","source":"/t","id":"1","type":"t","data":{data}}}"#);
    running.post("/v1/events", &[STRUCTURED], body.clone()).await.problem(422);
    running.post("/v1/events", &[BATCH], format!("[{body}]")).await.problem(422);
}

#[tokio::test]
async fn a_batch_is_answered_event_by_event_and_its_counts_add_up() {
    let running = Running::start().await;
    let all = json!([event("1", json!(1)), event("2", json!(2))]);
    let taken = running.post("/v1/events", &[BATCH], all.to_string()).await;
    assert_eq!(taken.status.as_u16(), 202);
    let mixed = json!([event("1", json!(1)), event("2", json!(3)), event("3", json!(3)), 17]);
    let answer = running.post("/v1/events", &[BATCH], mixed.to_string()).await;
    assert_eq!(answer.status.as_u16(), 200);
    let answer = answer.json();
    let outcomes: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|r| r["outcome"].clone()).collect();
    assert_eq!(outcomes, ["duplicate", "conflict", "accepted", "rejected"]);
    let counts: i64 =
        ["accepted", "duplicates", "conflicts", "rejected"].iter().map(|n| answer[n].as_i64().unwrap()).sum();
    assert_eq!(counts, 4);
    let none = running.post("/v1/events", &[BATCH], "[1, {}]").await.problem(422);
    assert_eq!(none["results"].as_array().unwrap().len(), 2);
    let empty = running.post("/v1/events", &[BATCH], "[]").await;
    assert_eq!((empty.status.as_u16(), empty.json()["results"].clone()), (202, json!([])));
}

#[tokio::test]
async fn binary_mode_is_the_same_event() {
    let running = Running::start().await;
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-source", "/test"),
        ("ce-id", "b1"),
        ("ce-type", "test.guest.v1"),
        ("ce-subject", "M%C3%BCller%20%26%20Co"),
    ];
    let taken = running.post("/v1/events", &headers, r#"{"name":"Ada"}"#).await;
    assert_eq!(taken.status.as_u16(), 202);
    let stored = running.hub.store().event(throughline_hub::store::Position(1)).await.unwrap().unwrap();
    let stored: Value = serde_json::from_slice(&stored.body).unwrap();
    assert_eq!(
        stored,
        json!({"specversion": "1.0", "source": "/test", "id": "b1", "type": "test.guest.v1", "subject": "Müller & Co",
               "datacontenttype": "application/json", "data": {"name": "Ada"}})
    );
    // The same event in structured mode is a duplicate.
    let again = running.event(&stored).await;
    assert_eq!(again.json()["outcome"], "duplicate");
    let run = running.until("/v1/runs?flow=greet", |list| list["runs"][0]["status"] == "completed").await;
    assert_eq!(run["runs"][0]["key"], "Ada");
}

#[tokio::test]
async fn limits_are_named_and_oversized_events_leave_a_trace() {
    let running = Running::start().await;
    let large = event("1", json!("x".repeat(1 << 20))).to_string();
    let problem = running.post("/v1/events", &[STRUCTURED], large.clone()).await.problem(413);
    insta::assert_json_snapshot!("too_large", problem);
    let kept = running.get("/v1/rejected/1").await.json();
    assert_eq!(kept["body"].as_str().unwrap().len(), 1 << 20);
    // Within a batch only the oversized event is refused.
    let batch = format!("[{large},{}]", event("2", json!(2)));
    let answer = running.post("/v1/events", &[BATCH], batch).await.json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)));
    let many = format!("[{}]", vec!["1"; 1_001].join(","));
    running.post("/v1/events", &[BATCH], many).await.problem(413);
    let huge = format!("[{}]", " ".repeat(17 << 20));
    running.post("/v1/events", &[BATCH], huge).await.problem(413);
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let running = Running::start().await;
    insta::assert_json_snapshot!("media_type", running.post("/v1/events", &[], "{}").await.problem(415));
    for other in ["application/json", "text/plain", "application/cloudevents+xml", "application/cloudevents"]
    {
        running.post("/v1/events", &[("content-type", other)], "{}").await.problem(415);
    }
    let xml = [("content-type", "application/cloudevents+xml"), ("ce-id", "1")];
    running.post("/v1/events", &xml, "<event/>").await.problem(415);
    assert_eq!(running.get("/v1/rejected").await.json()["rejected"], json!([]));
}

#[tokio::test]
async fn tenants_are_kept_apart() {
    let running = Running::start().await;
    let one = json!({"specversion": "1.0", "source": "/t", "id": "1", "type": "test.guest.v1", "data": {"name": "Bo"}});
    for tenant in ["north", "south"] {
        let headers = [STRUCTURED, ("throughline-tenant", tenant)];
        let taken = running.post("/v1/events", &headers, one.to_string()).await;
        assert_eq!(taken.json()["outcome"], "accepted", "{tenant}");
    }
    let south =
        running.until("/v1/runs?tenant=south", |list| !list["runs"].as_array().unwrap().is_empty()).await;
    assert_eq!(south["runs"].as_array().unwrap().len(), 1);
    running
        .post("/v1/events", &[STRUCTURED, ("throughline-tenant", "a b")], one.to_string())
        .await
        .problem(400);
}

//! `POST /v1/webhooks/{system}/{webhook}`.

use serde_json::json;

use crate::running::{Running, TOKEN};

const PATH: &str = "/v1/webhooks/callers/calls";
const GENUINE: (&str, &str) = ("x-token", TOKEN);

#[tokio::test]
async fn a_genuine_call_becomes_an_event() {
    let running = Running::start().await;
    let answer = running.post(PATH, &[GENUINE], r#"{"id":"w1"}"#).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let stored = running.hub.store().event(throughline_hub::store::Position(1)).await.unwrap().unwrap();
    assert_eq!((stored.source.as_str(), stored.via.as_str()), ("/systems/callers", "webhook/callers"));
    // Sent twice it is one event; a call that means nothing to us is none.
    running.post(PATH, &[GENUINE], r#"{"id":"w1"}"#).await;
    assert_eq!(running.post(PATH, &[GENUINE], r#"{"nothing":true}"#).await.status.as_u16(), 200);
    assert!(running.hub.store().event(throughline_hub::store::Position(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_forged_call_is_refused_and_kept() {
    let running = Running::start().await;
    insta::assert_json_snapshot!("forged", running.post(PATH, &[], "{}").await.problem(401));
    running.post(PATH, &[("x-token", "another")], "{}").await.problem(401);
    let list = running.get("/v1/rejected").await.json();
    assert_eq!(list["rejected"].as_array().unwrap().len(), 2);
    assert_eq!(list["rejected"][0]["via"], "webhook/callers");
}

#[tokio::test]
async fn a_genuine_call_that_is_no_event_is_kept_and_the_vendor_not_told_off() {
    let running = Running::start().await;
    for body in ["", "{", "\u{7f}", r#"{"id":""}"#, "7"] {
        let answer = running.post(PATH, &[GENUINE], body).await;
        assert_eq!(answer.status.as_u16(), 200, "{body:?}");
    }
    let kept = running.get("/v1/rejected").await.json();
    assert_eq!(kept["rejected"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_vendor_may_make_sure_of_us() {
    let running = Running::start().await;
    let answer = running.post(&format!("{PATH}?validationToken=a%20b%3Cc"), &[], "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.content_type(), &answer.bytes[..]),
        (200, "text/plain", &b"a b<c"[..])
    );
}

#[tokio::test]
async fn calls_to_nobody_and_oversized_calls_are_refused() {
    let running = Running::start().await;
    running.post("/v1/webhooks/nobody/calls", &[GENUINE], "{}").await.problem(404);
    running.post("/v1/webhooks/callers/nothing", &[GENUINE], "{}").await.problem(404);
    running.post(PATH, &[GENUINE], " ".repeat(5 << 20)).await.problem(413);
    running.get(PATH).await.problem(405);
    assert_eq!(running.get("/v1/rejected").await.json()["rejected"], json!([]));
}

//! Rejected events and their replay.

use serde_json::json;

use crate::running::{Running, event};

#[tokio::test]
async fn a_rejected_event_is_mended_and_replayed_once() {
    let running = Running::start().await;
    let broken =
        json!({"specversion": "1.0", "source": "/t", "type": "test.guest.v1", "data": {"name": "Cy"}});
    let number = running.event(&broken).await.problem(422)["rejected"].as_i64().unwrap();
    let path = format!("/v1/rejected/{number}/replay");
    // As it was sent it is as wrong as before, and no second copy is kept.
    let same = running.post(&path, &[], "").await.problem(422);
    assert_eq!(same["rejected"], number);
    assert_eq!(running.get("/v1/rejected").await.json()["rejected"].as_array().unwrap().len(), 1);
    let mut mended = broken;
    mended["id"] = json!("7");
    let taken = running.post(&path, &[], mended.to_string()).await;
    assert_eq!((taken.status.as_u16(), taken.json()["outcome"].clone()), (202, json!("accepted")));
    assert_eq!(running.get(&format!("/v1/rejected/{number}")).await.json()["replayed"], 1);
    running.until("/v1/runs?flow=greet", |list| list["runs"][0]["status"] == "completed").await;
    let again = running.post(&path, &[], mended.to_string()).await;
    assert_eq!((again.status.as_u16(), again.json()["outcome"].clone()), (200, json!("duplicate")));
}

#[tokio::test]
async fn a_replay_that_contradicts_is_refused() {
    let running = Running::start().await;
    running.event(&event("1", json!(1))).await;
    let number = running.event(&event("1", json!(2))).await.problem(409)["rejected"].as_i64().unwrap();
    running.post(&format!("/v1/rejected/{number}/replay"), &[], "").await.problem(409);
    let other = event("2", json!(2)).to_string();
    assert_eq!(running.post(&format!("/v1/rejected/{number}/replay"), &[], other).await.status.as_u16(), 202);
}

#[tokio::test]
async fn rejected_events_are_paged_and_missing_ones_not_found() {
    let running = Running::start().await;
    for _ in 0..5 {
        running.event(&json!(7)).await.problem(422);
    }
    let first = running.get("/v1/rejected?limit=3").await.json();
    assert_eq!((first["rejected"][0]["number"].clone(), first["next"].clone()), (json!(5), json!(3)));
    let second = running.get("/v1/rejected?limit=3&cursor=3").await.json();
    let numbers: Vec<_> =
        second["rejected"].as_array().unwrap().iter().map(|r| r["number"].clone()).collect();
    assert_eq!((numbers, second.get("next")), (vec![json!(2), json!(1)], None));
    running.get("/v1/rejected/99").await.problem(404);
    running.get("/v1/rejected/x").await.problem(400);
    running.post("/v1/rejected/99/replay", &[], "").await.problem(404);
    running.post("/v1/rejected/1/replay", &[], "{").await.problem(400);
}

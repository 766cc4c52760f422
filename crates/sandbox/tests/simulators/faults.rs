//! Faults of each kind, as a caller meets them, and the ledger that counts them.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::client::{Client, folder, sandbox};
use crate::salesforce::signed_in;

#[tokio::test]
async fn every_kind_befalls_a_caller_and_is_counted() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let mut client = signed_in(&sandbox).await;
    sandbox.set_faults(0.9);
    let (mut dropped, mut statuses, mut created) = (0, BTreeMap::<u16, usize>::new(), 0);
    for n in 0..80 {
        let body = json!({"Name": format!("Account {n}")});
        let request = client.request(Method::POST, "/services/data/v62.0/sobjects/Account").json(&body);
        match request.send().await {
            Err(_) => dropped += 1,
            Ok(answer) => {
                let status = answer.status().as_u16();
                *statuses.entry(status).or_default() += 1;
                created += usize::from(status == 201);
                if status == 401 {
                    sandbox.set_faults(0.0);
                    client = signed_in(&sandbox).await;
                    sandbox.set_faults(0.9);
                }
            }
        }
    }
    let ledger = sandbox.ledger().systems["salesforce"].clone();
    let count = |kind: &str| usize::try_from(ledger.faults.get(kind).copied().unwrap_or(0)).unwrap();
    for kind in ["throttled-silently", "unavailable", "dropped-before", "lost-reply", "slow", "token-expired"]
    {
        assert!(count(kind) > 0, "{kind}: {:?}", ledger.faults);
    }
    assert_eq!(count("throttled") + count("stale-etag"), 0, "this vendor has neither");
    assert_eq!(dropped, count("dropped-before") + count("lost-reply"));
    assert_eq!(statuses[&403], count("throttled-silently"));
    assert_eq!(statuses[&401], count("token-expired"));
    // A lost reply had its effect, a dropped request had none.
    assert_eq!(ledger.collections["Account"].objects, created + count("lost-reply"));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_same_seed_draws_the_same_faults() {
    let mut drawn = Vec::new();
    for _ in 0..2 {
        let folder = folder();
        let sandbox = sandbox(folder.path()).await;
        let client = Client::new(&sandbox, "salesforce");
        sandbox.set_faults(0.5);
        let mut outcomes = Vec::new();
        for _ in 0..30 {
            let answer = client.request(Method::GET, "/services/data").send().await;
            outcomes.push(answer.map(|answer| answer.status().as_u16()).ok());
        }
        drawn.push(outcomes);
        sandbox.stop().await;
    }
    assert_eq!(drawn[0], drawn[1]);
    assert!(drawn[0].iter().any(|outcome| *outcome != Some(200)));
}

#[tokio::test]
async fn control_paths_answer_beside_the_vendor() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = Client::new(&sandbox, "salesforce");
    let set = client.post("/_sandbox/faults", &json!({"rate": 1.0})).await;
    assert_eq!((set.status, &set.body["rate"]), (200, &json!(1.0)));
    assert_eq!(client.post("/_sandbox/faults", &json!({"rate": "many"})).await.status, 400);
    let objects = client.get("/_sandbox/objects/Product2").await;
    assert_eq!(objects.body["objects"].as_array().unwrap().len(), 5);
    let ledger = client.get("/_sandbox/ledger").await;
    assert_eq!(ledger.body["collections"]["Product2"], json!({"objects": 5, "keys": 5, "duplicates": []}));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_state_ports_authority_and_counts() {
    let folder = folder();
    let first = sandbox(folder.path()).await;
    let client = signed_in(&first).await;
    client.post("/services/data/v62.0/sobjects/Account", &json!({"Name": "Acme"})).await;
    let (ledger, base) = (first.ledger(), client.base.clone());
    let authority = std::fs::read(first.ca_file()).unwrap();
    first.stop().await;
    // A torn line is what a kill in mid-write leaves.
    let journal = folder.path().join("salesforce.jsonl");
    let mut text = std::fs::read(&journal).unwrap();
    text.extend_from_slice(b"[{\"p\":{\"c\":\"Acc");
    std::fs::write(&journal, text).unwrap();

    let second = sandbox(folder.path()).await;
    assert_eq!(second.ledger(), ledger);
    assert_eq!(std::fs::read(second.ca_file()).unwrap(), authority);
    assert_eq!(Client::new(&second, "salesforce").base, base);
    let kept = client.get("/services/data/v62.0/query?q=SELECT+Name+FROM+Account").await;
    assert_eq!(kept.body["records"][0]["Name"], "Acme");
    second.stop().await;
    let third = sandbox(folder.path()).await;
    third.stop().await;
}

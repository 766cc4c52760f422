//! What flows wait for, and what they say while they do: missing facts, a hold, an amendment that came too early.

use serde_json::{Value, json};
use throughline_hub::model::ContractId;
use throughline_hub::store::RunStatus;

use crate::world::World;

const ACTIVATION: &str = "contract-activation";
const AMENDMENT: &str = "contract-amendment";
const TO_CONTRACT: &str = "opportunity-to-contract";

fn contract(name: &str) -> String {
    ContractId::of(&["contract", "test", name]).to_string()
}

fn signed(contract: &str, terms: Value) -> Value {
    json!({"contractId": contract, "number": "C-1", "signedDate": "2026-01-31", "terms": terms})
}

fn amended(contract: &str, id: &str, version: u32, changes: Value) -> Value {
    let amendment = json!({"id": id, "version": version, "signedDate": "2026-03-01", "changes": changes});
    json!({"contractId": contract, "number": "C-1", "amendment": amendment})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_contract_waits_for_its_facts_and_says_which() {
    let world = World::start(1).await;
    let id = contract("facts");
    let terms = json!({"title": "Road works", "customer": {"name": "Comune di Test", "country": "MX"}, "value": "1000.00"});
    world.send("contract.signed", "s1", signed(&id, terms)).await;
    let reason = world.reason(ACTIVATION, 0).await;
    assert!(reason.starts_with("facts are missing: currency (") && reason.contains("; start ("), "{reason}");

    // Some facts, not all; then the rest. What is in no rule's currency is signed by the default entity.
    world
        .send("contract.facts-supplied", "f1", json!({"contractId": id, "terms": {"currency": "MXN"}}))
        .await;
    let look = async || Some(world.reason(ACTIVATION, 0).await).filter(|r| !r.contains("currency ("));
    let reason = world.until("the reason names only what is left", look).await;
    assert!(reason.starts_with("facts are missing: start ("), "{reason}");
    world
        .send(
            "contract.facts-supplied",
            "f2",
            json!({"contractId": id, "terms": {"start": "2026-02-01", "end": "2026-12-31"}}),
        )
        .await;
    let (status, output) = world.end(ACTIVATION, 0).await;
    assert_eq!((status, &output["contractId"]), (RunStatus::Completed, &json!(id)), "{output:#}");
    assert_eq!(world.ledger().systems["netsuite"].collections["job"].objects, 1);
    assert_eq!(world.records("document-reference").await, 1);

    // Signed once more, with the same content and with other.
    let terms = json!({"title": "Road works", "customer": {"name": "Comune di Test", "country": "MX"}, "value": "1.00"});
    world.send("contract.signed", "s2", signed(&id, terms)).await;
    let (status, error) = world.end(ACTIVATION, 1).await;
    assert_eq!((status, &error["status"]), (RunStatus::Faulted, &json!(409)), "{error:#}");
    assert!(error["detail"].as_str().unwrap().starts_with("contract C-1 is recorded already"), "{error:#}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amendments_wait_for_what_they_build_on() {
    let world = World::start(2).await;
    let id = contract("amendments");
    world.send("contract.amended", "a3", amended(&id, "A-3", 3, json!({"value": "1500.00"}))).await;
    let reason = world.reason(AMENDMENT, 0).await;
    assert!(reason.starts_with("amendment A-3 of contract C-1 came too early: "), "{reason}");
    assert!(
        world.runs_of(AMENDMENT).await[0].waiting.as_ref().unwrap().until.is_some(),
        "there is no deadline"
    );

    let terms = json!({
        "title": "Audit", "customer": {"name": "O'Brien"}, "value": "1000.00", "currency": "GBP",
        "start": "2026-02-01", "end": "2026-12-31",
    });
    world.send("contract.signed", "s1", signed(&id, terms)).await;
    assert_eq!(world.end(ACTIVATION, 0).await.0, RunStatus::Completed);
    // The contract is there, the second version is not.
    let look = async || Some(world.reason(AMENDMENT, 0).await).filter(|r| !r.contains("the contract itself"));
    let reason = world.until("the reason names the gap", look).await;
    assert!(reason.contains("version 3 follows version 2, which is not known yet"), "{reason}");

    world.send("contract.amended", "a2", amended(&id, "A-2", 2, json!({"value": "1200.00"}))).await;
    let (status, output) = world.end(AMENDMENT, 1).await;
    assert_eq!((status, &output["version"]), (RunStatus::Completed, &json!(2)), "{output:#}");
    let (status, output) = world.end(AMENDMENT, 0).await;
    assert_eq!((status, &output["version"]), (RunStatus::Completed, &json!(3)), "{output:#}");
    assert_eq!(world.records("contract-version").await, 3);

    // The same once more is nothing new; another second version is a conflict.
    world.send("contract.amended", "a2-again", amended(&id, "A-2", 2, json!({"value": "1200.00"}))).await;
    let (status, output) = world.end(AMENDMENT, 2).await;
    assert_eq!((status, &output["status"]), (RunStatus::Completed, &json!("same")), "{output:#}");
    world.send("contract.amended", "b2", amended(&id, "B-2", 2, json!({"value": "9.00"}))).await;
    let (status, error) = world.end(AMENDMENT, 3).await;
    assert_eq!((status, &error["status"]), (RunStatus::Faulted, &json!(409)), "{error:#}");
    assert_eq!(world.records("contract-version").await, 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_opportunity_waits_and_a_refused_one_is_told() {
    let world = World::start(3).await;
    let line =
        json!([{"Quantity": 1, "UnitPrice": 1_000, "Billing_Model__c": "Fixed Fee", "Description": "Work"}]);
    // No legal entity of ours has that code.
    world.win(&json!({"customer": "Held Ltd", "entity": "FR", "currency": "EUR", "lines": line})).await;
    let reason = world.reason(TO_CONTRACT, 0).await;
    assert!(reason.contains("is on hold: ") && reason.contains("FR"), "{reason}");

    let run = &world.runs_of(TO_CONTRACT).await[0];
    let draft = ContractId::of(&["contract", "crm", run.business_key.as_deref().unwrap()]).to_string();
    world
        .send("contract.facts-supplied", "f1", json!({"contractId": draft, "terms": {"legalEntity": "DE"}}))
        .await;
    let (status, output) = world.end(TO_CONTRACT, 0).await;
    assert_eq!((status, &output["verdict"]), (RunStatus::Completed, &json!("pass")), "{output:#}");
    world.until("it is out for signature", async || world.told("Out for signature", 1).await).await;

    // A term that ends before it begins can't be signed.
    world.win(&json!({"customer": "Refused Ltd", "entity": "DE", "currency": "EUR", "lines": line, "end": "2025-01-01"})).await;
    world.until("the refusal is told", async || world.told("Refused", 1).await).await;
    assert_eq!(world.ledger().systems["docusign"].collections["envelopes"].objects, 1);
    world.stop().await;
}

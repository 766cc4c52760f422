//! Provisioning under faults: the simulators fail requests as vendors do, lose replies after the effect among them, and
//! their own ledgers say whether anything was made twice.

use serde_json::{Value, json};
use throughline_hub::store::RunStatus;

use crate::world::World;

/// Opportunities of one customer after another; the last two of one and the same, which no ERP may get twice.
fn opportunities() -> Vec<Value> {
    let line = |model: &str, fields: Value| {
        let mut line = json!({"Quantity": 1, "Billing_Model__c": model, "Description": format!("{model}, O'Brien \"North\"")});
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        line
    };
    let fixed = json!([
        line(
            "Fixed Fee",
            json!({"UnitPrice": 40_000.5, "Trigger__c": "Acceptance", "ServiceDate": "2026-05-31"})
        ),
        line("Fixed Fee", json!({"UnitPrice": 20_000, "Trigger__c": "Date", "ServiceDate": "2026-03-31"})),
    ]);
    let hours = json!({"Quantity": 300, "UnitPrice": 187.5, "Role__c": "Senior Consultant", "Hours__c": 300, "Cap__c": 60_000});
    let time = json!([line("Time and Materials", hours)]);
    let retainer = json!([line(
        "Retainer",
        json!({"Quantity": 11, "UnitPrice": 4_000, "Period__c": "Month", "Hours__c": 20})
    )]);
    let managed =
        json!([line("Managed Service", json!({"Quantity": 4, "UnitPrice": 9_000, "Period__c": "Quarter"}))]);
    let of = |customer: &str, entity: &str, currency: &str, lines: &Value| json!({"customer": customer, "entity": entity, "currency": currency, "lines": lines});
    vec![
        of("O'Brien & Söhne", "DE", "EUR", &fixed),
        of("Brontë Ltd", "UK", "GBP", &time),
        of("Contoso Inc.", "US", "USD", &retainer),
        of("Tan Holdings", "SG", "SGD", &managed),
        of("Fabrikam Inc.", "US", "USD", &fixed),
        of("Fabrikam Inc.", "US", "USD", &time),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_won_opportunity_becomes_a_running_project_exactly_once() {
    let world = World::start(7).await;
    let wanted = opportunities();
    for opportunity in &wanted {
        world.win(opportunity).await;
    }
    world.faults(0.25);

    let envelopes = world
        .until("contracts are out for signature", async || {
            world.told("Out for signature", wanted.len()).await
        })
        .await;
    assert_eq!(envelopes, wanted.len());
    world.sign_everything().await;
    world.until("projects run", async || world.told("Active", wanted.len()).await).await;
    world.until("every run has ended", async || world.nothing_runs().await.then_some(())).await;
    world.faults(0.0);

    let faulted = world.runs(RunStatus::Faulted).await;
    assert!(faulted.is_empty(), "{faulted:#?}");
    let ledger = world.ledger();
    let lost: u64 = ledger.systems.values().filter_map(|system| system.faults.get("lost-reply")).sum();
    assert!(lost > 0, "no reply was lost: {:#?}", ledger.systems);
    assert_eq!(ledger.duplicates(), Vec::<String>::new());
    let held = |product: &str, collection: &str| ledger.systems[product].collections[collection].objects;
    let counts = json!({
        "envelopes": held("docusign", "envelopes"),
        "customers": [held("netsuite", "customer"), held("business-central", "customers")],
        "projects": [held("netsuite", "job"), held("business-central", "projects"), held("kantata", "workspaces")],
        "schedules": [held("netsuite", "billingSchedule"), held("business-central", "jobTasks")],
    });
    // Two contracts of four customers in NetSuite are of one customer; Business Central has the other two.
    assert_eq!(
        counts,
        json!({"envelopes": 6, "customers": [3, 2], "projects": [4, 2, 6], "schedules": [4, 2]}),
        "{:#?}",
        ledger.systems
    );
    for noun in ["contract", "project", "billing-schedule", "document-reference", "activation"] {
        assert_eq!(world.records(noun).await, wanted.len(), "{noun}");
    }
    assert_eq!(world.records("customer").await, 5);
    world.stop().await;
}

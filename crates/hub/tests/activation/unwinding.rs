//! An ERP that refuses what the others have taken: nothing is left of it, unless a person decides to keep it.

use serde_json::{Value, json};
use throughline_hub::model::ContractId;
use throughline_hub::store::RunStatus;
use throughline_hub::timeline::What;

use crate::world::World;

const ACTIVATION: &str = "contract-activation";
/// What the hub links when a contract is provisioned, and unlinks when that is undone.
const PROVISIONED: [&str; 3] = ["billing-schedule", "contract-folder", "project"];

fn signed(currency: &str, country: &str) -> Value {
    let id = ContractId::of(&["contract", "test", "refused"]).to_string();
    let terms = json!({
        "title": "Road works", "customer": {"name": "Comune di Test", "country": country}, "value": "1000.00",
        "currency": currency, "start": "2026-02-01", "end": "2026-12-31",
    });
    json!({"contractId": id, "number": "C-1", "signedDate": "2026-01-31", "terms": terms})
}

/// Undos of a run: task and what became of it.
async fn undos(world: &World) -> Vec<(String, String)> {
    let steps = world.timeline(ACTIVATION, 0).await.steps;
    let undos = steps.into_iter().filter_map(|step| match step.what {
        What::Undo { text, .. } => Some((step.task.rsplit('/').next().unwrap().to_owned(), text)),
        _ => None,
    });
    undos.collect()
}

fn held(world: &World, product: &str, collection: &str) -> usize {
    world.ledger().systems[product].collections.get(collection).map_or(0, |c| c.objects)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erp_that_refuses_for_good_leaves_no_orphan() {
    let world = World::start_with(11, &[("netsuite", "scheduleType", json!("9"))]).await;
    world.send("contract.signed", "s1", signed("MXN", "MX")).await;
    let (status, error) = world.end(ACTIVATION, 0).await;
    assert_eq!((status, &error["status"]), (RunStatus::Faulted, &json!(400)), "{error:#}");
    assert!(error["instance"].as_str().unwrap().ends_with("/putBillingSchedule"), "{error:#}");

    assert_eq!(held(&world, "netsuite", "job"), 0, "the project is gone");
    assert_eq!(held(&world, "netsuite", "billingSchedule"), 0);
    assert_eq!(held(&world, "kantata", "workspaces"), 0, "the PSA's project is gone");
    assert_eq!(held(&world, "netsuite", "customer"), 1, "the customer stays: others may be of it");
    let links = world.links().await;
    assert!(links.iter().all(|noun| !PROVISIONED.contains(&noun.as_str())), "{links:?}");

    let undos = undos(&world).await;
    let told = |task: &str| {
        undos.iter().filter(|(of, _)| of == task).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
    };
    for task in ["putProject", "putWorkspace", "putFolder"] {
        assert_eq!(told(task), ["undone"], "{undos:?}");
    }
    assert_eq!(told("putBillingSchedule"), ["undone, or found not to be there: its outcome was in doubt"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_our_own_mistake_undoes_nothing_until_a_person_decides() {
    for (decision, projects) in [("keep", 1), ("unwind", 0)] {
        let world =
            World::start_with(12, &[("business-central", "planningLinesApi", json!("nobody/here/v1.0"))])
                .await;
        world.send("contract.signed", "s1", signed("EUR", "DE")).await;
        let reason = world.reason(ACTIVATION, 0).await;
        assert!(
            reason.starts_with("the run failed: ") && reason.contains("install the extension"),
            "{reason}"
        );
        assert!(reason.contains("erp.project.remove") && reason.contains("psa.project.remove"), "{reason}");
        assert_eq!(held(&world, "kantata", "workspaces"), 1, "nothing is undone yet");
        let question = reason.split_once("\"question\":\"").unwrap().1.split_once('"').unwrap().0;
        world
            .send("run.decided", "d1", json!({"question": question, "decision": decision, "by": "ann"}))
            .await;
        let (status, error) = world.end(ACTIVATION, 0).await;
        assert_eq!(status, RunStatus::Faulted, "{error:#}");
        assert_eq!(held(&world, "kantata", "workspaces"), projects, "{decision}");
        assert_eq!(held(&world, "business-central", "projects"), projects, "{decision}");
        let undos = undos(&world).await;
        let expected = if decision == "keep" { "kept: ann decided so" } else { "undone" };
        assert!(!undos.is_empty() && undos.iter().all(|(_, text)| text == expected), "{undos:?}");
        world.stop().await;
    }
}

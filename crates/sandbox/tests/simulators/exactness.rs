//! A caller that repeats as each vendor allows ends with everything once, whatever gets lost on the way; one that does not,
//! does not.

use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::CollectionLedger;
use throughline_sandbox::Sandbox;

use crate::client::{Client, folder, sandbox};
use crate::{business_central, kantata, netsuite};

const FAULTS: f64 = 0.4;
const OBJECTS: usize = 25;
const TRIES_MAX: usize = 60;

fn collection(sandbox: &Sandbox, product: &str, name: &str) -> CollectionLedger {
    sandbox.ledger().systems[product].collections[name].clone()
}

/// Sends, whatever becomes of it: the status and body, or none when the connection was dropped.
async fn attempt(client: &Client, method: Method, path: &str, body: &Value) -> Option<(u16, Value)> {
    let answer = client.request(method, path).json(body).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.unwrap_or_default()))
}

/// Tries until it is done.
async fn persist(what: &str, mut work: impl AsyncFnMut() -> bool) {
    for _ in 0..TRIES_MAX {
        if work().await {
            return;
        }
    }
    panic!("{what} was not done after {TRIES_MAX} tries");
}

#[tokio::test]
async fn netsuite_upserts_repeat_safely() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let mut client = netsuite::signed_in(&sandbox).await;
    sandbox.set_faults(FAULTS);
    for number in 0..OBJECTS {
        let path = format!("/services/rest/record/v1/customer/eid:CU-{number}");
        let body = json!({"companyName": format!("Firm {number}"), "subsidiary": {"id": "1"}});
        persist("the upsert", async || match attempt(&client, Method::PUT, &path, &body).await {
            Some((401, _)) => {
                sandbox.set_faults(0.0);
                client = netsuite::signed_in(&sandbox).await;
                sandbox.set_faults(FAULTS);
                false
            }
            answer => matches!(answer, Some((204, _))),
        })
        .await;
    }
    let customers = collection(&sandbox, "netsuite", "customer");
    assert_eq!((customers.objects, customers.duplicates.len()), (OBJECTS, 0));
    assert!(sandbox.ledger().systems["netsuite"].faults.contains_key("lost-reply"));
}

#[tokio::test]
async fn business_central_refuses_the_second_of_a_number() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let mut client = business_central::signed_in(&sandbox).await;
    let path = format!("{}/customers", business_central::company(&client, "DE"));
    sandbox.set_faults(FAULTS);
    let mut already = 0;
    for number in 0..OBJECTS {
        let body = json!({"number": format!("CU-{number}"), "displayName": format!("Firm {number}")});
        persist("the customer", async || match attempt(&client, Method::POST, &path, &body).await {
            Some((401, _)) => {
                sandbox.set_faults(0.0);
                client = business_central::signed_in(&sandbox).await;
                sandbox.set_faults(FAULTS);
                false
            }
            Some((400, body)) => {
                assert_eq!(body["error"]["code"], "Internal_EntityWithSameKeyExists");
                already += 1;
                true
            }
            answer => matches!(answer, Some((201, _))),
        })
        .await;
    }
    let customers = collection(&sandbox, "business-central", "customers");
    assert_eq!((customers.objects, customers.duplicates.len()), (OBJECTS, 0));
    assert!(already > 0, "no reply was lost: the test proves nothing");
}

async fn projects_made(look_first: bool) -> CollectionLedger {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = kantata::signed_in(&sandbox);
    sandbox.set_faults(FAULTS);
    for number in 0..OBJECTS {
        let reference = format!("PJ-{number}");
        let query = format!(
            "/api/v1/external_references?subject_type=Workspace&service_name=throughline&service_model_ref={reference}"
        );
        let body = json!({"workspace": {"title": reference, "creator_role": "maven", "external_reference":
            {"service_name": "throughline", "service_model": "project", "service_model_ref": reference}}});
        persist("the project", async || {
            if look_first {
                match attempt(&client, Method::GET, &query, &Value::Null).await {
                    Some((200, found)) if found["count"] == 0 => {}
                    Some((200, _)) => return true,
                    _ => return false,
                }
            }
            matches!(attempt(&client, Method::POST, "/api/v1/workspaces", &body).await, Some((200, _)))
        })
        .await;
    }
    collection(&sandbox, "kantata", "workspaces")
}

#[tokio::test]
async fn kantata_keeps_both_unless_the_caller_looks_first() {
    let careful = projects_made(true).await;
    assert_eq!((careful.objects, careful.duplicates.len()), (OBJECTS, 0));
    let careless = projects_made(false).await;
    assert!(!careless.duplicates.is_empty(), "{careless:?}");
}

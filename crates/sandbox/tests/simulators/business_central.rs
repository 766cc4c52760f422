//! Business Central.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;

use crate::client::{Answer, Client, answered, folder, sandbox};

const SCOPE: &str = "https://api.businesscentral.dynamics.com/.default";

async fn grant(client: &Client, id: &str, secret: &str, scope: &str) -> Answer {
    let path = format!("/{}/oauth2/v2.0/token", client.settings["tenant"].as_str().unwrap());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", scope),
    ];
    client.form(&path, &form).await
}

pub(crate) async fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "business-central");
    let (id, secret) = (client.credentials["clientId"].clone(), client.credentials["clientSecret"].clone());
    let answer = grant(&client, &id, &secret, SCOPE).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    client.token = answer.body["access_token"].as_str().unwrap().to_owned();
    client
}

fn api(client: &Client, api: &str) -> String {
    let part = |name: &str| client.settings[name].as_str().unwrap().to_owned();
    format!("/v2.0/{}/{}/api/{api}", part("tenant"), part("environment"))
}

pub(crate) fn company(client: &Client, code: &str) -> String {
    format!("{}/companies({})", api(client, "v2.0"), client.settings["companies"][code].as_str().unwrap())
}

fn delivery(client: &Client, code: &str) -> String {
    let company = client.settings["companies"][code].as_str().unwrap();
    format!("{}/companies({company})", api(client, client.settings["planningLinesApi"].as_str().unwrap()))
}

fn code(answer: &Answer) -> &str {
    answer.body["error"]["code"].as_str().unwrap_or_default()
}

async fn created(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, &body).await;
    assert_eq!(answer.status, 201, "{body}: {:?}", answer.body);
    answer.body
}

#[tokio::test]
async fn tokens_are_granted_as_entra_does() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = Client::new(&sandbox, "business-central");
    let (id, secret) = (client.credentials["clientId"].as_str(), client.credentials["clientSecret"].as_str());
    for (id, secret, scope, status, error) in [
        (id, "guess", SCOPE, 401, "invalid_client"),
        ("someone", secret, SCOPE, 400, "unauthorized_client"),
        (id, secret, "https://graph.microsoft.com/.default", 400, "invalid_scope"),
    ] {
        let answer = grant(&client, id, secret, scope).await;
        assert_eq!((answer.status, &answer.body["error"]), (status, &json!(error)));
        assert!(answer.body["error_description"].as_str().unwrap().starts_with("AADSTS"));
    }
    let refused = client.get(&format!("{}/customers", company(&client, "DE"))).await;
    assert_eq!((refused.status, code(&refused)), (401, "Authentication_InvalidCredentials"));
}

#[tokio::test]
async fn a_number_is_unique_in_its_company() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let body = json!({"number": "CU-1", "displayName": "Acme GmbH", "type": "Company", "country": "DE"});
    let customers = format!("{}/customers", company(&client, "DE"));
    let customer = created(&client, &customers, body.clone()).await;
    assert!(customer["@odata.etag"].as_str().unwrap().starts_with("W/\""));
    assert_eq!(
        (&customer["blocked"], &customer["currencyId"]),
        (&json!(" "), &json!("00000000-0000-0000-0000-000000000000"))
    );
    let again = client.post(&customers, &body).await;
    assert_eq!((again.status, code(&again)), (400, "Internal_EntityWithSameKeyExists"));
    assert!(again.body["error"]["message"].as_str().unwrap().contains("No.='CU-1'"));
    created(&client, &format!("{}/customers", company(&client, "UK")), body).await;
    let collection = &sandbox.ledger().systems["business-central"].collections["customers"];
    assert_eq!((collection.objects, collection.keys, collection.duplicates.len()), (2, 2, 0));
}

#[tokio::test]
async fn what_is_sent_must_fit_the_page() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let base = company(&client, "DE");
    created(&client, &format!("{base}/projects"), json!({"number": "PJ-1", "displayName": "Project"})).await;
    let extension = delivery(&client, "DE");
    for (path, body, expected) in [
        (format!("{base}/customers"), json!({"number": "x".repeat(21)}), "Application_StringExceededLength"),
        (format!("{base}/customers"), json!({"shoeSize": 3}), "BadRequest"),
        (format!("{base}/customers"), json!({"creditLimit": "much"}), "BadRequest"),
        (format!("{base}/customers"), json!({"currencyCode": "XXX"}), "Internal_InvalidTableRelation"),
        (format!("{base}/projects"), json!({"startDate": "2026-01-31"}), "BadRequest"),
        (
            format!("{base}/projects"),
            json!({"lastModifiedDateTime": "2026-01-31T00:00:00Z"}),
            "BadRequest_InvalidOperation",
        ),
        (format!("{base}/salesInvoices"), json!({}), "Application_DialogException"),
        (format!("{base}/spaceships"), json!({}), "BadRequest_ResourceNotFound"),
        (format!("{base}/jobPlanningLines"), json!({}), "BadRequest_ResourceNotFound"),
        (
            format!("{extension}/jobTasks"),
            json!({"jobNumber": "PJ-9", "jobTaskNumber": "A"}),
            "Internal_InvalidTableRelation",
        ),
        (
            format!("{extension}/jobTasks"),
            json!({"jobNumber": "PJ-1"}),
            "Application_FieldValidationException",
        ),
        (
            format!("{extension}/jobPlanningLines"),
            json!({"jobNumber": "PJ-1", "jobTaskNumber": "A"}),
            "Internal_InvalidTableRelation",
        ),
    ] {
        let answer = client.post(&path, &body).await;
        assert_eq!(code(&answer), expected, "{path} {body}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn a_change_needs_the_present_etag() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let projects = format!("{}/projects", company(&client, "DE"));
    let project = created(&client, &projects, json!({"number": "PJ-1", "displayName": "Project"})).await;
    let path = format!("{projects}({})", project["id"].as_str().unwrap());
    let change = |etag: Option<&str>, name: &str| {
        let request = client.request(Method::PATCH, &path).json(&json!({"displayName": name}));
        answered(match etag {
            Some(etag) => request.header("if-match", etag),
            None => request,
        })
    };
    let etag = project["@odata.etag"].as_str().unwrap();
    let without = change(None, "A").await;
    assert_eq!((without.status, code(&without)), (400, "BadRequest_InvalidToken"));
    let changed = change(Some(etag), "B").await;
    assert_eq!((changed.status, &changed.body["displayName"]), (200, &json!("B")));
    let stale = change(Some(etag), "C").await;
    assert_eq!((stale.status, code(&stale)), (409, "Request_EntityChanged"));
    assert_eq!(change(Some("*"), "D").await.status, 200);
}

#[tokio::test]
async fn collections_are_filtered_selected_and_paged() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let projects = format!("{}/projects", company(&client, "DE"));
    for number in 1..=5 {
        created(&client, &projects, json!({"number": format!("PJ-{number}"), "displayName": "Project"}))
            .await;
    }
    let one = client.get(&format!("{projects}?$filter=number%20eq%20'PJ-3'&$select=number&$top=1")).await;
    let value = one.body["value"].as_array().unwrap();
    assert_eq!(value.len(), 1);
    assert_eq!(value[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["@odata.etag", "number"]);
    let mut next =
        Some(format!("{projects}?$filter=displayName%20eq%20'Project'&$orderby=number%20desc&$count=true"));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let request = client.request(Method::GET, &path).header("prefer", "odata.maxpagesize=2");
        let page = answered(request).await;
        assert_eq!(page.body["@odata.count"], 5);
        seen.extend(
            page.body["value"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["number"].as_str().unwrap().to_owned()),
        );
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["PJ-5", "PJ-4", "PJ-3", "PJ-2", "PJ-1"]);
    let skipped = client.get(&format!("{projects}?$skip=3&$top=1")).await;
    assert_eq!(skipped.body["value"][0]["number"], "PJ-4");
    let unknown = client.get(&format!("{projects}?$filter=shoeSize%20eq%203")).await;
    assert_eq!((unknown.status, code(&unknown)), (400, "BadRequest"));
}

#[tokio::test]
async fn an_invoice_is_made_with_its_lines_and_posted() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let base = company(&client, "DE");
    created(
        &client,
        &format!("{base}/customers"),
        json!({"number": "CU-1", "displayName": "Acme", "currencyCode": "EUR"}),
    )
    .await;
    let invoices = format!("{base}/salesInvoices");
    let empty = created(&client, &invoices, json!({"customerNumber": "CU-1"})).await;
    let nothing = client
        .post(&format!("{invoices}({})/Microsoft.NAV.post", empty["id"].as_str().unwrap()), &json!({}))
        .await;
    assert_eq!((nothing.status, code(&nothing)), (400, "Application_DialogException"));
    let body = json!({"customerNumber": "CU-1", "externalDocumentNumber": "CT-1", "salesInvoiceLines": [
        {"lineType": "Account", "lineObjectNumber": "4000", "quantity": 2, "unitPrice": 100.10}]});
    let invoice = created(&client, &invoices, body).await;
    assert_eq!((&invoice["totalAmountIncludingTax"], &invoice["status"]), (&json!(200.2), &json!("Draft")));
    let path = format!("{invoices}({})", invoice["id"].as_str().unwrap());
    created(
        &client,
        &format!("{path}/salesInvoiceLines"),
        json!({"description": "Travel", "quantity": 1, "unitPrice": 9.8}),
    )
    .await;
    assert_eq!(client.post(&format!("{path}/Microsoft.NAV.post"), &json!({})).await.status, 204);
    let posted = client.get(&format!("{path}?$expand=salesInvoiceLines,customer")).await.body;
    assert_eq!((&posted["totalAmountIncludingTax"], &posted["status"]), (&json!(210.0), &json!("Open")));
    assert_eq!(posted["salesInvoiceLines"].as_array().unwrap().len(), 2);
    assert_eq!(posted["customer"]["displayName"], "Acme");
    assert_ne!(posted["number"], invoice["number"]);
    let twice = client.post(&format!("{path}/Microsoft.NAV.post"), &json!({})).await;
    assert_eq!(code(&twice), "Application_DialogException");
    let found = client.get(&format!("{invoices}?$filter=externalDocumentNumber%20eq%20'CT-1'")).await;
    assert_eq!(found.body["value"].as_array().unwrap().len(), 1);
    let refused = client
        .post(&invoices, &json!({"customerNumber": "CU-1", "salesInvoiceLines": [{"quantity": "many"}]}))
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        sandbox.ledger().systems["business-central"].collections["salesInvoices"].objects,
        2,
        "a refused line takes its invoice back"
    );
}

#[tokio::test]
async fn planning_lines_hang_on_a_task_and_are_numbered_once() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    created(
        &client,
        &format!("{}/projects", company(&client, "DE")),
        json!({"number": "PJ-1", "displayName": "Project"}),
    )
    .await;
    let base = delivery(&client, "DE");
    created(
        &client,
        &format!("{base}/jobTasks"),
        json!({"jobNumber": "PJ-1", "jobTaskNumber": "BILLING", "description": "Billing"}),
    )
    .await;
    let lines = format!("{base}/jobPlanningLines");
    let line = json!({"jobNumber": "PJ-1", "jobTaskNumber": "BILLING", "lineNumber": 10_000, "lineType": "Billable",
        "planningDate": "2026-01-31", "quantity": 1, "unitPrice": 1234.5, "throughlineId": "BL-1"});
    let first = created(&client, &lines, line.clone()).await;
    assert_eq!(first["lineAmount"], 1234.5);
    let again = client.post(&lines, &line).await;
    assert_eq!(code(&again), "Internal_EntityWithSameKeyExists");
    let next = created(&client, &lines, json!({"jobNumber": "PJ-1", "jobTaskNumber": "BILLING"})).await;
    assert_eq!(next["lineNumber"], 20_000);
    let ledger = || sandbox.ledger().systems["business-central"].collections["jobPlanningLines"].clone();
    assert!(ledger().duplicates.is_empty());
    let mut other_number = line.clone();
    other_number["lineNumber"] = json!(30_000);
    created(&client, &lines, other_number).await;
    assert_eq!(ledger().duplicates.len(), 1, "the same schedule line under two numbers is there twice");
    let query =
        "$filter=jobNumber%20eq%20'PJ-1'%20and%20jobTaskNumber%20eq%20'BILLING'&$select=id,throughlineId";
    assert_eq!(client.get(&format!("{lines}?{query}")).await.body["value"].as_array().unwrap().len(), 3);
    let project =
        client.get(&format!("{}/projects?$filter=number%20eq%20'PJ-1'", company(&client, "DE"))).await;
    let id = project.body["value"][0]["id"].as_str().unwrap();
    let kept = client
        .send(Method::DELETE, &format!("{}/projects({id})", company(&client, "DE")), &Value::Null)
        .await;
    assert_eq!(code(&kept), "Application_DialogException");
}

/// A subscriber that echoes tokens, keeps notifications and answers with a status of one's choice.
struct Subscriber {
    url: String,
    received: Arc<Mutex<Vec<Value>>>,
    status: Arc<AtomicU16>,
}

type Kept = (Arc<Mutex<Vec<Value>>>, Arc<AtomicU16>);

async fn receive(
    State((received, status)): State<Kept>,
    Query(query): Query<Vec<(String, String)>>,
    body: String,
) -> (StatusCode, String) {
    if let Some((_, token)) = query.iter().find(|(name, _)| name == "validationToken") {
        return (StatusCode::OK, token.clone());
    }
    received.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    (StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap(), String::new())
}

async fn subscriber() -> Subscriber {
    let received = Arc::new(Mutex::new(Vec::new()));
    let status = Arc::new(AtomicU16::new(200));
    let app =
        axum::Router::new().route("/hook", post(receive)).with_state((received.clone(), status.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, app));
    Subscriber { url, received, status }
}

async fn serve(listener: tokio::net::TcpListener, app: axum::Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen within ten seconds");
}

#[tokio::test]
async fn subscriptions_are_shaken_told_and_lost_by_a_wrong_answer() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let hook = subscriber().await;
    let subscriptions = format!("{}/subscriptions", api(&client, "v2.0"));
    let company_id = client.settings["companies"]["DE"].as_str().unwrap();
    let resource = |set: &str| format!("/api/v2.0/companies({company_id})/{set}");
    let body = |url: &str, set: &str| json!({"notificationUrl": url, "resource": resource(set), "clientState": "secret"});
    let unreachable = client.post(&subscriptions, &body("http://127.0.0.1:9/hook", "customers")).await;
    assert_eq!((unreachable.status, code(&unreachable)), (400, "BadRequest"));
    let silent = client.post(&subscriptions, &body(&hook.url, "projects")).await;
    assert_eq!(silent.status, 400, "API v2.0 does not notify of projects");
    let subscription = created(&client, &subscriptions, body(&hook.url, "customers")).await;
    let path = format!("{subscriptions}('{}')", subscription["subscriptionId"].as_str().unwrap());
    let renewal = client
        .request(Method::PATCH, &path)
        .header("if-match", subscription["@odata.etag"].as_str().unwrap())
        .json(&body(&hook.url, "customers"));
    assert_eq!(answered(renewal).await.status, 200);

    let customers = format!("{}/customers", company(&client, "DE"));
    let customer = created(&client, &customers, json!({"number": "CU-1", "displayName": "Acme"})).await;
    until("the first notification", async || !hook.received.lock().unwrap().is_empty()).await;
    let told = hook.received.lock().unwrap()[0]["value"][0].clone();
    assert_eq!(
        (&told["changeType"], &told["clientState"], told["resource"].as_str().unwrap()),
        (
            &json!("created"),
            &json!("secret"),
            format!("api/v2.0/companies({company_id})/customers({})", customer["id"].as_str().unwrap())
                .as_str()
        )
    );

    let change = async |name: &str| {
        let path = format!("{customers}({})", customer["id"].as_str().unwrap());
        let request = client.request(Method::PATCH, &path).header("if-match", "*");
        assert_eq!(answered(request.json(&json!({"displayName": name}))).await.status, 200);
    };
    hook.status.store(503, Ordering::SeqCst);
    change("B").await;
    until("a second try", async || hook.received.lock().unwrap().len() >= 3).await;
    assert_eq!(client.get(&path).await.status, 200, "a server error keeps the subscription");
    hook.status.store(400, Ordering::SeqCst);
    until("the end of the subscription", async || client.get(&path).await.status == 404).await;
}

#[tokio::test]
async fn numbers_are_kept_in_capitals() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let customers = format!("{}/customers", company(&client, "DE"));
    let customer = created(&client, &customers, json!({"number": " cu-1 ", "displayName": "Acme"})).await;
    assert_eq!(customer["number"], "CU-1");
    let found = client.get(&format!("{customers}?$filter=number%20eq%20'cu-1'")).await;
    assert_eq!(found.body["value"].as_array().unwrap().len(), 1);
    let path = format!("{customers}({})", customer["id"].as_str().unwrap());
    let renumbered =
        client.request(Method::PATCH, &path).header("if-match", "*").json(&json!({"number": "CU-2"}));
    assert_eq!(answered(renumbered).await.status, 200);
    created(&client, &customers, json!({"number": "CU-1"})).await;
    let taken = client.request(Method::PATCH, &path).header("if-match", "*").json(&json!({"number": "CU-1"}));
    assert_eq!(code(&answered(taken).await), "Internal_EntityWithSameKeyExists");
}

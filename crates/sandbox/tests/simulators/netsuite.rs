//! NetSuite.

use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::oauth::jwt::{self, Algorithm};
use throughline_sandbox::{Clock, Sandbox};

use crate::client::{Answer, Client, answered, folder, sandbox};

const RECORD: &str = "/services/rest/record/v1";
const TOKEN: &str = "/services/rest/auth/oauth2/v1/token";

fn assertion(client: &Client, algorithm: Algorithm, claims: Value) -> String {
    let now = Clock::wall().now().as_second();
    let mut all = json!({
        "iss": client.credentials["clientId"], "scope": "rest_webservices",
        "aud": format!("{}{TOKEN}", client.base), "iat": now, "exp": now + 600,
    });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    jwt::sign(&all, &client.credentials["certificateId"], &client.credentials["privateKey"], algorithm)
        .unwrap()
}

async fn grant(client: &Client, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    client.form(TOKEN, &form).await
}

pub(crate) async fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "netsuite");
    let answer = grant(&client, &assertion(&client, Algorithm::Ps256, json!({}))).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    client.token = answer.body["access_token"].as_str().unwrap().to_owned();
    client
}

fn location_id(answer: &Answer) -> String {
    assert_eq!(answer.status, 204, "{:?}", answer.body);
    answer.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn put(client: &Client, kind: &str, external: &str, body: Value) -> String {
    location_id(&client.send(Method::PUT, &format!("{RECORD}/{kind}/eid:{external}"), &body).await)
}

fn code(answer: &Answer) -> &str {
    answer.body["o:errorDetails"][0]["o:errorCode"].as_str().unwrap_or_default()
}

fn customer() -> Value {
    json!({"companyName": "Acme Ltd", "subsidiary": {"id": "1"}, "currency": {"externalId": "EUR"}})
}

#[tokio::test]
async fn only_a_timely_assertion_by_the_right_key_is_granted() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = Client::new(&sandbox, "netsuite");
    let now = Clock::wall().now().as_second();
    for (algorithm, claims, status, error) in [
        (Algorithm::Rs256, json!({}), 401, "invalid_client"),
        (Algorithm::Ps256, json!({"iss": "someone"}), 401, "invalid_client"),
        (Algorithm::Ps256, json!({"aud": "https://example.com"}), 400, "invalid_grant"),
        (Algorithm::Ps256, json!({"scope": "restlets"}), 400, "invalid_grant"),
        (Algorithm::Ps256, json!({"exp": now - 1}), 400, "invalid_grant"),
        (Algorithm::Ps256, json!({"exp": now + 7_200}), 400, "invalid_grant"),
    ] {
        let answer = grant(&client, &assertion(&client, algorithm, claims.clone())).await;
        assert_eq!((answer.status, &answer.body["error"]), (status, &json!(error)), "{algorithm:?} {claims}");
    }
    let refused = client.get(&format!("{RECORD}/customer")).await;
    assert_eq!((refused.status, code(&refused)), (401, "INVALID_LOGIN"));
    let granted = grant(&client, &assertion(&client, Algorithm::Ps256, json!({}))).await;
    assert_eq!(granted.body["expires_in"], "3600");
}

#[tokio::test]
async fn put_by_external_id_makes_once_and_then_changes() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let id = put(&client, "customer", "CU-1", customer()).await;
    let again = put(&client, "customer", "CU-1", json!({"companyName": "Acme Limited"})).await;
    assert_eq!(id, again);
    let read = client.get(&format!("{RECORD}/customer/eid:CU-1")).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body["companyName"], "Acme Limited");
    assert_eq!(read.body["externalId"], "CU-1");
    assert_eq!(read.body["subsidiary"]["refName"], "Northwind Delivery Inc.");
    assert_eq!(read.body["currency"]["externalId"], "EUR");
    let ledger = sandbox.ledger();
    let customers = &ledger.systems["netsuite"].collections["customer"];
    assert_eq!((customers.objects, customers.keys, customers.duplicates.len()), (1, 1, 0));
    let twice = client
        .post(
            &format!("{RECORD}/customer"),
            &json!({"companyName": "B", "subsidiary": "1", "externalId": "CU-1"}),
        )
        .await;
    assert_eq!((twice.status, code(&twice)), (400, "DUP_RCRD"));
}

#[tokio::test]
async fn what_is_missing_or_refers_to_nothing_is_refused() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let id = put(&client, "customer", "CU-1", customer()).await;
    let long = "x".repeat(84);
    for (kind, body, expected, detail) in [
        (
            "customer",
            json!({"companyName": "A"}),
            "USER_ERROR",
            "Please enter value(s) for: Primary Subsidiary",
        ),
        ("customer", json!({"companyName": long, "subsidiary": "1"}), "USER_ERROR", "maximum number ( 83 )"),
        ("job", json!({"companyName": "P"}), "USER_ERROR", "Please enter value(s) for: Customer"),
        (
            "job",
            json!({"companyName": "P", "parent": {"id": "9999"}}),
            "INVALID_CONTENT",
            "Invalid Field Value 9999",
        ),
        (
            "job",
            json!({"companyName": "P", "parent": {"id": id}, "startDate": "31/01/2026"}),
            "INVALID_CONTENT",
            "startDate",
        ),
        ("billingSchedule", json!({"name": "S"}), "USER_ERROR", "Please enter value(s) for: Schedule Type"),
        ("billingSchedule", json!({"name": "S", "scheduleType": "7"}), "INVALID_CONTENT", "scheduleType"),
        (
            "billingSchedule",
            json!({"name": "S", "scheduleType": "3", "milestone": {"items": [{"comments": "x"}]}}),
            "USER_ERROR",
            "Amount",
        ),
        (
            "charge",
            json!({"billTo": {"id": id}, "chargeDate": "2026-01-31"}),
            "USER_ERROR",
            "Please enter value(s) for: Amount",
        ),
        ("invoice", json!({"entity": {"id": id}}), "USER_ERROR", "Please enter value(s) for: Items"),
        ("currency", json!({"name": "X"}), "INSUFFICIENT_PERMISSION", "Permission Violation"),
        ("spaceship", json!({}), "NONEXISTENT_RECORD_TYPE", "spaceship"),
    ] {
        let answer = client.post(&format!("{RECORD}/{kind}"), &body).await;
        assert_eq!(code(&answer), expected, "{kind} {body}: {:?}", answer.body);
        let said = answer.body["o:errorDetails"][0]["detail"].as_str().unwrap();
        assert!(said.contains(detail), "{kind} {body}: {said}");
        assert_eq!(answer.body["status"], answer.status);
    }
    let strict = client
        .request(Method::POST, &format!("{RECORD}/customer"))
        .header("X-NetSuite-PropertyNameValidation", "error")
        .json(&json!({"companyName": "A", "subsidiary": "1", "compnayName": "A"}));
    let answer = answered(strict).await;
    assert_eq!(
        (answer.status, &answer.body["o:errorDetails"][0]["o:errorPath"]),
        (400, &json!("compnayName"))
    );
}

#[tokio::test]
async fn lines_are_merged_unless_they_are_replaced() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let schedule = json!({"name": "BS-1", "scheduleType": {"id": "3"}, "milestone": {"items": [
        {"milestoneAmount": 10.5, "milestoneDate": "2026-01-31"}, {"milestoneAmount": 20}]}});
    put(&client, "billingSchedule", "BS-1", schedule.clone()).await;
    let lines = async || {
        let path = format!("{RECORD}/billingSchedule/eid:BS-1?expandSubResources=true");
        client.get(&path).await.body["milestone"]["items"].as_array().unwrap().len()
    };
    put(&client, "billingSchedule", "BS-1", schedule.clone()).await;
    assert_eq!(lines().await, 4, "a repeat without replace doubles the lines");
    let replaced = client
        .send(Method::PUT, &format!("{RECORD}/billingSchedule/eid:BS-1?replace=milestone"), &schedule)
        .await;
    assert_eq!(replaced.status, 204);
    assert_eq!(lines().await, 2);
    let folded = client.get(&format!("{RECORD}/billingSchedule/eid:BS-1")).await;
    let link = folded.body["milestone"]["links"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&link).await.body["totalResults"], 2);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    for number in 1..=5 {
        let body = json!({"companyName": format!("Firm {number}"), "subsidiary": "1"});
        put(&client, "customer", &format!("CU-{number}"), body).await;
    }
    let mut next = Some(format!("{RECORD}/customer?limit=2&q=companyName%20START_WITH%20%22Firm%22"));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let page = client.get(&path).await;
        assert_eq!(page.body["totalResults"], 5, "{:?}", page.body);
        seen.extend(page.body["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let links = page.body["links"].as_array().unwrap().clone();
        next = links
            .iter()
            .find(|link| link["rel"] == "next")
            .map(|link| link["href"].as_str().unwrap().to_owned());
        assert_eq!(page.body["hasMore"], next.is_some());
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    for (query, place) in
        [("limit=2&offset=1", "offset"), ("limit=5000", "limit"), ("q=shoeSize%20EQUAL%203", "q")]
    {
        let answer = client.get(&format!("{RECORD}/customer?{query}")).await;
        assert_eq!(
            (answer.status, &answer.body["o:errorDetails"][0]["o:errorQueryParam"]),
            (400, &json!(place))
        );
    }
}

#[tokio::test]
async fn suiteql_answers_text_in_lower_case_and_asks_for_the_header() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let id = put(&client, "customer", "CU-1", customer()).await;
    put(&client, "job", "PJ-1", json!({"companyName": "Project", "parent": {"externalId": "CU-1"}})).await;
    let ask = |query: &str, header: &str| {
        let request = client.request(Method::POST, "/services/rest/query/v1/suiteql?limit=10");
        answered(request.header("prefer", header.to_owned()).json(&json!({"q": query})))
    };
    let answer =
        ask("SELECT id, companyName, parent, isInactive FROM job WHERE externalId = 'PJ-1'", "transient")
            .await;
    let item = &answer.body["items"][0];
    assert_eq!(
        (&item["companyname"], &item["parent"], &item["isinactive"]),
        (&json!("Project"), &json!(id), &json!("F"))
    );
    let refused = ask("SELECT id FROM job", "").await;
    assert_eq!((refused.status, code(&refused)), (400, "INVALID_HEADER"));
    for query in ["SELECT id FROM nothing", "SELECT shoeSize FROM job", "SELEKT id"] {
        let refused = ask(query, "transient").await;
        assert_eq!((refused.status, code(&refused)), (400, "INVALID_PARAMETER"), "{query}");
    }
}

#[tokio::test]
async fn the_idempotency_key_counts_on_asynchronous_requests_alone() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let post = |prefer: &'static str, name: &str| {
        let request = client
            .request(Method::POST, &format!("{RECORD}/customer"))
            .header("X-NetSuite-Idempotency-Key", "key-1")
            .json(&json!({"companyName": name, "subsidiary": "1"}));
        answered(if prefer.is_empty() { request } else { request.header("prefer", prefer) })
    };
    location_id(&post("", "A").await);
    location_id(&post("", "A").await);
    let taken = post("respond-async", "B").await;
    assert_eq!(taken.status, 202);
    let job = taken.headers["location"].to_str().unwrap().to_owned();
    let again = post("respond-async", "B").await;
    assert_eq!((again.status, code(&again)), (400, "IDEMPOTENCY_ERROR"));
    assert_eq!(again.headers["location"].to_str().unwrap(), job);
    let mut state = client.get(&job).await;
    assert_eq!((&state.body["completed"], &state.body["progress"]), (&json!(false), &json!("pending")));
    for _ in 0..100 {
        if state.body["completed"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        state = client.get(&job).await;
    }
    assert_eq!(state.body["progress"], "succeeded");
    let result = client.get(&format!("{job}/task/1/result")).await;
    let read = client.get(&format!("{RECORD}/customer/{}", location_id(&result))).await;
    assert_eq!(read.body["companyName"], "B");
    assert_eq!(sandbox.ledger().systems["netsuite"].collections["customer"].objects, 3);
}

#[tokio::test]
async fn a_project_becomes_an_order_and_an_invoice() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    put(&client, "customer", "CU-1", customer()).await;
    put(&client, "job", "PJ-1", json!({"companyName": "Project", "parent": {"externalId": "CU-1"}})).await;
    let item = json!({"item": {"items": [{"item": {"id": "1"}, "quantity": 3, "rate": 100.25}]}});
    let order = client.post(&format!("{RECORD}/job/eid:PJ-1/!transform/salesOrder"), &item).await;
    let order = location_id(&order);
    let invoice = location_id(
        &client.post(&format!("{RECORD}/salesOrder/{order}/!transform/invoice"), &json!({})).await,
    );
    let read = client.get(&format!("{RECORD}/invoice/{invoice}?expandSubResources=true")).await;
    assert_eq!((&read.body["total"], &read.body["createdFrom"]["id"]), (&json!(300.75), &json!(order)));
    assert_eq!(read.body["status"]["refName"], "Open");
    let kept = client.send(Method::DELETE, &format!("{RECORD}/customer/eid:CU-1"), &Value::Null).await;
    assert_eq!((kept.status, code(&kept)), (400, "USER_ERROR"));
    let gone = client.send(Method::DELETE, &format!("{RECORD}/invoice/{invoice}"), &Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(client.get(&format!("{RECORD}/invoice/{invoice}")).await.status, 404);
}

#[tokio::test]
async fn the_account_handles_fifteen_requests_at_a_time() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    // Every request is struck by a fault; the slow ones keep the account busy.
    sandbox.set_faults(1.0);
    let path = format!("{RECORD}/currency/1");
    let requests = (0..120).map(|_| client.request(Method::GET, &path).send());
    let answers = futures_util::future::join_all(requests).await;
    let slow = sandbox.ledger().systems["netsuite"].faults.get("slow").copied().unwrap_or(0);
    let drawn: u64 = ["throttled", "throttled-silently"]
        .iter()
        .map(|kind| sandbox.ledger().systems["netsuite"].faults.get(*kind).copied().unwrap_or(0))
        .sum();
    let refused = answers.iter().flatten().filter(|answer| answer.status().as_u16() == 429).count() as u64;
    assert!(slow > 15, "{slow} slow requests are too few to fill the account");
    assert!(refused > drawn, "{refused} refused, of which {drawn} by faults");
}

#[tokio::test]
async fn the_catalog_describes_the_records() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let all = client.get(&format!("{RECORD}/metadata-catalog")).await;
    assert!(all.body["items"].as_array().unwrap().iter().any(|item| item["name"] == "billingSchedule"));
    let request = client.request(Method::GET, &format!("{RECORD}/metadata-catalog/customer"));
    let schema = answered(request.header("accept", "application/schema+json")).await;
    assert_eq!(schema.body["properties"]["companyName"]["maxLength"], 83);
}

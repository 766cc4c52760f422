//! Salesforce.

use reqwest::Method;
use serde_json::{Value, json};
use throughline_sandbox::Sandbox;

use crate::client::{Answer, Client, folder, sandbox};

const DATA: &str = "/services/data/v62.0";

pub(crate) async fn signed_in(sandbox: &Sandbox) -> Client {
    let mut client = Client::new(sandbox, "salesforce");
    let (id, secret) = (client.credentials["clientId"].clone(), client.credentials["clientSecret"].clone());
    let grant = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    let answer = client.form("/services/oauth2/token", &grant).await;
    assert_eq!(answer.body["instance_url"], client.base.as_str());
    client.token = answer.body["access_token"].as_str().unwrap().to_owned();
    client
}

async fn created(client: &Client, object: &str, body: Value) -> String {
    let answer = client.post(&format!("{DATA}/sobjects/{object}"), &body).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn query(client: &Client, soql: &str) -> Answer {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", soql).finish();
    client.get(&format!("{DATA}/query?{query}")).await
}

async fn opportunity(client: &Client, name: &str, more: Value) -> String {
    let mut body = json!({"Name": name, "StageName": "Prospecting", "CloseDate": "2026-03-31"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    created(client, "Opportunity", body).await
}

#[tokio::test]
async fn a_token_is_needed_and_the_right_secret_too() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = Client::new(&sandbox, "salesforce");
    let refused = client.get(&format!("{DATA}/sobjects")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.body,
        json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
    );
    let wrong = [
        ("grant_type", "client_credentials"),
        ("client_id", client.credentials["clientId"].as_str()),
        ("client_secret", "guess"),
    ];
    let answer = client.form("/services/oauth2/token", &wrong).await;
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_client")));
    assert_eq!(
        client.get("/services/data").await.body.as_array().unwrap().last().unwrap()["version"],
        "64.0"
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn a_signed_assertion_opens_a_session() {
    use throughline_sandbox::oauth::jwt::{Algorithm, sign};
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = Client::new(&sandbox, "salesforce");
    let mut claims = json!({
        "iss": client.credentials["clientId"], "sub": client.credentials["username"],
        "aud": "https://login.salesforce.com", "exp": 4_000_000_000_u64,
    });
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let token = sign(&claims, "", &client.credentials["privateKey"], Algorithm::Rs256).unwrap();
    let answer = client.form("/services/oauth2/token", &[("grant_type", grant), ("assertion", &token)]).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    claims["exp"] = json!(1);
    let token = sign(&claims, "", &client.credentials["privateKey"], Algorithm::Rs256).unwrap();
    let answer = client.form("/services/oauth2/token", &[("grant_type", grant), ("assertion", &token)]).await;
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_grant")));
    sandbox.stop().await;
}

#[tokio::test]
async fn records_live_and_are_refused_as_the_vendor_does() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let account = created(&client, "Account", json!({"Name": "Acme", "Country_Code__c": "DE"})).await;
    let record = client.get(&format!("{DATA}/sobjects/Account/{}", &account[..15])).await;
    assert_eq!(record.body["attributes"]["url"], format!("{DATA}/sobjects/Account/{account}"));
    assert_eq!((&record.body["Name"], &record.body["Phone"]), (&json!("Acme"), &Value::Null));
    assert!(record.headers["sforce-limit-info"].to_str().unwrap().starts_with("api-usage="));

    let path = format!("{DATA}/sobjects/Account/{account}");
    let changed = client.send(Method::PATCH, &path, &json!({"Name": "Acme GmbH"})).await;
    assert_eq!((changed.status, changed.bytes.len()), (204, 0));
    assert_eq!(client.get(&format!("{path}?fields=Name")).await.body["Name"], "Acme GmbH");

    for (object, body, status, code) in [
        ("Account", json!({}), 400, "REQUIRED_FIELD_MISSING"),
        ("Account", json!({"Name": "A", "Nmae": "B"}), 400, "INVALID_FIELD"),
        (
            "Account",
            json!({"Name": "A", "SystemModstamp": "2026-01-01T00:00:00Z"}),
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("Account", json!({"Name": "A", "DunsNumber": "1234567890"}), 400, "STRING_TOO_LONG"),
        (
            "Opportunity",
            json!({"Name": "A", "StageName": "Prospecting", "CloseDate": "soon"}),
            400,
            "JSON_PARSER_ERROR",
        ),
        (
            "Opportunity",
            json!({"Name": "A", "StageName": "Prospecting", "CloseDate": "2026-01-01", "AccountId": "0017Q00000000zzz"}),
            400,
            "MALFORMED_ID",
        ),
        ("Nothing", json!({}), 404, "NOT_FOUND"),
    ] {
        let answer = client.post(&format!("{DATA}/sobjects/{object}"), &body).await;
        assert_eq!((answer.status, &answer.body[0]["errorCode"]), (status, &json!(code)), "{body}");
    }
    let gone = client.send(Method::DELETE, &path, &json!({})).await;
    assert_eq!(gone.status, 204);
    assert_eq!(client.get(&path).await.body[0]["errorCode"], "NOT_FOUND");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_external_id_upserts_once() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let path = format!("{DATA}/sobjects/Account/Throughline_Customer__c/CU-1");
    let first = client.send(Method::PATCH, &path, &json!({"Name": "Acme"})).await;
    assert_eq!((first.status, &first.body["created"]), (201, &json!(true)));
    let second = client.send(Method::PATCH, &path, &json!({"Name": "Acme plc"})).await;
    assert_eq!((second.status, &second.body["created"]), (200, &json!(false)));
    assert_eq!(first.body["id"], second.body["id"]);
    let other = client
        .post(&format!("{DATA}/sobjects/Account"), &json!({"Name": "B", "Throughline_Customer__c": "CU-1"}))
        .await;
    assert_eq!(other.body[0]["errorCode"], "DUPLICATE_VALUE");
    let unknown = client.send(Method::PATCH, &format!("{DATA}/sobjects/Account/Name/x"), &json!({})).await;
    assert_eq!((unknown.status, &unknown.body[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    sandbox.stop().await;
}

#[tokio::test]
async fn line_items_are_the_amount_and_come_with_a_sub_select() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let account = created(&client, "Account", json!({"Name": "Acme", "Country_Code__c": "GB"})).await;
    let deal = opportunity(&client, "Deal", json!({"AccountId": account, "Amount": 5})).await;
    opportunity(&client, "Bare", json!({})).await;
    let entry = query(&client, "SELECT Id FROM PricebookEntry WHERE Product2.ProductCode = 'FF'").await;
    let entry = entry.body["records"][0]["Id"].clone();
    for (description, price) in [("Phase 1", 100.5), ("Phase 2", 200.25)] {
        let line = json!({
            "OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 2, "UnitPrice": price,
            "Description": description, "Billing_Model__c": "Fixed Fee",
        });
        created(&client, "OpportunityLineItem", line).await;
    }
    let found = query(
        &client,
        "SELECT Id, Name, Amount, Account.Name, Account.Country_Code__c, \
         (SELECT Description, TotalPrice FROM OpportunityLineItems ORDER BY Description DESC) FROM Opportunity ORDER BY Name",
    )
    .await;
    assert_eq!((found.status, &found.body["totalSize"]), (200, &json!(2)), "{:?}", found.body);
    let [bare, deal] = found.body["records"].as_array().unwrap().as_slice() else { panic!("two records") };
    assert_eq!((&bare["OpportunityLineItems"], &bare["Account"]), (&Value::Null, &Value::Null));
    assert_eq!((&deal["Amount"], &deal["Account"]["Country_Code__c"]), (&json!(601.5), &json!("GB")));
    assert_eq!(deal["OpportunityLineItems"]["records"][0]["Description"], "Phase 2");
    sandbox.stop().await;
}

#[tokio::test]
async fn conditions_select() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    for (name, amount, region, stage) in [
        ("Alpha", json!(10), json!("EMEA"), "Prospecting"),
        ("beta", json!(20), json!("AMER"), "Closed Won"),
        ("Gamma 50%", json!(30), json!("EMEA"), "Closed Lost"),
        ("O'Delta", Value::Null, Value::Null, "Closed Won"),
    ] {
        opportunity(&client, name, json!({"Amount": amount, "Region__c": region, "StageName": stage})).await;
    }
    for (condition, expected) in [
        ("Name = 'ALPHA'", vec!["Alpha"]),
        ("Amount > 10 AND Amount <= 30", vec!["Gamma 50%", "beta"]),
        ("Region__c != 'EMEA'", vec!["O'Delta", "beta"]),
        ("Region__c = null", vec!["O'Delta"]),
        ("IsWon = true AND (Region__c = 'AMER' OR Amount = null)", vec!["O'Delta", "beta"]),
        ("NOT IsClosed = true", vec!["Alpha"]),
        ("StageName IN ('Prospecting', 'Closed Lost')", vec!["Alpha", "Gamma 50%"]),
        ("StageName NOT IN ('Prospecting', 'Closed Lost')", vec!["O'Delta", "beta"]),
        ("Name LIKE '%\\%'", vec!["Gamma 50%"]),
        ("Name = 'O\\'Delta'", vec!["O'Delta"]),
        ("SystemModstamp >= 2020-01-01T00:00:00Z AND CloseDate < 2026-04-01 AND Amount = 10", vec!["Alpha"]),
        ("SystemModstamp > 2220-01-01T00:00:00.000+0000", vec![]),
    ] {
        let found = query(&client, &format!("SELECT Name FROM Opportunity WHERE {condition}")).await;
        assert_eq!(found.status, 200, "{condition}: {:?}", found.body);
        let mut names: Vec<&str> =
            found.body["records"].as_array().unwrap().iter().map(|r| r["Name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{condition}");
    }
    assert_eq!(query(&client, "SELECT COUNT() FROM Opportunity").await.body["totalSize"], 4);
    for (soql, code) in [
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Nmae FROM Account", "INVALID_FIELD"),
        ("SELECT Owner.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2020-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY"),
    ] {
        let answer = query(&client, soql).await;
        assert_eq!((answer.status, &answer.body[0]["errorCode"]), (400, &json!(code)), "{soql}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn long_results_come_in_pages_that_survive_a_restart() {
    let folder = folder();
    let first = sandbox(folder.path()).await;
    let client = signed_in(&first).await;
    for batch in 0..3 {
        let records: Vec<Value> = (0..200)
            .map(|n| json!({"attributes": {"type": "Account"}, "Name": format!("Account {:03}", batch * 200 + n)}))
            .collect();
        let answer = client
            .post(&format!("{DATA}/composite/sobjects"), &json!({"allOrNone": true, "records": records}))
            .await;
        assert!(answer.body.as_array().unwrap().iter().all(|result| result["success"] == true));
    }
    let path = format!("{DATA}/query?q=SELECT+Name+FROM+Account+ORDER+BY+Name");
    let request = client.request(Method::GET, &path).header("Sforce-Query-Options", "batchSize=250");
    let page = crate::client::answered(request).await;
    assert_eq!((&page.body["totalSize"], &page.body["done"]), (&json!(600), &json!(false)));
    first.stop().await;

    let second = sandbox(folder.path()).await;
    let mut names: Vec<Value> =
        page.body["records"].as_array().unwrap().iter().map(|r| r["Name"].clone()).collect();
    let mut next = page.body["nextRecordsUrl"].clone();
    while let Some(url) = next.as_str() {
        let page = client.get(url).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        names.extend(page.body["records"].as_array().unwrap().iter().map(|r| r["Name"].clone()));
        next = page.body["nextRecordsUrl"].clone();
    }
    assert_eq!(names.len(), 600);
    assert!(names.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    second.stop().await;
}

#[tokio::test]
async fn composite_parts_refer_to_each_other_and_fall_together() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let body = |stage: Value, all: bool| {
        json!({"allOrNone": all, "compositeRequest": [
            {"method": "POST", "url": format!("{DATA}/sobjects/Account"), "referenceId": "a", "body": {"Name": "Acme"}},
            {"method": "POST", "url": format!("{DATA}/sobjects/Opportunity"), "referenceId": "o",
             "body": {"Name": "Deal", "CloseDate": "2026-01-31", "StageName": stage, "AccountId": "@{a.id}"}},
        ]})
    };
    let answer = client.post(&format!("{DATA}/composite"), &body(json!("Prospecting"), true)).await;
    let statuses = |answer: &Answer| -> Vec<u64> {
        let parts = answer.body["compositeResponse"].as_array().unwrap();
        parts.iter().map(|part| part["httpStatusCode"].as_u64().unwrap()).collect()
    };
    assert_eq!((answer.status, statuses(&answer)), (200, vec![201, 201]));
    let answer = client.post(&format!("{DATA}/composite"), &body(Value::Null, true)).await;
    assert_eq!(statuses(&answer), [400, 400]);
    assert_eq!(sandbox.ledger().systems["salesforce"].collections["Account"].objects, 1);
    let answer = client.post(&format!("{DATA}/composite"), &body(Value::Null, false)).await;
    assert_eq!(statuses(&answer), [201, 400]);
    sandbox.stop().await;
}

#[tokio::test]
async fn describe_names_the_custom_fields() {
    let folder = folder();
    let sandbox = sandbox(folder.path()).await;
    let client = signed_in(&sandbox).await;
    let described = client.get(&format!("{DATA}/sobjects/Opportunity/describe")).await.body;
    let field = described["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "Throughline_Contract__c")
        .unwrap();
    assert_eq!(
        (&field["custom"], &field["externalId"], &field["type"]),
        (&json!(true), &json!(true), &json!("string"))
    );
    assert_eq!(described["childRelationships"][0]["relationshipName"], "OpportunityLineItems");
    sandbox.stop().await;
}

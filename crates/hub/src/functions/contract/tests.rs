//! The life of a contract through the functions that flows call.

use serde_json::{Value, json};
use throughline_model::{ContractId, ContractVersion, decode, version};

use super::super::testing::Bench;

fn opportunity(changes: Value) -> Value {
    let mut opportunity = json!({
        "id": "006A", "source": "crm", "name": "Platform", "stage": "Closed Won", "stageClass": "won",
        "account": {"name": "Acme GmbH", "country": "DE", "source": {"system": "crm", "id": "001"}},
        "currency": "EUR", "amount": "1000", "closeDate": "2026-02-01", "start": "2026-03-01", "end": "2026-05-31",
        "legalEntity": "DE", "purchaseOrder": "PO-7",
        "billing": [{"model": "fixedFee", "id": "f", "description": "Build", "price": "1000", "trigger": "date"}]
    });
    for (name, value) in changes.as_object().unwrap() {
        opportunity[name] = value.clone();
    }
    opportunity
}

fn contract_id() -> ContractId {
    ContractId::of(&["contract", "crm", "006A"])
}

fn signed(terms: Value) -> Value {
    json!({"contractId": contract_id(), "number": "2026-1", "signedDate": "2026-02-10", "effectiveDate": null,
           "terms": terms, "opportunityId": null, "clm": {"system": "clm", "id": "env-1"}})
}

fn amended(amendment: Value) -> Value {
    json!({"contractId": contract_id(), "number": "2026-1", "amendment": amendment})
}

async fn draft(bench: &Bench, opportunity: Value, supplied: Value) -> Value {
    let customer = bench.done("c", "customer.resolve", json!({"party": opportunity["account"]})).await;
    let wanted = json!({"legalEntity": opportunity["legalEntity"], "currency": "EUR", "country": null});
    let entity = bench.done("l", "legal-entity.resolve", wanted).await;
    let with = json!({"opportunity": opportunity, "customer": customer, "legalEntity": entity, "supplied": supplied});
    bench.done("d", "contract.draft", with).await
}

async fn chain(bench: &Bench) -> Vec<ContractVersion> {
    let chain: Vec<ContractVersion> =
        bench.records("contract-version").await.iter().map(|v| decode(v).unwrap()).collect();
    version::verify(&chain).unwrap();
    chain
}

#[tokio::test]
async fn a_draft_is_redrawn_until_it_is_signed_and_its_terms_are_signed() {
    let bench = Bench::new().await;
    let first = draft(&bench, opportunity(json!({})), json!({})).await;
    assert_eq!(first["status"], "draft");
    assert_eq!(first["contractId"], json!(contract_id()));
    assert!(first["number"].as_str().unwrap().starts_with("2026-"));
    assert_eq!(first["terms"]["region"], "emea");
    let second = draft(&bench, opportunity(json!({"amount": "1200"})), json!({"paymentTermsDays": 30})).await;
    assert_eq!(
        (&second["terms"]["value"], &second["terms"]["paymentTermsDays"]),
        (&json!("1200"), &json!(30))
    );

    let recorded = bench.done("s", "contract.record", signed(Value::Null)).await;
    assert_eq!((&recorded["status"], &recorded["missing"]), (&json!("recorded"), &json!([])));
    assert_eq!(recorded["contract"]["terms"]["value"], "1200");
    assert_eq!(recorded["contract"]["opportunityId"], "006A");
    assert_eq!(recorded["legalEntity"]["code"], "DE");
    let late = draft(&bench, opportunity(json!({"amount": "9"})), json!({})).await;
    assert_eq!((&late["status"], &late["terms"]["value"]), (&json!("signed"), &json!("1200")));
    assert_eq!(bench.records("contract").await[0]["status"], "signed");
}

#[tokio::test]
async fn a_signature_again_is_the_same_or_a_conflict() {
    let bench = Bench::new().await;
    let terms =
        json!({"currency": "USD", "value": "10", "start": "2026-01-01", "customer": {"name": "Acme"}});
    let first = bench.answer("s1", "contract.record", signed(terms.clone())).await;
    let repeated = bench.answer("s1", "contract.record", signed(terms.clone())).await;
    assert_eq!((&first.value, &first.effects), (&repeated.value, &repeated.effects));
    assert_eq!(first.value["legalEntity"]["code"], "US");
    bench.commit(repeated.effects).await;
    let again = bench.answer("s2", "contract.record", signed(terms.clone())).await;
    assert_eq!(again.value["status"], "same");
    assert!(again.effects.is_empty());
    let mut other = terms;
    other["value"] = json!("11");
    let conflict = bench.done("s3", "contract.record", signed(other)).await;
    assert_eq!(
        (&conflict["status"], &conflict["contract"]["terms"]["value"]),
        (&json!("conflict"), &json!("10"))
    );
    assert!(conflict["reason"].as_str().unwrap().contains("terms.value"));
    assert_eq!(chain(&bench).await.len(), 1);
}

#[tokio::test]
async fn missing_facts_are_stated_and_supplied() {
    let bench = Bench::new().await;
    let recorded =
        bench.done("s", "contract.record", signed(json!({"customer": {"name": "Acme"}, "value": "5"}))).await;
    let fields = |answer: &Value| -> Vec<String> {
        answer["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["field"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(fields(&recorded), ["currency", "start", "legalEntity"]);
    let facts = |terms: Value| json!({"contractId": contract_id(), "terms": terms, "signedDate": null});
    let some = bench.done("f1", "contract.supply", facts(json!({"currency": "USD"}))).await;
    assert_eq!(fields(&some), ["start"]);
    let all = bench.done("f2", "contract.supply", facts(json!({"start": "2026-03-01"}))).await;
    assert_eq!((&all["status"], fields(&all)), (&json!("recorded"), vec![]));
    assert_eq!(
        bench.done("f3", "contract.supply", facts(json!({"start": "2026-03-01"}))).await["status"],
        "same"
    );
    let chain = chain(&bench).await;
    assert_eq!(chain.iter().map(|v| (v.version, v.correction)).collect::<Vec<_>>(), [(1, 0), (1, 1), (1, 2)]);
    let fault = bench.fault("f4", "contract.supply", facts(json!({"currency": "XXX"}))).await;
    assert!(fault.contains("/changes/currency"), "{fault}");
}

#[tokio::test]
async fn amendments_follow_one_another_without_gap_or_doubt() {
    let bench = Bench::new().await;
    let early =
        bench.done("a0", "contract.amend", amended(json!({"id": "a", "version": 2, "changes": {}}))).await;
    assert_eq!(early["status"], "unknown-contract");
    bench.done("s", "contract.record", signed(json!({"currency": "USD", "value": "10"}))).await;
    let status = async |asker: &str, amendment: Value| {
        bench.done(asker, "contract.amend", amended(amendment)).await["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status("a1", json!({"id": "b", "version": 3, "changes": {"value": "30"}})).await, "gap");
    assert_eq!(status("a2", json!({"id": "a", "version": 2, "changes": {"value": "20"}})).await, "recorded");
    assert_eq!(status("a3", json!({"id": "a", "version": 2, "changes": {"value": "20"}})).await, "same");
    assert_eq!(status("a4", json!({"id": "a", "version": 2, "changes": {"value": "21"}})).await, "conflict");
    assert_eq!(status("a5", json!({"id": "b", "version": 3, "changes": {"value": "30"}})).await, "recorded");
    let correction =
        json!({"id": "c", "kind": "correction", "reason": "typing error", "changes": {"value": "31"}});
    assert_eq!(status("a6", correction).await, "recorded");
    let chain = chain(&bench).await;
    assert_eq!(
        chain.iter().map(|v| (v.version, v.correction)).collect::<Vec<_>>(),
        [(1, 0), (2, 0), (3, 0), (3, 1)]
    );
    let contract = &bench.records("contract").await[0];
    assert_eq!((&contract["version"], &contract["terms"]["value"]), (&json!(3), &json!("31")));
}

/// Amendments without a number, each by a run of its own, commits in any order: none is lost, none doubled.
#[tokio::test]
async fn amendments_at_once_are_all_recorded() {
    let bench = Bench::new().await;
    bench.done("s", "contract.record", signed(json!({"currency": "USD", "value": "10"}))).await;
    let runs = (0..12_u64).map(|i| {
        let bench = &bench;
        async move {
            let asker = format!("run{i}:1");
            let amendment = json!({"id": format!("a{i}"), "changes": {"value": i.to_string()}});
            let answer = bench.answer(&asker, "contract.amend", amended(amendment)).await;
            tokio::time::sleep(std::time::Duration::from_millis((i * 7) % 11)).await;
            bench.commit(answer.effects).await;
        }
    });
    futures_util::future::join_all(runs).await;
    let chain = chain(&bench).await;
    assert_eq!(chain.len(), 13);
    let ids: std::collections::BTreeSet<_> = chain.iter().filter_map(|v| v.amendment_id.clone()).collect();
    assert_eq!(ids.len(), 12);
}

#[tokio::test]
async fn a_draft_is_screened_with_our_entities() {
    let bench = Bench::new().await;
    let drafted = draft(&bench, opportunity(json!({})), json!({})).await;
    let screen = async |terms: Value, opportunity: Value| {
        bench.done("x", "contract.screen", json!({"terms": terms, "opportunity": opportunity})).await
    };
    let pass = screen(drafted["terms"].clone(), opportunity(json!({}))).await;
    assert_eq!(pass, json!({"verdict": "pass", "findings": []}));
    let mut terms = drafted["terms"].clone();
    terms["legalEntity"] = json!("ZZ");
    let hold = screen(terms.clone(), opportunity(json!({}))).await;
    assert_eq!((&hold["verdict"], &hold["findings"][0]["code"]), (&json!("hold"), &json!("S0010")));
    terms["currency"] = json!("DOGE");
    let refuse = screen(terms.clone(), Value::Null).await;
    assert_eq!((&refuse["verdict"], &refuse["findings"][0]["found"]), (&json!("refuse"), &json!("DOGE")));
    terms["start"] = json!("soon");
    let fault = bench.fault("y", "contract.screen", json!({"terms": terms})).await;
    assert!(fault.contains("/terms/start"), "{fault}");
}

#[tokio::test]
async fn a_recorded_contract_becomes_project_schedule_reference_and_activation() {
    let bench = Bench::new().await;
    draft(&bench, opportunity(json!({})), json!({})).await;
    let record = bench.done("s", "contract.record", signed(Value::Null)).await;
    let party = json!({"party": record["contract"]["terms"]["customer"], "scope": "2026-1"});
    let customer = bench.done("cu", "customer.resolve", party).await;
    let with =
        json!({"contract": record["contract"], "customer": customer, "legalEntity": record["legalEntity"]});
    let project = bench.done("p", "project.plan", with).await;
    assert_eq!((&project["name"], &project["customerId"]), (&json!("Platform"), &customer["id"]));
    let schedule = bench.done("b", "billing.translate", json!({"contract": record["contract"]})).await;
    assert_eq!(schedule["total"], "1000.00");
    let stored = json!({"systemId": "01", "url": "https://x/1", "etag": "e", "webUrl": "more than is kept"});
    let with = json!({"contractId": contract_id(), "document": {"title": "Contract"}, "stored": stored});
    let reference = bench.done("r", "document.reference", with).await;
    assert_eq!(reference["systemId"], "01");
    let invoice = json!({"id": "I1", "amount": "5", "currency": "EUR"});
    bench.done("i", "invoice.record", json!({"contractId": contract_id(), "invoice": invoice})).await;
    bench.done("o", "opportunity.record", json!({"opportunity": opportunity(json!({}))})).await;
    let with =
        json!({"contractId": contract_id(), "signedDate": "2026-02-10", "startedAt": "2026-03-01T09:58:30Z"});
    let activation = bench.done("z1", "activation.complete", with.clone()).await;
    assert_eq!(activation["seconds"], 90);
    let again = bench.answer("z2", "activation.complete", with).await;
    assert_eq!((again.value, again.effects.len()), (activation, 0));

    for noun in [
        "activation",
        "billing-schedule",
        "contract",
        "contract-version",
        "customer",
        "customer-key",
        "customer-source",
        "document-reference",
        "invoice",
        "opportunity",
        "project",
    ] {
        let (_, schema) = throughline_model::schema::records().into_iter().find(|(n, _)| *n == noun).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let records = bench.records(noun).await;
        assert_eq!(records.len(), 1, "{noun}");
        assert!(validator.iter_errors(&records[0]).next().is_none(), "{noun}: {}", records[0]);
    }
}

//! Every function of every adapter, driven against a stub that replays what is written in its fixtures.
//!
//! A fixture is `{function, settings?, with, exchange: [{request, response}], result | error}`. The function is called as a flow
//! calls it, look-ups and sign-in included; the requests it makes must be those of the exchange, in order, exactly.
//! `{stub}` in a fixture stands for the stub's address. Where the vendors' own descriptions are at hand, the bodies sent are
//! held against them too.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

#[path = "fixtures/descriptions.rs"]
mod descriptions;
#[path = "fixtures/stub.rs"]
mod stub;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use throughline_hub::Hub;
use throughline_hub::adapter::SecretRef;
use throughline_hub::catalog::{Catalog, Files};
use throughline_hub::config::{Config, SystemEntry};
use throughline_hub::engine::{StartRequest, SystemClock};

use stub::Stub;

struct Fixture {
    file: PathBuf,
    product: String,
    body: Value,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/adapters");
    let mut all = Vec::new();
    for product in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        for file in std::fs::read_dir(product.path().join("fixtures")).unwrap().map(Result::unwrap) {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let body =
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.path().display()));
            all.push(Fixture {
                file: file.path(),
                product: product.file_name().into_string().unwrap(),
                body,
            });
        }
    }
    all.sort_by(|a, b| a.file.cmp(&b.file));
    all
}

/// Settings as an operator would give them.
fn settings(product: &str, stub: &str) -> Value {
    let mut settings = match product {
        "salesforce" => json!({}),
        "docusign" => json!({
            "accountId": "624e3e00-1111-4444-8888-000000000001",
            "signers": [{"name": "Ada Lovelace", "email": "ada@firm.example"}],
        }),
        "netsuite" => json!({
            "subsidiaries": {"DE": "3", "US": "1"}, "currencies": {"USD": "1"},
            "appUrl": "https://tstdrv.app.netsuite.com",
        }),
        "business-central" => json!({
            "tenant": "6f1d3a52-8b0e-4c55-9d27-0c5f3d1e7a90", "environment": "Production",
            "companies": {"DE": "c0ffee00-0000-4000-8000-0000000000de"},
            "planningLinesApi": "throughline/delivery/v1.0",
        }),
        "kantata" => json!({}),
        "graph" => json!({"tenantId": "t", "driveId": "b!drive-1"}),
        other => panic!("give settings for {other}"),
    };
    settings["baseUrl"] = json!(stub);
    settings
}

fn credentials(catalog: &Catalog, product: &str) -> BTreeMap<String, SecretRef> {
    let key = include_str!("../../sandbox/src/oauth/docusign-test-key.pem");
    let needed = catalog.adapters[product].spec.required_credentials();
    let value = |name: &str| if name == "privateKey" { key.to_owned() } else { format!("test-{name}") };
    needed.into_iter().map(|name| (name.clone(), SecretRef::Value(value(&name)))).collect()
}

/// The adapters, one route, and a flow that calls the function and nothing else.
fn files(function: &str, with: &Value) -> Files {
    let embedded = Files::embedded();
    let arguments: serde_json::Map<String, Value> =
        with.as_object().unwrap().keys().map(|k| (k.clone(), json!(format!("${{ .{k} }}")))).collect();
    let flow = json!({
        "document": {"dsl": "1.0.3", "namespace": "test", "name": "fixture", "version": "1.0.0"},
        "do": [{"call": {"call": function, "with": arguments}}],
    });
    let (flow, routes) = (flow.to_string(), "routes:\n  - {capability: '*', system: it}\n");
    let adapters = embedded.under("adapters");
    let own = [
        ("flows/fixture.yaml", flow.as_str()),
        ("routes.yaml", routes),
        ("legal-entities.yaml", "entities: []\n"),
    ];
    Files::of(adapters.chain(own))
}

async fn check(fixture: &Fixture) -> Result<(), String> {
    let exchange = fixture.body["exchange"].as_array().unwrap().clone();
    let stub = Stub::start(exchange).await;
    let at = |value: &Value| -> Value {
        serde_json::from_str(&value.to_string().replace("{stub}", &stub.address())).unwrap()
    };
    let catalog =
        Catalog::from_files(&files(fixture.body["function"].as_str().unwrap(), &fixture.body["with"]))
            .map_err(|problems| format!("{problems:#?}"))?;
    let mut settings = settings(&fixture.product, &stub.address());
    for (name, value) in fixture.body["settings"].as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let data = tempfile::tempdir().unwrap();
    let mut config = Config { data: data.path().to_owned(), ..Config::default() };
    let credentials = credentials(&catalog, &fixture.product);
    // As YAML, so that the configuration's own defaults hold.
    let mut entry: SystemEntry =
        serde_json::from_value(json!({"adapter": fixture.product, "poll": false, "settings": settings}))
            .unwrap();
    entry.credentials = credentials;
    config.systems.insert("it".to_owned(), entry);

    let hub = Hub::start(config, catalog, Arc::new(SystemClock)).await.map_err(|e| format!("{e:?}"))?;
    let request = StartRequest {
        flow: "fixture".to_owned(),
        tenant: "default".to_owned(),
        input: at(&fixture.body["with"]),
        business_key: None,
    };
    let end = hub.engine().start_run(request).await.unwrap().end.await.unwrap();
    hub.stop().await;

    let seen = stub.seen();
    let wanted: Vec<Value> =
        fixture.body["exchange"].as_array().unwrap().iter().map(|e| e["request"].clone()).collect();
    same("requests", &json!(seen), &json!(wanted))?;
    descriptions::check(&fixture.product, &seen)?;
    let ended: Value = serde_json::from_slice(end.output.as_ref().or(end.error.as_ref()).unwrap()).unwrap();
    match (fixture.body.get("error"), &end.error) {
        (None, None) => same("result", &ended, &at(&fixture.body["result"])),
        (Some(error), Some(_)) => matches(error, &ended),
        (None, Some(_)) => Err(format!("it faulted: {ended:#}")),
        (Some(_), None) => Err(format!("it returned {ended:#}, where a fault was expected")),
    }
}

fn same(what: &str, got: &Value, want: &Value) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("{what}: got {got:#}\nwant {want:#}")) }
}

/// An error has at least what the fixture states: `type` by its last part, `detail` by a part of its text.
fn matches(want: &Value, got: &Value) -> Result<(), String> {
    let text = |v: &Value, name: &str| v[name].as_str().unwrap_or_default().to_owned();
    let fits = want["type"].is_null() || text(got, "type").ends_with(&format!("/{}", text(want, "type")));
    let fits = fits && (want["status"].is_null() || want["status"] == got["status"]);
    let fits = fits && (want["title"].is_null() || want["title"] == got["title"]);
    if fits && text(got, "detail").contains(&text(want, "detail")) {
        Ok(())
    } else {
        Err(format!("error: got {got:#}\nwant {want:#}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_speak_as_their_fixtures_say() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        if let Err(said) = check(&fixture).await {
            wrong.push(format!("{}\n{said}", fixture.file.display()));
        }
    }
    assert!(wrong.is_empty(), "{} fixtures fail:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_function_has_a_fixture() {
    let catalog = Catalog::embedded().unwrap_or_else(|problems| panic!("{problems:#?}"));
    let covered: BTreeSet<(String, String)> = fixtures()
        .into_iter()
        .map(|f| (f.product, f.body["function"].as_str().unwrap().to_owned()))
        .collect();
    let bare: Vec<String> = catalog
        .adapters
        .iter()
        .flat_map(|(product, adapter)| {
            adapter.functions.keys().map(move |name| (product.clone(), name.clone()))
        })
        .filter(|function| !covered.contains(function))
        .map(|(product, name)| format!("{product}: {name}"))
        .collect();
    assert!(bare.is_empty(), "functions without a fixture: {bare:?}");
}

//! The hub and the simulators, wired to each other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use throughline_hub::Hub;
use throughline_hub::adapter::{Body, Client, ClientOptions, Request, SecretRef, System, SystemConfig};
use throughline_hub::catalog::Catalog;
use throughline_hub::config::{Config, SystemEntry};
use throughline_hub::engine::{Clock, SystemClock};
use throughline_hub::store::{LinkFilter, RecordFilter, Run, RunFilter, RunStatus};
use throughline_hub::timeline::{Timeline, tell};
use throughline_hub::{Incoming, Intake};
use throughline_sandbox::{Ledger, Options, Sandbox, SimulatedSystem};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) struct World {
    sandbox: Sandbox,
    hub: Hub,
    /// The CRM, as its own users reach it.
    crm: System,
    /// DocuSign's control paths.
    clm: System,
    price_book_entry: String,
    webhooks: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl World {
    /// Starts simulators without faults, the hub, and the way from DocuSign's webhooks to it.
    pub(crate) async fn start(seed: u64) -> Self {
        Self::start_with(seed, &[]).await
    }

    /// The same, with a setting of some products given: product, name and value.
    pub(crate) async fn start_with(seed: u64, given: &[(&str, &str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { seed, ..Options::new(folder.path().join("sandbox")) };
        let sandbox = Sandbox::start(options).await.unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            ca_files: vec![sandbox.ca_file()],
            ..Config::default()
        };
        for system in sandbox.systems() {
            let mut entry = entry(&system);
            for (_, name, value) in given.iter().filter(|(product, ..)| *product == system.product) {
                entry.settings[*name] = value.clone();
            }
            config.systems.insert(system.name.clone(), entry);
        }
        let catalog = Catalog::embedded().unwrap_or_else(|problems| panic!("{problems:#?}"));
        let crm = reach(&sandbox, &catalog, "salesforce");
        let clm = reach(&sandbox, &catalog, "docusign");
        let hub =
            Hub::start(config, catalog, Arc::new(SystemClock)).await.unwrap_or_else(|e| panic!("{e:?}"));

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router =
            Router::new().route("/v1/webhooks/{system}/{webhook}", post(webhook)).with_state(hub.clone());
        let webhooks = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let docusign = sandbox.systems().into_iter().find(|s| s.product == "docusign").unwrap();
        let url = format!("http://{address}/v1/webhooks/{}/connect", docusign.name);
        sandbox.connect_docusign(url, &docusign.credentials["connectKey"]).unwrap();

        let mut world =
            Self { sandbox, hub, crm, clm, price_book_entry: String::new(), webhooks, _folder: folder };
        let product = world.create("Product2", json!({"Name": "Consulting", "IsActive": true})).await;
        let book = world.create("Pricebook2", json!({"Name": "Firm", "IsActive": true})).await;
        let entry = json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 1, "IsActive": true});
        world.price_book_entry = world.create("PricebookEntry", entry).await;
        world
    }

    /// A salesperson enters an opportunity, its line items, and at last that it is won.
    pub(crate) async fn win(&self, opportunity: &Value) {
        let name = opportunity["customer"].as_str().unwrap();
        let query = [(
            "q".to_owned(),
            format!("SELECT Id FROM Account WHERE Name = '{}'", name.replace('\'', "\\'")),
        )];
        let known = self.get(&self.crm, "/services/data/v62.0/query", &query).await;
        let account = match known["records"][0]["Id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let account = json!({"Name": name, "Country_Code__c": country(opportunity), "BillingStreet": "1 High Street"});
                self.create("Account", account).await
            }
        };
        let end = opportunity["end"].as_str().unwrap_or("2026-12-31");
        let fields = json!({
            "Name": format!("Platform for {name}"), "AccountId": account, "StageName": "Negotiation/Review",
            "CloseDate": "2026-01-31", "CurrencyIsoCode": opportunity["currency"], "Legal_Entity__c": opportunity["entity"],
            "Service_Line__c": "Data", "Start_Date__c": "2026-02-01", "End_Date__c": end,
            "Payment_Terms_Days__c": 30, "Purchase_Order__c": format!("PO of {name}"),
        });
        let id = self.create("Opportunity", fields).await;
        for line in opportunity["lines"].as_array().unwrap() {
            let mut line = line.clone();
            line["OpportunityId"] = json!(id);
            line["PricebookEntryId"] = json!(self.price_book_entry);
            self.create("OpportunityLineItem", line).await;
        }
        let request = Request {
            method: "PATCH".to_owned(),
            url: format!("/services/data/v62.0/sobjects/Opportunity/{id}"),
            body: Body::Json(json!({"StageName": "Closed Won"})),
            ..Request::default()
        };
        self.crm.send(request).await.unwrap();
    }

    async fn create(&self, object: &str, fields: Value) -> String {
        let request = Request {
            method: "POST".to_owned(),
            url: format!("/services/data/v62.0/sobjects/{object}"),
            body: Body::Json(fields),
            ..Request::default()
        };
        let answer = self.crm.send(request).await.unwrap_or_else(|fault| panic!("{object}: {fault}"));
        answer.body.into_json()["id"].as_str().unwrap().to_owned()
    }

    async fn get(&self, system: &System, path: &str, query: &[(String, String)]) -> Value {
        let request = Request { url: path.to_owned(), query: query.to_vec(), ..Request::default() };
        system.send(request).await.unwrap_or_else(|fault| panic!("{path}: {fault}")).body.into_json()
    }

    /// How many opportunities have a contract in that status, once they are `wanted`.
    pub(crate) async fn told(&self, status: &str, wanted: usize) -> Option<usize> {
        let all = self.get(&self.crm, "/_sandbox/objects/Opportunity", &[]).await;
        let objects = all["objects"].as_array().unwrap();
        let told = objects.iter().filter(|o| o["object"]["Contract_Status__c"] == status).count();
        (told >= wanted).then_some(told)
    }

    /// Everyone signs.
    pub(crate) async fn sign_everything(&self) {
        let all = self.get(&self.clm, "/_sandbox/objects/envelopes", &[]).await;
        for envelope in all["objects"].as_array().unwrap() {
            assert!(self.sandbox.sign(envelope["id"].as_str().unwrap()).unwrap(), "{envelope}");
        }
    }

    /// The share of requests that fail from now on.
    pub(crate) fn faults(&self, rate: f64) {
        self.sandbox.set_faults(rate);
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.sandbox.ledger()
    }

    /// Waits until something is there.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!(
                "waited too long until {what}: {:#?}\n{:#?}",
                self.all_runs().await,
                self.rejected().await
            ),
        }
    }

    /// Takes an event in.
    pub(crate) async fn send(&self, type_: &str, id: &str, data: Value) {
        let event = json!({
            "specversion": "1.0", "type": format!("throughline.{type_}.v1"), "source": "/test", "id": id,
            "partitionkey": data["contractId"], "data": data,
        });
        let incoming = vec![Incoming::new(event.to_string())];
        let taken = self.hub.accept("default", "test", incoming).await.unwrap();
        assert!(matches!(taken[0], Intake::Accepted { .. }), "{taken:?}");
    }

    /// Runs of a flow, oldest first.
    pub(crate) async fn runs_of(&self, flow: &str) -> Vec<Run> {
        let filter = RunFilter { flow: Some(flow.to_owned()), limit: 1_000, ..RunFilter::default() };
        let mut runs = self.hub.store().runs(filter).await.unwrap();
        runs.reverse();
        runs
    }

    /// Waits until the n-th run of a flow waits for an event; why it does.
    pub(crate) async fn reason(&self, flow: &str, n: usize) -> String {
        let look = async || self.runs_of(flow).await.get(n)?.waiting.clone()?.reason;
        self.until(&format!("run {n} of {flow} waits with a reason"), look).await
    }

    /// Waits until the n-th run of a flow has ended; its output or error.
    pub(crate) async fn end(&self, flow: &str, n: usize) -> (RunStatus, Value) {
        let look = async || self.runs_of(flow).await.get(n).filter(|run| run.status.is_ended()).cloned();
        let listed = self.until(&format!("run {n} of {flow} ends"), look).await;
        let run = self.hub.store().run(listed.id).await.unwrap().unwrap();
        let said = run.output.or(run.error).unwrap_or_default();
        (run.status, serde_json::from_slice(&said).unwrap_or_default())
    }

    async fn all_runs(&self) -> Vec<String> {
        let filter = RunFilter { limit: 1_000, ..RunFilter::default() };
        let mut runs = Vec::new();
        for listed in self.hub.store().runs(filter).await.unwrap() {
            runs.extend(self.hub.store().run(listed.id).await.unwrap());
        }
        let text = |bytes: &Option<Vec<u8>>| {
            bytes.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned()
        };
        runs.iter()
            .map(|run| {
                let key = run.business_key.as_deref().unwrap_or_default();
                format!("{} {key} {:?} {:?} {}", run.flow, run.status, run.waiting, text(&run.error))
            })
            .collect()
    }

    async fn rejected(&self) -> Vec<String> {
        let rejected = self.hub.store().rejected(None, 50).await.unwrap();
        rejected.iter().map(|row| format!("{} {}", row.rejected.via, row.rejected.reason)).collect()
    }

    /// Runs in a status, for people.
    pub(crate) async fn runs(&self, status: RunStatus) -> Vec<String> {
        let word = format!("{status:?}");
        self.all_runs().await.into_iter().filter(|run| run.contains(&word)).collect()
    }

    /// Nothing is under way any more.
    pub(crate) async fn nothing_runs(&self) -> bool {
        let counts = self.hub.store().run_counts().await.unwrap();
        counts.iter().all(|c| c.status.is_ended() || c.runs == 0)
    }

    /// Nouns of the links the hub holds.
    pub(crate) async fn links(&self) -> Vec<String> {
        let filter = LinkFilter { limit: 1_000, ..LinkFilter::default() };
        self.hub.store().links(filter).await.unwrap().into_iter().map(|link| link.noun).collect()
    }

    /// What the n-th run of a flow did.
    pub(crate) async fn timeline(&self, flow: &str, n: usize) -> Timeline {
        let run = self.runs_of(flow).await[n].id;
        tell(&self.hub.store().journal(run).await.unwrap())
    }

    /// How many records of a kind there are.
    pub(crate) async fn records(&self, noun: &str) -> usize {
        let filter = RecordFilter { noun: noun.to_owned(), limit: 1_000, ..RecordFilter::default() };
        self.hub.store().records(filter).await.unwrap().len()
    }

    pub(crate) async fn stop(self) {
        self.webhooks.abort();
        self.hub.stop().await;
        self.sandbox.stop().await;
    }
}

fn country(opportunity: &Value) -> &'static str {
    match opportunity["entity"].as_str() {
        Some("DE") => "DE",
        Some("UK") => "GB",
        Some("SG") => "SG",
        _ => "US",
    }
}

fn settings(system: &SimulatedSystem) -> Value {
    let mut settings = system.settings.clone();
    settings["baseUrl"] = json!(system.base_url);
    settings
}

fn credentials(system: &SimulatedSystem) -> BTreeMap<String, SecretRef> {
    system.credentials.iter().map(|(k, v)| (k.clone(), SecretRef::Value(v.clone()))).collect()
}

fn entry(system: &SimulatedSystem) -> SystemEntry {
    let entry = json!({"adapter": system.product, "settings": settings(system), "pollSeconds": 1});
    let mut entry: SystemEntry = serde_json::from_value(entry).unwrap();
    entry.credentials = credentials(system);
    entry
}

/// A simulator, as someone else than the hub reaches it.
fn reach(sandbox: &Sandbox, catalog: &Catalog, product: &str) -> System {
    let system = sandbox.systems().into_iter().find(|s| s.product == product).unwrap();
    let options = ClientOptions { ca_files: vec![sandbox.ca_file()], ..ClientOptions::default() };
    let config = SystemConfig {
        name: system.name.clone(),
        adapter: product.to_owned(),
        tenant: "default".to_owned(),
        settings: settings(&system),
        credentials: credentials(&system),
        limits: None,
    };
    let now = Arc::new(|| SystemClock.now());
    System::new(config, &catalog.adapters[product].spec, Client::new(&options).unwrap(), now).unwrap()
}

async fn webhook(
    State(hub): State<Hub>,
    Path((system, webhook)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let reply = hub.webhook(&system, &webhook, &[], &headers, body).await;
    (StatusCode::from_u16(reply.status).unwrap(), reply.body)
}

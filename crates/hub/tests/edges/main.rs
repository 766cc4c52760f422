//! The hub's edges against a stub system from a catalog written for these tests: webhooks, polls, plain calls.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may fail like the tests themselves")]

mod plain;
mod poll;
mod stub;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use throughline_hub::Hub;
use throughline_hub::adapter::SecretRef;
use throughline_hub::catalog::{Catalog, Files};
use throughline_hub::config::{Config, SystemEntry};
use throughline_hub::engine::SystemClock;
use throughline_hub::store::{Position, Rejected, StoredEvent};

const ADAPTER: &str = "
product: stub
kind: clm
settings: {type: object, required: [baseUrl], properties: {baseUrl: {type: string}}}
auth: {scheme: bearer}
limits: {timeout: 2s, tries: 1}
webhooks:
  - name: signed
    verify: {scheme: hmac-sha256, headers: '^x-signature-[0-9]+$', encoding: hex, secret: hookKey}
    events: clm.signed.events
  - name: shaken
    verify: {scheme: shared-token, field: /token, secret: hookKey}
    handshake: {queryParameter: validationToken}
    events: clm.signed.events
polls:
  - {name: changes, function: clm.changes.poll, every: 50ms}
";

const EVENTS: &str = r#"
metadata: {repeat: safe}
set: |-
  ${
    if .body.ignore then null
    elif .body.fail then error("no event can be made of it")
    else [.body.items[] | {specversion: "1.0", source: "/stub", id: .id, type: "stub.noted.v1", data: .}]
    end
  }
"#;

const POLL: &str = r#"
metadata: {repeat: safe}
do:
  - fetch:
      call: http
      with:
        method: get
        endpoint: /changes
        query: {after: '${ .cursor // "" | tostring }'}
"#;

const FLOW: &str = r#"
document: {dsl: 1.0.3, namespace: test, name: ask, version: 1.0.0}
use: {secrets: [apiToken]}
do:
  - ask:
      call: http
      with:
        method: get
        endpoint:
          uri: ${ .uri }
          authentication: {bearer: {token: '${ $secrets.apiToken }'}}
"#;

/// A hub joined to one stub system.
pub(crate) struct Joined {
    pub(crate) hub: Hub,
    pub(crate) folder: tempfile::TempDir,
}

impl Joined {
    pub(crate) async fn to(base_url: &str, poll: bool) -> Self {
        Self::at(tempfile::tempdir().unwrap(), base_url, poll).await
    }

    pub(crate) async fn at(folder: tempfile::TempDir, base_url: &str, poll: bool) -> Self {
        let files = Files::of([
            ("routes.yaml", "routes: []\n"),
            ("legal-entities.yaml", "entities: []\n"),
            ("flows/ask.yaml", FLOW),
            ("adapters/stub/adapter.yaml", ADAPTER),
            ("adapters/stub/functions/signed.events.yaml", EVENTS),
            ("adapters/stub/functions/changes.poll.yaml", POLL),
        ]);
        let catalog = Catalog::from_files(&files).unwrap_or_else(|all| panic!("{all:?}"));
        let secret = |name: &str, value: &str| (name.to_owned(), SecretRef::Value(value.to_owned()));
        let entry = SystemEntry {
            adapter: "stub".to_owned(),
            tenant: None,
            settings: json!({ "baseUrl": base_url }),
            credentials: BTreeMap::from([secret("token", "tok"), secret("hookKey", "hook")]),
            poll,
            poll_seconds: None,
            limits: None,
        };
        let config = Config {
            data: folder.path().join("data"),
            systems: BTreeMap::from([("clm".to_owned(), entry)]),
            secrets: BTreeMap::from([secret("apiToken", "tok")]),
            ..Config::default()
        };
        let hub = Hub::start(config, catalog, Arc::new(SystemClock)).await.unwrap();
        Self { hub, folder }
    }

    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        self.hub.store().events_after(Position(0), 1_000).await.unwrap()
    }

    pub(crate) async fn rejected(&self) -> Vec<Rejected> {
        let rows = self.hub.store().rejected(None, 1_000).await.unwrap();
        rows.into_iter().rev().map(|row| row.rejected).collect()
    }

    /// Waits until so many events are in the log.
    pub(crate) async fn until(&self, events: usize) {
        for _ in 0..400 {
            if self.events().await.len() >= events {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} events after ten seconds, not {events}", self.events().await.len());
    }
}

pub(crate) fn ids(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|e| e.id.as_str()).collect()
}

pub(crate) fn noted(id: &str) -> Value {
    json!({"specversion": "1.0", "source": "/stub", "id": id, "type": "stub.noted.v1", "data": {"id": id}})
}

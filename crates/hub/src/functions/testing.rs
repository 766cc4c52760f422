//! A store, legal entities and a clock to try functions with.

use jiff::Timestamp;
use serde_json::Value;
use throughline_store::{Effect, NewRun, Options, RecordFilter, RunId, Store, Transition};

use super::call::{Answer, Call, Refusal};
use super::reservation::Reservations;
use crate::catalog::LegalEntities;

/// What the tests of functions stand on.
pub(super) struct Bench {
    _folder: tempfile::TempDir,
    pub(super) store: Store,
    entities: LegalEntities,
    pub(super) reservations: Reservations,
    now: Timestamp,
    run: std::sync::atomic::AtomicI64,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path())).await.unwrap();
        let entities = serde_saphyr::from_str(
            "entities:
  - {code: DE, name: Firm GmbH, country: DE, currency: EUR, region: emea}
  - {code: US, name: Firm Inc, country: US, currency: USD, region: amer}
rules:
  - {currencies: [USD], entity: US}
",
        )
        .unwrap();
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        Self { _folder: folder, store, entities, reservations: Reservations::default(), now, run: 1.into() }
    }

    pub(super) fn call<'a>(&'a self, asker: &'a str) -> Call<'a> {
        Call {
            tenant: "t",
            asker,
            store: &self.store,
            legal_entities: &self.entities,
            now: self.now,
            reservations: &self.reservations,
        }
    }

    pub(super) async fn answer(&self, asker: &str, name: &str, with: Value) -> Answer {
        super::answer(&self.call(asker), name, &with).await.unwrap()
    }

    /// Asks and commits.
    pub(super) async fn done(&self, asker: &str, name: &str, with: Value) -> Value {
        let answer = self.answer(asker, name, with).await;
        self.commit(answer.effects).await;
        answer.value
    }

    /// Asks what has to be refused.
    pub(super) async fn fault(&self, asker: &str, name: &str, with: Value) -> String {
        match super::answer(&self.call(asker), name, &with).await {
            Err(Refusal::Fault(error)) => error.detail,
            other => panic!("{other:?}"),
        }
    }

    /// Makes rows durable, as a run's commit does.
    pub(super) async fn commit(&self, effects: Vec<Effect>) {
        let id = RunId(self.run.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let mut transition = Transition::of(id);
        transition.create = Some(NewRun {
            flow: "test".into(),
            version: "1".into(),
            definition: "d".into(),
            tenant: "t".into(),
            business_key: None,
            trigger: None,
            parent: None,
            created_at: self.now,
        });
        transition.effects = effects;
        self.store.commit(transition).await.unwrap();
    }

    pub(super) async fn records(&self, noun: &str) -> Vec<Value> {
        let filter = RecordFilter { tenant: None, noun: noun.to_owned(), after: None, limit: 1_000 };
        let records = self.store.records(filter).await.unwrap();
        records.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect()
    }
}

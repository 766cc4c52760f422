//! The hub put together: store, catalog, systems, engine, polls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use throughline_adapter::{Client, ClientOptions, System};
use throughline_engine::{Clock, Engine, Flow, FlowSet};
use throughline_flow::Diagnostic;
use throughline_store::{Position, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::executor::{EngineHost, Executor};
use crate::functions::Functions;
use crate::intake::{self, AcceptError, Incoming, Intake};
use crate::metrics;
use crate::poll;
use crate::webhook::{self, WebhookReply};

/// A running hub. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Arc<Executor>,
    pub(crate) stop: CancellationToken,
    tasks: TaskTracker,
}

/// Why a hub did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The catalog does not fit the configuration.
    #[error("the catalog does not fit the configuration ({} problems); `throughline check` lists them", .0.len())]
    Check(Vec<Diagnostic>),
    /// A system can't be set up.
    #[error("system {name:?} can't be set up: {reason}")]
    System {
        /// The system.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A secret is not there.
    #[error("secret {name:?} of throughline.yaml can't be had")]
    Secret {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: throughline_adapter::SecretError,
    },
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up: {0}")]
    Client(String),
    /// The store can't be opened.
    #[error("the data folder can't be opened")]
    Store(#[from] throughline_store::Error),
    /// The engine can't be started.
    #[error("the engine can't be started")]
    Engine(#[from] throughline_engine::Error),
}

/// A configured system, for people.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemStatus {
    /// Its name.
    pub name: String,
    /// Its adapter.
    pub adapter: String,
    /// Where it is.
    pub base_url: String,
    /// Tenant.
    pub tenant: String,
}

impl Hub {
    /// Opens the data folder, takes up what was under way, and begins to poll and dispatch.
    ///
    /// # Errors
    /// See [`StartError`]; nothing runs then.
    pub async fn start(config: Config, catalog: Catalog, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let problems = catalog.check(&config);
        if !problems.is_empty() {
            return Err(StartError::Check(problems));
        }
        let catalog = Arc::new(catalog);
        let client =
            Client::new(&ClientOptions { ca_files: config.ca_files.clone(), ..ClientOptions::default() })
                .map_err(|error| StartError::Client(error.to_string()))?;
        let systems = systems(&config, &catalog, &client, &clock)?;
        let secrets = secrets(&config)?;
        let store = Store::open(throughline_store::Options::new(&config.data)).await?;
        let executor = Arc::new(Executor {
            store: store.clone(),
            clock: Arc::clone(&clock),
            catalog: Arc::clone(&catalog),
            client,
            systems,
            functions: Functions::default(),
            locks: Default::default(),
            secrets,
        });
        let flows = FlowSet::new(
            catalog
                .flows
                .values()
                .map(|l| Flow { definition: Arc::clone(&l.definition), tenant: None })
                .collect(),
        );
        let options = throughline_engine::Options {
            runs_active_max: config.engine.runs_active_max,
            stop_grace: Duration::from_secs(config.engine.stop_grace_seconds),
            ..throughline_engine::Options::default()
        };
        let host = Arc::new(EngineHost(Arc::clone(&executor)));
        let engine = Engine::start(store.clone(), host, Arc::clone(&clock), flows, options).await?;
        let inner = Arc::new(Inner {
            config,
            catalog,
            store,
            engine,
            clock,
            executor,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        poll::start(&inner, &inner.tasks);
        Ok(Self { inner })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Takes events in, one CloudEvent each; answers in the order given, after everything is durable. What is no event
    /// is stored as rejected.
    ///
    /// # Errors
    /// When nothing could be stored, or the batch is too large.
    pub async fn accept(
        &self,
        tenant: &str,
        via: &str,
        events: Vec<Incoming>,
    ) -> Result<Vec<Intake>, AcceptError> {
        self.inner.accept(tenant, via, events).await
    }

    /// Stores something that can't even be read as an event, with what is wrong with it.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn reject(
        &self,
        tenant: &str,
        via: &str,
        incoming: Incoming,
        problems: Vec<intake::Problem>,
    ) -> Result<Intake, AcceptError> {
        let now = self.inner.clock.now();
        Ok(intake::reject(&self.inner.store, tenant, via, incoming, problems, now).await?)
    }

    /// Handles a vendor's webhook call.
    pub async fn webhook(
        &self,
        system: &str,
        webhook: &str,
        query: &[(String, String)],
        headers: &http::HeaderMap,
        body: bytes::Bytes,
    ) -> WebhookReply {
        webhook::receive(&self.inner, system, webhook, query, headers, body).await
    }

    /// Takes a rejected event in once more, as it is or as it has been mended. `None`: there is no such rejected event.
    ///
    /// # Errors
    /// When nothing could be stored.
    pub async fn replay_rejected(
        &self,
        number: i64,
        edited: Option<Value>,
    ) -> Result<Option<Intake>, AcceptError> {
        let Some(row) = self.inner.store.rejected_event(number).await? else { return Ok(None) };
        let body = match edited {
            Some(value) => serde_json::to_vec(&value).expect("a JSON value serialises"),
            None => row.rejected.body,
        };
        let checked = intake::check(
            &self.inner.catalog.schemas,
            &row.rejected.tenant,
            &row.rejected.via,
            &body,
            self.inner.clock.now(),
        );
        let event = match checked {
            Ok(event) => event,
            // It is stored already; a second copy would help nobody.
            Err(problems) => return Ok(Some(Intake::Rejected { rejected: number, problems })),
        };
        let appended = self.inner.store.append(vec![event]).await?;
        let intake = match appended.first().copied() {
            Some(throughline_store::Appended::New(position)) => Intake::Accepted { position },
            Some(throughline_store::Appended::Duplicate(position)) => Intake::Duplicate { position },
            Some(throughline_store::Appended::Conflict(position)) => Intake::Conflict {
                rejected: number,
                reason: format!(
                    "the log holds other content under this source and id (position {})",
                    position.0
                ),
            },
            None => return Ok(None),
        };
        if let Intake::Accepted { position } | Intake::Duplicate { position } = intake {
            self.inner.store.mark_replayed(number, Position(position.0)).await?;
            self.inner.engine.event_appended();
        }
        Ok(Some(intake))
    }

    /// The configured systems.
    pub fn systems(&self) -> Vec<SystemStatus> {
        let systems = &self.inner.executor.systems;
        systems
            .iter()
            .map(|(name, system)| SystemStatus {
                name: name.clone(),
                adapter: system.adapter().to_owned(),
                base_url: system.base_url().to_owned(),
                tenant: system.tenant().to_owned(),
            })
            .collect()
    }

    /// Brings the metrics up to date that are counted elsewhere.
    pub fn note_metrics(&self) {
        let stats = self.inner.store.stats();
        ::metrics::counter!(metrics::STORE_COMMITS).absolute(stats.commits);
        ::metrics::counter!(metrics::STORE_WRITES).absolute(stats.writes);
    }

    /// Stops polls, then runs; whatever is cut off is taken up at the next start.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.engine.stop().await;
        self.inner.store.close().await;
    }
}

impl Inner {
    pub(crate) async fn accept(
        &self,
        tenant: &str,
        via: &str,
        events: Vec<Incoming>,
    ) -> Result<Vec<Intake>, AcceptError> {
        let answers =
            intake::accept(&self.store, &self.catalog.schemas, tenant, via, events, self.clock.now()).await?;
        if answers.iter().any(|a| matches!(a, Intake::Accepted { .. })) {
            self.engine.event_appended();
        }
        Ok(answers)
    }
}

fn systems(
    config: &Config,
    catalog: &Catalog,
    client: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<String, Arc<System>>, StartError> {
    let mut systems = BTreeMap::new();
    for (name, entry) in &config.systems {
        let Some(adapter) = catalog.adapters.get(&entry.adapter) else { continue };
        let clock = Arc::clone(clock);
        let now = Arc::new(move || clock.now());
        let system = System::new(config.system(name, entry), &adapter.spec, client.clone(), now)
            .map_err(|error| StartError::System { name: name.clone(), reason: error.to_string() })?;
        systems.insert(name.clone(), Arc::new(system));
    }
    Ok(systems)
}

/// The secrets flows may ask for.
fn secrets(config: &Config) -> Result<BTreeMap<String, Value>, StartError> {
    let read = |(name, reference): (&String, &throughline_adapter::SecretRef)| {
        let secret =
            reference.resolve().map_err(|source| StartError::Secret { name: name.clone(), source })?;
        let object = serde_json::from_str::<Value>(secret.reveal()).ok().filter(Value::is_object);
        Ok((name.clone(), object.unwrap_or_else(|| Value::String(secret.reveal().to_owned()))))
    };
    config.secrets.iter().map(read).collect()
}

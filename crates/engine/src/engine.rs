//! The engine as its owner sees it: start it, start runs, wait for them, stop it.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use serde_json::Value;
use throughline_store::{RunEnd, RunFilter, RunId, Store};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::definitions::{Definitions, FlowSet};
use crate::error::Error;
use crate::host::Host;
use crate::identity::RunIds;
use crate::inner::{Inner, new_run};
use crate::registry::Registry;
use crate::run::Signal;
use crate::shapes::Shapes;
use crate::timers::Timers;
use crate::waiters::{Ending, Waiters};

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Number of this node, 0 to 63; part of every run id it makes.
    pub node: u8,
    /// Runs held in memory at once; more wait for a place.
    pub runs_active_max: usize,
    /// How long a start may wait for a place before it is refused.
    pub start_wait: Duration,
    /// How long a stop waits for calls under way.
    pub stop_grace: Duration,
    /// Delay before a run that could not be stored or loaded is tried again.
    pub mend_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: 0,
            runs_active_max: 4096,
            start_wait: Duration::from_secs(10),
            stop_grace: Duration::from_secs(10),
            mend_delay: Duration::from_secs(5),
        }
    }
}

/// A run to start.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// Name of a flow in force.
    pub flow: String,
    /// Tenant the run belongs to.
    pub tenant: String,
    /// The run's input.
    pub input: Value,
    /// Business key; when absent, the one the flow's metadata computes from the input.
    pub business_key: Option<String>,
}

/// A run that is durably started.
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// Resolves when it ends.
    pub end: Ending,
}

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl Engine {
    /// Starts the engine: pins the definitions, takes up every run that was under way, and begins to dispatch.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn start(
        store: Store,
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
        flows: FlowSet,
        options: Options,
    ) -> Result<Self, Error> {
        let definitions = Definitions::pin(store.clone(), &flows).await?;
        let shapes = Shapes::default();
        for definition in definitions.in_use().await? {
            shapes.learn(&definition);
        }
        let newest = store.runs(RunFilter { limit: 1, ..RunFilter::default() }).await?;
        let inner = Arc::new(Inner {
            ids: RunIds::after(newest.first().map(|run| run.id), options.node),
            places: Arc::new(Semaphore::new(options.runs_active_max.max(1))),
            store,
            host,
            clock,
            definitions,
            flows: RwLock::new(Arc::new(flows)),
            shapes,
            timers: Timers::default(),
            options,
            stop: CancellationToken::new(),
            registry: Registry::default(),
            waiters: Waiters::default(),
            appended: Notify::new(),
            tasks: TaskTracker::new(),
        });
        inner.spawn(crate::recovery::recover(Arc::clone(&inner)));
        inner.spawn(crate::dispatch::run(Arc::clone(&inner)));
        inner.spawn(crate::timers::run(Arc::clone(&inner)));
        Ok(Self { inner })
    }

    /// Starts a run of a flow in force; returns when the start is durable.
    ///
    /// # Errors
    /// Unknown flow, no place within the configured wait, a business key that can't be computed, or a store failure.
    pub async fn start_run(&self, request: StartRequest) -> Result<Started, Error> {
        let inner = &self.inner;
        if inner.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        let flows = inner.flows();
        let flow = flows.get(&request.flow).ok_or_else(|| Error::UnknownFlow(request.flow.clone()))?;
        let place = inner.place_within(inner.options.start_wait).await?;
        let now = inner.now();
        let run = inner.ids.next(now);
        let key = match request.business_key {
            Some(key) => Some(key),
            None => inner.business_key(run, &flow.definition, &request.input, now)?,
        };
        let create = new_run(&flow.definition, request.tenant, key, None, now);
        let end = inner.waiters.add(run);
        inner.create(run, Arc::clone(&flow.definition), create, request.input, place).await?;
        Ok(Started { run, end })
    }

    /// Resolves when the run ends; at once if it has ended.
    ///
    /// # Errors
    /// When there is no such run, the store can't be read, or the engine stops before.
    pub async fn wait(&self, run: RunId) -> Result<RunEnd, Error> {
        let end = self.inner.waiters.add(run);
        let row = self.inner.store.run(run).await?.ok_or_else(|| Error::NoRun(run.to_string()))?;
        if row.status.is_ended() {
            let at = row.ended_at.unwrap_or(row.created_at);
            return Ok(RunEnd { status: row.status, output: row.output, error: row.error, at });
        }
        tokio::select! {
            biased;
            ended = end => ended,
            () = self.inner.stop.cancelled() => Err(Error::Stopping),
        }
    }

    /// Cancels a run; its calls under way are abandoned. Returns when the cancellation is durable; a run that has ended
    /// stays as it is.
    ///
    /// # Errors
    /// When there is no such run, the store can't be read, or the engine stops before.
    pub async fn cancel(&self, run: RunId, reason: &str) -> Result<(), Error> {
        loop {
            let row = self.inner.store.run(run).await?.ok_or_else(|| Error::NoRun(run.to_string()))?;
            if row.status.is_ended() {
                return Ok(());
            }
            if self.inner.stop.is_cancelled() {
                return Err(Error::Stopping);
            }
            let (durable, is_durable) = oneshot::channel();
            self.inner.wake(run, Signal::Cancel { reason: reason.to_owned(), durable });
            if is_durable.await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Tells the dispatcher that events have been appended to the log.
    pub fn event_appended(&self) {
        self.inner.appended.notify_one();
    }

    /// The flows in force.
    pub fn flows(&self) -> Arc<FlowSet> {
        self.inner.flows()
    }

    /// Whether every event of the log has been handed over.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn caught_up(&self) -> Result<bool, Error> {
        let store = &self.inner.store;
        let cursor = store.cursor(crate::dispatch::CURSOR).await?.unwrap_or(throughline_store::Position(0));
        Ok(store.events_after(cursor, 1).await?.is_empty())
    }

    /// Runs held in memory at this moment.
    pub fn runs_active(&self) -> usize {
        self.inner.registry.len()
    }

    /// Stops: no new runs, events or timers; calls under way get the configured grace to have their outcome stored.
    /// Whatever is cut off is in doubt and taken up at the next start.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        let grace = tokio::time::timeout(self.inner.options.stop_grace, self.inner.tasks.wait()).await;
        self.inner.waiters.dismiss();
        if grace.is_err() {
            tracing::warn!(
                runs = self.runs_active(),
                "stopped with calls under way; they are looked at again at the next start"
            );
        }
    }
}

//! What the parts of a running engine share, and how a run comes into memory.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use throughline_flow::Definition;
use throughline_store::{EntryKind, NewRun, Position, RunEnd, RunId, RunStatus, Store, Transition};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::definitions::{Definitions, FlowSet};
use crate::engine::Options;
use crate::error::Error;
use crate::host::Host;
use crate::identity::RunIds;
use crate::metrics;
use crate::registry::{Mailbox, Registry};
use crate::run::journal::{Started, entry, with_env};
use crate::run::{Actor, Origin, RunFacts, Signal, life};
use crate::shapes::Shapes;
use crate::timers::Timers;
use crate::waiters::Waiters;

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) definitions: Definitions,
    pub(crate) flows: RwLock<Arc<FlowSet>>,
    pub(crate) shapes: Shapes,
    pub(crate) timers: Timers,
    pub(crate) options: Options,
    pub(crate) stop: CancellationToken,
    pub(crate) registry: Registry,
    pub(crate) waiters: Waiters,
    pub(crate) ids: RunIds,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) appended: Notify,
    pub(crate) tasks: TaskTracker,
}

impl Inner {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    pub(crate) fn flows(&self) -> Arc<FlowSet> {
        Arc::clone(&self.flows.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current instant, as fine as the store keeps it, so that a replayed step sees what the first one saw.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.now().as_microsecond()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A place in memory, within a time.
    pub(crate) async fn place_within(&self, wait: Duration) -> Result<OwnedSemaphorePermit, Error> {
        match tokio::time::timeout(wait, self.place()).await {
            Ok(place) => place.ok_or(Error::Stopping),
            Err(_) => Err(Error::Busy { limit: self.options.runs_active_max }),
        }
    }

    /// A place in memory, however long it takes; `None` when the engine stops.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            place = Arc::clone(&self.places).acquire_owned() => place.ok(),
        }
    }

    /// The business key a flow's `metadata.businessKey` computes from the input.
    pub(crate) fn business_key(
        &self,
        run: RunId,
        definition: &Definition,
        input: &Value,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        if definition.metadata().get("businessKey").is_none() {
            return Ok(None);
        }
        let value = with_env(run, now, now, 0, self.host.as_ref(), |env| {
            definition.metadata_value("businessKey", input, env)
        });
        let reason = match value {
            Ok(Value::String(key)) if !key.is_empty() => return Ok(Some(key)),
            Ok(Value::Null) => return Ok(None),
            Ok(other) => format!("it evaluates to {other}, not to a non-empty string"),
            Err(error) => error.to_string(),
        };
        Err(Error::BusinessKey { flow: definition.name().to_owned(), reason })
    }

    /// Creates a run. Without a business key creation, start and first intents are one commit; with one, the run is
    /// stored first, because its turn may not have come.
    pub(crate) async fn create(
        self: &Arc<Self>,
        run: RunId,
        definition: Arc<Definition>,
        create: NewRun,
        input: Value,
        place: OwnedSemaphorePermit,
    ) -> Result<(), Error> {
        let facts = RunFacts::of(run, &create);
        let Some(mailbox) = self.registry.claim(run) else { return Err(Error::Stopping) };
        if create.business_key.is_none() {
            let (durable, is_durable) = oneshot::channel();
            let actor = Actor::new(Arc::clone(self), facts, definition, 0, 0, RunStatus::Pending);
            let origin = Origin::New { create: Box::new(create), input, durable };
            self.live(run, mailbox, Some((Box::new(actor), origin, place)));
            return is_durable.await.unwrap_or(Err(Error::Stopping));
        }
        let committed = self.store.commit(creation(run, create, &input)).await;
        match committed {
            Ok(committed) if committed.ready => {
                let actor =
                    Actor::new(Arc::clone(self), facts, definition, committed.seq, 0, RunStatus::Pending);
                self.live(run, mailbox, Some((Box::new(actor), Origin::Stored { input }, place)));
                Ok(())
            }
            Ok(_) => {
                drop(place);
                // Its turn may have come in the meantime.
                if !self.registry.leave(run, &mailbox) {
                    self.live(run, mailbox, None);
                }
                Ok(())
            }
            Err(error) => {
                self.registry.forget(run);
                Err(error.into())
            }
        }
    }

    /// Lets a run that is stored and ready begin, without reading it back.
    pub(crate) fn begin_stored(
        self: &Arc<Self>,
        facts: RunFacts,
        definition: Arc<Definition>,
        seq: i64,
        input: Value,
        place: OwnedSemaphorePermit,
    ) {
        let run = facts.run;
        // Somebody may have been quicker and loaded it.
        let Some(mailbox) = self.registry.claim(run) else { return };
        let actor = Actor::new(Arc::clone(self), facts, definition, seq, 0, RunStatus::Pending);
        self.live(run, mailbox, Some((Box::new(actor), Origin::Stored { input }, place)));
    }

    /// Hands a signal to a run: to its life if it has one, else it is loaded.
    pub(crate) fn wake(self: &Arc<Self>, run: RunId, signal: Signal) {
        if let Some(mailbox) = self.registry.post(run, signal) {
            self.live(run, mailbox, None);
        }
    }

    fn live(self: &Arc<Self>, run: RunId, mailbox: Mailbox, first: Option<life::First>) {
        self.spawn(life::live(Arc::clone(self), run, mailbox, first));
    }

    /// Tells whoever waits for the run, and lets the next run of its key begin.
    pub(crate) fn ended(self: &Arc<Self>, facts: &RunFacts, end: &RunEnd, promoted: Option<RunId>) {
        let status = end.status.as_str();
        ::metrics::counter!(metrics::RUNS_ENDED, "flow" => facts.flow.clone(), "status" => status)
            .increment(1);
        if end.status == RunStatus::Faulted {
            let error = end.error.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            tracing::warn!(
                run = %facts.run,
                flow = facts.flow,
                key = facts.business_key,
                error = %error,
                "a run has failed"
            );
        }
        self.waiters.tell(facts.run, end);
        if let Some(next) = promoted {
            self.wake(next, Signal::Look);
        }
    }
}

/// A run of a definition, to be created.
pub(crate) fn new_run(
    definition: &Definition,
    tenant: String,
    business_key: Option<String>,
    trigger: Option<Position>,
    created_at: Timestamp,
) -> NewRun {
    let flow = definition.name().to_owned();
    ::metrics::counter!(metrics::RUNS_STARTED, "flow" => flow.clone()).increment(1);
    NewRun {
        flow,
        version: definition.version().to_owned(),
        definition: definition.hash().to_owned(),
        tenant,
        business_key,
        trigger,
        parent: None,
        created_at,
    }
}

/// The transition that stores a run without beginning it.
pub(crate) fn creation(run: RunId, create: NewRun, input: &Value) -> Transition {
    let started = entry(create.created_at, EntryKind::Started, &Started { input });
    Transition { create: Some(create), entries: vec![started], ..Transition::of(run) }
}

/// An error with its causes on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

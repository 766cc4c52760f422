//! One run: a life in memory while there is something to do, and nothing while there is not.

mod actor;
mod calls;
pub(crate) mod journal;
pub(crate) mod life;
mod load;
pub(crate) mod plan;
mod replay;
mod snapshots;
pub(crate) mod waiting;

use jiff::Timestamp;
use throughline_flow::{ActivationId, TimerKind};
use throughline_store::{NewRun, Run, RunId};
use tokio::sync::oneshot;

pub(crate) use actor::{Actor, Origin};

/// What reaches a run from outside.
#[derive(Debug)]
pub(crate) enum Signal {
    /// A timer is due.
    Timer { activation: ActivationId, timer: TimerKind },
    /// Someone cancels it; they are told when that is durable.
    Cancel { reason: String, durable: oneshot::Sender<()> },
    /// There is something new for it in the store: its turn, or an event in its inbox.
    Look,
}

/// What identifies a run.
pub(crate) struct RunFacts {
    pub(crate) run: RunId,
    pub(crate) flow: String,
    pub(crate) tenant: String,
    pub(crate) business_key: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl RunFacts {
    pub(crate) fn of(run: RunId, new: &NewRun) -> Self {
        Self {
            run,
            flow: new.flow.clone(),
            tenant: new.tenant.clone(),
            business_key: new.business_key.clone(),
            created_at: new.created_at,
        }
    }

    pub(crate) fn of_stored(run: Run) -> Self {
        Self {
            run: run.id,
            flow: run.flow,
            tenant: run.tenant,
            business_key: run.business_key,
            created_at: run.created_at,
        }
    }
}

//! The timer service: sleeps until the earliest stored timer is due, then hands it to its run.
//!
//! Timers live in the store alone. A fired timer stays there until its run has made the consequence durable; until then
//! it is remembered here, so that it is handed over once. No more than `FIRED_MAX` are under way at a time, however many
//! are due.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use throughline_flow::ActivationId;
use throughline_store::{RunId, TimerRow};
use tokio::sync::Notify;

use crate::inner::{Chain, Inner};
use crate::metrics;
use crate::run::Signal;
use crate::run::plan::timer_kind;

/// Timers handed over and not yet answered for.
const FIRED_MAX: usize = 1_024;

type Fired = (RunId, u64, u8);

#[derive(Default)]
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// The service sleeps until this instant; `None` while it looks, or when there is nothing to sleep for.
    sleeping_until: Option<Timestamp>,
    fired: HashSet<Fired>,
    /// Fired timers of runs that can't be read; they don't count, and nobody will answer for them.
    aside: HashSet<Fired>,
}

impl Timers {
    /// A timer has been stored.
    pub(crate) fn set(&self, due: Timestamp) {
        if self.lock().sleeping_until.is_none_or(|until| due < until) {
            self.changed.notify_one();
        }
    }

    /// Timers have been removed from the store.
    pub(crate) fn cleared(&self, run: RunId, timers: &[(u64, u8)]) {
        if timers.is_empty() {
            return;
        }
        self.retain(|(of, activation, kind)| *of != run || !timers.contains(&(*activation, *kind)));
    }

    /// A run has ended, and its timers with it.
    pub(crate) fn ended(&self, run: RunId) {
        self.retain(|(of, ..)| *of != run);
    }

    /// What a run did about its fired timers came to nothing: they are to fire again.
    pub(crate) fn release(&self, run: RunId) {
        self.lock().fired.retain(|(of, ..)| *of != run);
        self.changed.notify_one();
    }

    /// A run that can't be read will not answer for its timers.
    pub(crate) fn set_aside(&self, run: RunId) {
        let mut state = self.lock();
        let State { fired, aside, .. } = &mut *state;
        aside.extend(fired.extract_if(|(of, ..)| *of == run));
    }

    fn retain(&self, keep: impl Fn(&Fired) -> bool) {
        let mut state = self.lock();
        if state.fired.is_empty() {
            return;
        }
        let before = state.fired.len();
        state.fired.retain(keep);
        // Whoever was held back, or is to fire again, is looked for once there is room worth a look.
        let looked_for = before >= FIRED_MAX / 2 && state.fired.len() < FIRED_MAX / 2;
        if state.fired.is_empty() || looked_for {
            self.changed.notify_one();
        }
    }

    /// Chooses those of the due timers that are handed over now.
    fn fire(&self, due: Vec<TimerRow>) -> Vec<TimerRow> {
        let mut state = self.lock();
        let State { fired, aside, .. } = &mut *state;
        let mut fresh = Vec::new();
        for timer in due {
            let key = (timer.run, timer.activation, timer.kind);
            if fired.len() < FIRED_MAX && !aside.contains(&key) && fired.insert(key) {
                fresh.push(timer);
            }
        }
        fresh
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn run(engine: Arc<Inner>) {
    while !engine.stop.is_cancelled() {
        let until = match turn(&engine).await {
            Ok(until) => until,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "timers can't be read");
                Some(engine.now() + jiff::SignedDuration::from_secs(1))
            }
        };
        let sleep = async {
            match until {
                Some(due) => engine.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = engine.timers.changed.notified() => {}
            () = sleep => {}
        }
    }
}

/// Fires what is due; returns when the next timer will be.
async fn turn(engine: &Arc<Inner>) -> Result<Option<Timestamp>, throughline_store::Error> {
    let seen = {
        let mut state = engine.timers.lock();
        // A timer that is stored from here on wakes the service, whatever it is due.
        state.sleeping_until = None;
        state.fired.len() + state.aside.len()
    };
    let now = engine.now();
    // Those fired and not yet answered for still stand at the head of the list.
    let due = engine.store.due_timers(now, FIRED_MAX + seen).await?;
    for timer in engine.timers.fire(due) {
        ::metrics::counter!(metrics::TIMERS_FIRED).increment(1);
        let signal =
            Signal::Timer { activation: ActivationId(timer.activation), timer: timer_kind(timer.kind) };
        engine.wake(timer.run, signal);
    }
    let next = engine.store.next_due(now).await?;
    engine.timers.lock().sleeping_until = next;
    Ok(next)
}

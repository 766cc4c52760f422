//! The runs held in memory, and the only way to reach them.
//!
//! Sending, claiming and leaving happen under one lock: a signal either reaches the life that holds the run, or finds
//! nobody and makes the sender start one. None falls in between.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use throughline_store::RunId;
use tokio::sync::mpsc;

use crate::metrics;
use crate::run::Signal;

/// Where the signals for one run arrive. Whoever holds it is the run's only life in this process.
pub(crate) type Mailbox = mpsc::UnboundedReceiver<Signal>;

#[derive(Default)]
pub(crate) struct Registry {
    runs: Mutex<HashMap<RunId, mpsc::UnboundedSender<Signal>>>,
}

impl Registry {
    /// Number of runs held.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes a run into memory; `None` when it is there already.
    pub(crate) fn claim(&self, run: RunId) -> Option<Mailbox> {
        let (sender, mailbox) = mpsc::unbounded_channel();
        match self.lock().entry(run) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(entry) => entry.insert(sender),
        };
        ::metrics::gauge!(metrics::RUNS_ACTIVE).increment(1.0);
        Some(mailbox)
    }

    /// Hands a signal to a run. When the run was not in memory, its mailbox comes back with the signal in it: the caller
    /// has to give it a life.
    #[must_use = "a mailbox without a life holds the run up for ever"]
    pub(crate) fn post(&self, run: RunId, signal: Signal) -> Option<Mailbox> {
        let mut runs = self.lock();
        let mut signal = Some(signal);
        if let Some(sender) = runs.get(&run) {
            let sent = signal.take().map(|s| sender.send(s));
            let Some(Err(mpsc::error::SendError(back))) = sent else { return None };
            // The life that held the mailbox is gone without a word (it panicked): it is replaced.
            signal = Some(back);
        } else {
            ::metrics::gauge!(metrics::RUNS_ACTIVE).increment(1.0);
        }
        let (sender, mailbox) = mpsc::unbounded_channel();
        if let Some(signal) = signal {
            let _ = sender.send(signal);
        }
        runs.insert(run, sender);
        Some(mailbox)
    }

    /// Takes a run out of memory unless something has come in for it.
    #[must_use = "when something has come in the run has to go on"]
    pub(crate) fn leave(&self, run: RunId, mailbox: &Mailbox) -> bool {
        let mut runs = self.lock();
        if !mailbox.is_empty() {
            return false;
        }
        remove(&mut runs, run);
        true
    }

    /// Takes a run out of memory whatever has come in for it: it has ended, or the engine stops.
    pub(crate) fn forget(&self, run: RunId) {
        remove(&mut self.lock(), run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, mpsc::UnboundedSender<Signal>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(runs: &mut HashMap<RunId, mpsc::UnboundedSender<Signal>>, run: RunId) {
    if runs.remove(&run).is_some() {
        ::metrics::gauge!(metrics::RUNS_ACTIVE).decrement(1.0);
    }
    // A burst must not leave its table behind.
    if runs.capacity() > 1_024 && runs.len() * 8 < runs.capacity() {
        runs.shrink_to(runs.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_reaches_the_holder_or_makes_one() {
        let registry = Registry::default();
        let run = RunId(1);
        let mut mailbox = registry.post(run, Signal::Look).expect("nobody held it");
        assert!(registry.claim(run).is_none());
        assert!(matches!(mailbox.try_recv(), Ok(Signal::Look)));
        assert!(registry.post(run, Signal::Look).is_none());
        assert!(!registry.leave(run, &mailbox), "something has come in");
        assert!(matches!(mailbox.try_recv(), Ok(Signal::Look)));
        assert!(registry.leave(run, &mailbox));
        assert_eq!(registry.len(), 0);
        assert!(registry.post(run, Signal::Look).is_some());
    }

    #[test]
    fn a_life_that_vanished_is_replaced() {
        let registry = Registry::default();
        drop(registry.claim(RunId(1)));
        let mut mailbox = registry.post(RunId(1), Signal::Look).expect("a new one");
        assert!(matches!(mailbox.try_recv(), Ok(Signal::Look)));
        assert_eq!(registry.len(), 1);
    }
}

//! Who waits for the end of which run.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use throughline_store::{RunEnd, RunId};
use tokio::sync::oneshot;

use crate::Error;

type Senders = HashMap<RunId, Vec<oneshot::Sender<RunEnd>>>;

/// Those who wait. A waiter that goes away leaves nothing behind.
#[derive(Clone, Default)]
pub(crate) struct Waiters {
    senders: Arc<Mutex<Senders>>,
}

/// The end of a run to come; resolves when the run ends, or with [`Error::Stopping`] when the engine stops before.
pub struct Ending {
    run: RunId,
    receiver: oneshot::Receiver<RunEnd>,
    waiters: Waiters,
}

impl Waiters {
    pub(crate) fn add(&self, run: RunId) -> Ending {
        let (sender, receiver) = oneshot::channel();
        self.lock().entry(run).or_default().push(sender);
        Ending { run, receiver, waiters: self.clone() }
    }

    pub(crate) fn tell(&self, run: RunId, end: &RunEnd) {
        let senders = self.lock().remove(&run).unwrap_or_default();
        for sender in senders {
            let _ = sender.send(end.clone());
        }
    }

    /// Lets everyone go.
    pub(crate) fn dismiss(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Ending {
    type Output = Result<RunEnd, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(context).map_err(|_| Error::Stopping)
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.receiver.close();
        let mut senders = self.waiters.lock();
        if let Some(of_run) = senders.get_mut(&self.run) {
            of_run.retain(|sender| !sender.is_closed());
            if of_run.is_empty() {
                senders.remove(&self.run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> RunEnd {
        RunEnd {
            status: throughline_store::RunStatus::Completed,
            output: None,
            error: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn everyone_is_told_and_nothing_stays() {
        let waiters = Waiters::default();
        let (one, two, gone) = (waiters.add(RunId(1)), waiters.add(RunId(1)), waiters.add(RunId(1)));
        drop(gone);
        waiters.tell(RunId(1), &end());
        assert_eq!(one.await.unwrap(), end());
        assert_eq!(two.await.unwrap(), end());
        drop(waiters.add(RunId(2)));
        assert!(waiters.lock().is_empty());
        let dismissed = waiters.add(RunId(3));
        waiters.dismiss();
        assert!(matches!(dismissed.await, Err(Error::Stopping)));
    }
}

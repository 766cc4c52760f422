//! Where time comes from. Everything that decides asks a [`Clock`], so that a simulation can own the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Notify;

/// The time and the ability to sleep until a time.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, UTC.
    fn now(&self) -> Timestamp;
    /// Completes when `now()` has reached `due`.
    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'_, ()>;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the machine's time")]
        Timestamp::now()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'_, ()> {
        let wait = due.duration_since(self.now());
        let wait = Duration::try_from(wait).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    microsecond: AtomicI64,
    moved: Notify,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { microsecond: AtomicI64::new(start.as_microsecond()), moved: Notify::new() }
    }

    /// Moves the clock forward and wakes whoever sleeps until a time that has now come.
    pub fn advance(&self, by: Duration) {
        let step = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.microsecond.fetch_add(step, Ordering::SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.microsecond.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.now() >= due {
                    return;
                }
                moved.await;
            }
        })
    }
}

//! Serialises look-up-then-create per (system, kind of record, key): most systems have no create-if-absent, so two
//! contracts of one new customer must not both look, find nothing, and create.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Locks by name. Names that nobody holds cost nothing.
#[derive(Default)]
pub(crate) struct KeyLocks {
    held: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
}

/// Names kept before those that nobody holds are swept out.
const SWEEP_AT: usize = 1_024;

impl KeyLocks {
    /// Waits until nobody else holds `name`.
    pub(crate) async fn lock(&self, name: String) -> OwnedMutexGuard<()> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.len() >= SWEEP_AT {
                held.retain(|_, lock| Arc::strong_count(lock) > 1);
            }
            Arc::clone(held.entry(name).or_default())
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time_and_no_leak() {
        let locks = Arc::new(KeyLocks::default());
        let inside = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for i in 0..4_000 {
            let (locks, inside) = (Arc::clone(&locks), Arc::clone(&inside));
            tasks.push(async move {
                let _held = locks.lock(format!("k{}", i % 7)).await;
                assert!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 7);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        futures_util::future::join_all(tasks).await;
        for i in 0..2_000 {
            drop(locks.lock(format!("once{i}")).await);
        }
        assert!(locks.held.lock().unwrap().len() <= SWEEP_AT);
    }
}

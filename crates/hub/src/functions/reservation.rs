//! Who is about to change which records.
//!
//! A function's records become durable with its run's next commit, after the function has answered. A second run that
//! reads the same records in between would decide on what no longer holds, and the last to commit would win. So a function
//! that changes records reserves their scope (a customer, a contract); the next one to reserve it waits until what the
//! first has answered is durable. A run that never commits (it was cancelled) holds a scope for a limited time.
//!
//! Reservations live in memory: after a crash nothing is under way, and every call without an outcome is asked again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use throughline_store::{Effect, Store};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::{Instant, sleep, timeout};

use super::call::{Call, Refusal};

/// How long a call waits for another run's commit before it is put off.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// After this, a run that has not committed is taken not to commit at all.
const COMMIT_MAX: Duration = Duration::from_secs(120);
/// Between two looks, at first and at most.
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_LAST: Duration = Duration::from_millis(50);
/// Scopes kept before those that nobody needs are swept out.
const SWEEP_AT: usize = 4_096;

/// The scopes.
#[derive(Default)]
pub(super) struct Reservations {
    scopes: Mutex<Scopes>,
}

#[derive(Default)]
struct Scopes {
    held: HashMap<String, Arc<AsyncMutex<Vec<Answered>>>>,
    sweep_at: usize,
}

/// A record that was answered with and may not be durable yet.
struct Answered {
    noun: String,
    id: String,
    hash: String,
    asker: String,
    since: Instant,
}

/// A scope that nobody else has. What it is given by [`Reserved::answered_with`] is waited for by the next.
pub(super) struct Reserved(OwnedMutexGuard<Vec<Answered>>);

impl Call<'_> {
    /// Reserves a scope. Whoever needs several takes them in one order: see the callers.
    pub(super) async fn reserve(&self, kind: &str, key: &str) -> Result<Reserved, Refusal> {
        let later = || Refusal::Later(format!("another run is changing {kind} {key}"));
        let scope = self.reservations.scope(format!("{}\u{1f}{kind}\u{1f}{key}", self.tenant));
        let mut answered = timeout(WAIT_MAX, scope.lock_owned()).await.map_err(|_| later())?;
        let until = Instant::now() + WAIT_MAX;
        let mut pause = LOOK_FIRST;
        while !self.durable(&mut answered).await? {
            if Instant::now() >= until {
                return Err(later());
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_LAST);
        }
        Ok(Reserved(answered))
    }

    /// Forgets what is durable, and whether that was all.
    async fn durable(&self, answered: &mut Vec<Answered>) -> Result<bool, Refusal> {
        answered.retain(|a| a.asker != self.asker && a.since.elapsed() < COMMIT_MAX);
        while let Some(last) = answered.last() {
            if !is_durable(self.store, self.tenant, last).await? {
                return Ok(false);
            }
            answered.pop();
        }
        Ok(true)
    }
}

/// Only the scope's holder writes its records, so the newest version is the one answered with, if it is durable at all.
async fn is_durable(store: &Store, tenant: &str, answered: &Answered) -> Result<bool, Refusal> {
    let record = store.record(tenant, &answered.noun, &answered.id).await?;
    Ok(record.is_some_and(|r| r.hash == answered.hash))
}

impl Reservations {
    fn scope(&self, name: String) -> Arc<AsyncMutex<Vec<Answered>>> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if scopes.held.len() >= scopes.sweep_at.max(SWEEP_AT) {
            scopes.held.retain(|_, scope| needed(scope));
            scopes.sweep_at = 2 * scopes.held.len();
        }
        Arc::clone(scopes.held.entry(name).or_default())
    }
}

fn needed(scope: &Arc<AsyncMutex<Vec<Answered>>>) -> bool {
    let recent = |answered: &Vec<Answered>| answered.iter().any(|a| a.since.elapsed() < COMMIT_MAX);
    Arc::strong_count(scope) > 1 || scope.try_lock().is_ok_and(|answered| recent(&answered))
}

impl Reserved {
    /// The records of the scope that the answer writes, given their nouns and ids.
    pub(super) fn answered_with(
        &mut self,
        call: &Call<'_>,
        effects: &[Effect],
        mine: impl Fn(&str, &str) -> bool,
    ) {
        for effect in effects {
            if let Effect::Record { noun, id, hash, .. } = effect
                && mine(noun, id)
            {
                self.0.push(Answered {
                    noun: noun.clone(),
                    id: id.clone(),
                    hash: hash.clone(),
                    asker: call.asker.to_owned(),
                    since: Instant::now(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::Refusal;
    use super::super::testing::Bench;
    use super::*;

    #[tokio::test]
    async fn the_next_waits_for_the_commit_of_the_first() {
        let bench = Bench::new().await;
        let first = bench.call("first");
        let mut reserved = first.reserve("customer", "CU-1").await.unwrap();
        let effects = vec![first.write("customer", "CU-1", &"body")];
        reserved.answered_with(&first, &effects, |_, _| true);
        drop(reserved);

        // The one who answered may be asked again; others wait, and are put off when it takes too long.
        assert!(first.reserve("customer", "CU-1").await.is_ok_and(|mut again| {
            again.answered_with(&first, &effects, |_, _| true);
            true
        }));
        let second = bench.call("second");
        assert!(matches!(second.reserve("customer", "CU-1").await, Err(Refusal::Later(_))));
        assert!(second.reserve("customer", "CU-2").await.is_ok());
        let (committed, reserved) = tokio::join!(bench.commit(effects), second.reserve("customer", "CU-1"));
        let () = committed;
        assert!(reserved.is_ok());
    }

    #[tokio::test]
    async fn scopes_nobody_needs_are_swept_out() {
        let bench = Bench::new().await;
        let call = bench.call("a");
        let mut kept = call.reserve("customer", "kept").await.unwrap();
        kept.answered_with(&call, &[call.write("customer", "kept", &1)], |_, _| true);
        drop(kept);
        for i in 0..2 * SWEEP_AT {
            drop(call.reserve("customer", &i.to_string()).await.unwrap());
        }
        let scopes = call.reservations.scopes.lock().unwrap();
        assert!(scopes.held.len() <= SWEEP_AT + 1, "{}", scopes.held.len());
        assert!(scopes.held.contains_key("t\u{1f}customer\u{1f}kept"));
    }
}

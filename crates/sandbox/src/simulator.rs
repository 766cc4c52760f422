//! What a simulator is.
//!
//! How to add one
//! 1. A folder `src/<product>/` with a struct that implements [`Simulator`]; register it in `sandbox.rs`, `simulators()`.
//! 2. Name its collections ([`Collection`]): where its objects live, and the business key that must be held once. The
//!    ledger counts duplicates by that key, and [`World::by_key`] finds by it. Names beginning with `_` are the
//!    simulator's own bookkeeping and stay out of the ledger.
//! 3. Write [`Simulator::handle`]: route on `request.method` and `request.segments()`, change the [`World`]
//!    (`get`, `put`, `remove`, `all`, `by_key`, `next` for ids, `now`), answer with [`Response`]. It is called under the world's
//!    lock and does no I/O; what it changed is journalled as one line before the answer leaves. Check the token first:
//!    [`crate::oauth::tokens`] issues, checks and invalidates; [`crate::oauth::jwt`] verifies assertions.
//! 4. Write [`Simulator::refuse`]: the vendor's own body for a fault that is answered (429, 5xx, 401, stale ETag), or
//!    `None` where that fault cannot happen to this request; the core then draws another. Dropped connections (before and
//!    after the effect) and slow answers are the core's.
//! 5. Webhooks out: `world.post(Delivery { .. })` queues one durably; the courier sends it, in order, with duplicates and
//!    delays under faults; [`Simulator::prepare`] may complete it (signature, retry count) before each attempt, and
//!    [`Simulator::delivered`] says what an answer means. Where the vendor asks the receiver to
//!    echo a token before it answers a request, return that from [`Simulator::handshake`] and read `request.handshake`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::world::World;

/// Where objects of one kind live.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Its name, e.g. `Opportunity`.
    pub name: &'static str,
    /// The business key of an object, given its id and body; none: the object has no key and cannot be a duplicate.
    pub key: fn(&str, &Value) -> Option<String>,
}

/// A receiver that must echo a token before its request is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Where to post, the token already in the query.
    pub url: String,
    /// What the body of a 200 must be.
    pub echo: String,
}

/// One vendor's system.
pub trait Simulator: Send + Sync + 'static {
    /// The product, named as the folder of its adapter, e.g. `business-central`.
    fn product(&self) -> &'static str;

    /// The name of the system in a firm's configuration, e.g. `erp-emea`.
    fn name(&self) -> &'static str;

    /// What a caller has to know to reach it, beside its address.
    fn settings(&self) -> Value;

    /// What a caller shows to be let in.
    fn credentials(&self) -> BTreeMap<String, String>;

    /// Its collections.
    fn collections(&self) -> &'static [Collection];

    /// Fills a new world with what a fresh tenant has (companies, a drive, price books). Called at every start; must not
    /// repeat what is there.
    fn furnish(&self, world: &mut World) {
        let _ = world;
    }

    /// Answers a request.
    fn handle(&self, world: &mut World, request: &Request) -> Response;

    /// The vendor's own answer for a fault, or none when it cannot happen to this request.
    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response>;

    /// The handshake that must succeed before this request is handled.
    fn handshake(&self, world: &World, request: &Request) -> Option<Handshake> {
        let _ = (world, request);
        None
    }

    /// Completes a webhook before each attempt: address, signature, number of retries.
    fn prepare(&self, world: &World, delivery: &mut Delivery) {
        let _ = (world, delivery);
    }

    /// What becomes of a webhook after an attempt: none, it is settled; else, when to try again. Called for every attempt.
    fn delivered(&self, world: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
        let _ = world;
        match outcome {
            Outcome::Answered(status) if (200..300).contains(&status) => None,
            Outcome::Answered(_) | Outcome::Unreachable => {
                Some(Duration::from_millis(250 << delivery.attempts.min(6)))
            }
        }
    }
}

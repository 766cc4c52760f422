//! One simulator at work: its world behind a lock, its faults, its address.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::control;
use crate::error::Error;
use crate::exchange::{Request, Response};
use crate::faults::{Draw, Fault};
use crate::ledger::SystemLedger;
use crate::simulator::{Handshake, Simulator};
use crate::world::{FAULTS, REQUESTS, World};

/// The share of requests that fail, common to all simulators of a sandbox.
#[derive(Clone, Default)]
pub(crate) struct Rate(Arc<AtomicU64>);

impl Rate {
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, rate: f64) {
        self.0.store(rate.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
    }
}

pub(crate) struct Site {
    simulator: Box<dyn Simulator>,
    world: Mutex<World>,
    changed: Notify,
    rate: Rate,
    seed: u64,
    port: u16,
    in_flight: AtomicUsize,
}

/// Counts a request for as long as it is being answered.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on purpose")]
pub(crate) struct Dropped;

/// What is in store for a request.
enum Fate {
    Handled,
    Refused(Response),
    Dropped,
    LostReply,
    Slow(Duration),
}

impl Site {
    pub(crate) fn new(simulator: Box<dyn Simulator>, world: World, rate: Rate, seed: u64, port: u16) -> Self {
        Self {
            simulator,
            world: Mutex::new(world),
            changed: Notify::new(),
            rate,
            seed,
            port,
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(crate) fn simulator(&self) -> &dyn Simulator {
        self.simulator.as_ref()
    }

    pub(crate) fn rate(&self) -> &Rate {
        &self.rate
    }

    pub(crate) fn base_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Works on the world and journals what changed before answering.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> Result<T, Error> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = work(&mut world);
        let changed = world.flush()?;
        drop(world);
        if changed {
            self.changed.notify_one();
        }
        Ok(answer)
    }

    /// Looks at the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(crate) fn draw(&self, lane: &str, number: u64) -> Draw {
        Draw::new(self.seed, self.simulator.product(), lane, number, self.rate.get())
    }

    pub(crate) fn record(&self, world: &mut World, fault: Fault) {
        world.add(&format!("{FAULTS}{}", fault.name()), 1);
    }

    pub(crate) fn ledger(&self) -> SystemLedger {
        self.read(World::ledger)
    }

    /// Answers a request, or drops it.
    pub(crate) async fn answer(
        &self,
        mut request: Request,
        client: &reqwest::Client,
    ) -> Result<Response, Dropped> {
        if let Some(response) = control::answer(self, &request) {
            return Ok(response);
        }
        request.in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let _counted = InFlight(&self.in_flight);
        let written = |result: Result<_, Error>| {
            result.map_err(|error| {
                tracing::error!(%error, product = self.simulator.product(), "journal not written");
                Dropped
            })
        };
        let (fate, handshake) = written(self.with(|world| {
            let number = world.add(REQUESTS, 1);
            (self.fate(world, &request, number), self.simulator.handshake(world, &request))
        }))?;
        match fate {
            Fate::Refused(response) => return Ok(response),
            Fate::Dropped => return Err(Dropped),
            Fate::Slow(wait) => tokio::time::sleep(wait).await,
            Fate::Handled | Fate::LostReply => {}
        }
        if let Some(handshake) = handshake {
            request.handshake = Some(shaken(client, &handshake).await);
        }
        let response = self.with(|world| self.simulator.handle(world, &request)).map_err(|error| {
            tracing::error!(%error, product = self.simulator.product(), "journal not written");
            Dropped
        })?;
        if matches!(fate, Fate::LostReply) { Err(Dropped) } else { Ok(response) }
    }

    fn fate(&self, world: &mut World, request: &Request, number: u64) -> Fate {
        let mut draw = self.draw("request", number);
        for fault in draw.kinds(&Fault::OF_REQUESTS) {
            let fate = match draw.refusal(fault) {
                Some(refusal) => self.simulator.refuse(world, request, refusal).map(Fate::Refused),
                None => match fault {
                    Fault::DroppedBefore => Some(Fate::Dropped),
                    Fault::LostReply if !request.method.is_safe() => Some(Fate::LostReply),
                    Fault::Slow => Some(Fate::Slow(Duration::from_millis(draw.slow_ms()))),
                    _ => None,
                },
            };
            if let Some(fate) = fate {
                self.record(world, fault);
                return fate;
            }
        }
        Fate::Handled
    }
}

const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Whether the receiver answers 200 with the token as its body.
async fn shaken(client: &reqwest::Client, handshake: &Handshake) -> bool {
    let sent =
        client.post(&handshake.url).timeout(HANDSHAKE_WITHIN).header("content-type", "text/plain").send();
    match sent.await {
        Ok(answer) if answer.status().as_u16() == 200 => {
            answer.text().await.is_ok_and(|text| text.trim_matches('"') == handshake.echo)
        }
        _ => false,
    }
}

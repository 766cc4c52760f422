//! Random flows on a store that crashes at random group commits, against a world that loses requests and replies, until
//! everything has ended.
//!
//! What has to hold, whatever happens: no acknowledged event is lost; each effect is applied at most once, given that a
//! call in doubt looks first; what a failed run did is taken back once, in reverse order; runs of one key follow each other in
//! the order of their events; every run ends or says why it waits.
//!
//! `THROUGHLINE_SEEDS` sets how many seeds are tried, `THROUGHLINE_SEED` replays one. A seed decides events, faults and
//! crash points; the order in which threads get their turn is the machine's, so a rare failure may take a few replays.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the simulation")]

mod client;
mod flows;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline_engine::{Clock, Engine, ManualClock, Options};
use throughline_store::{CrashPoint, Position, Run, RunFilter, RunStatus, Store};

use client::Client;
use world::{World, WorldHost};

/// Seeds tried when nothing else is said.
const SEEDS: u64 = 24;
/// Lives with a crash; the one after them has none.
const CRASHES_MAX: usize = 8;
/// The longest the last life may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn nothing_is_lost_and_nothing_happens_twice() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    if let Some(seed) = number("THROUGHLINE_SEED") {
        simulate(seed);
        return;
    }
    // Seeds differ from day to day, so that the space is searched; a failure names its own.
    let first = std::process::id().into();
    for seed in (first..).step_by(7_919).take(number("THROUGHLINE_SEEDS").unwrap_or(SEEDS) as usize) {
        let told = Told(seed);
        simulate(seed);
        std::mem::forget(told);
    }
}

/// Tells the seed when its simulation panics.
struct Told(u64);

impl Drop for Told {
    #[expect(clippy::print_stderr, reason = "whoever runs the tests needs the seed")]
    fn drop(&mut self) {
        eprintln!("the simulation failed; replay it with THROUGHLINE_SEED={}", self.0);
    }
}

fn simulate(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let folder = tempfile::TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at("2026-03-01T08:00:00Z".parse().unwrap()));
    let world = Arc::new(World::new(seed, rng.random_range(0.0..0.35)));
    let mut client = Client::new(&mut rng);
    let lives = rng.random_range(1..=CRASHES_MAX);
    for _ in 0..lives {
        let point = if rng.random() { CrashPoint::BeforeCommit } else { CrashPoint::AfterCommit };
        let crash = rng.random_bool(0.85).then(|| (point, rng.random_range(1..120)));
        let plug = Duration::from_millis(rng.random_range(20..250));
        let life =
            Life { folder: folder.path(), clock: &clock, world: &world, threads: rng.random_range(1..=3) };
        life.live(crash, &mut client, &mut rng, plug);
    }
    let life = Life { folder: folder.path(), clock: &clock, world: &world, threads: 2 };
    life.live(None, &mut client, &mut rng, PATIENCE);
    check(folder.path(), &client, &world);
}

/// One life of the process.
struct Life<'a> {
    folder: &'a std::path::Path,
    clock: &'a Arc<ManualClock>,
    world: &'a Arc<World>,
    threads: usize,
}

impl Life<'_> {
    /// Lives until the crash, the end of everything, or until the plug is pulled.
    fn live(
        self,
        crash: Option<(CrashPoint, u64)>,
        client: &mut Client,
        rng: &mut ChaCha8Rng,
        at_most: Duration,
    ) {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(self.threads).enable_all().build().unwrap();
        runtime.block_on(async {
            let options =
                throughline_store::Options { crash, ..throughline_store::Options::new(self.folder) };
            let store = Store::open(options).await.unwrap();
            let clock: Arc<dyn Clock> = Arc::clone(self.clock) as _;
            let host = Arc::new(WorldHost(Arc::clone(self.world)));
            let options = Options {
                runs_active_max: rng.random_range(2..40),
                mend_delay: Duration::from_millis(15),
                ..Options::default()
            };
            let Ok(engine) = Engine::start(store.clone(), host, clock, flows::all(), options).await else {
                return;
            };
            let time = Time::start(Arc::clone(self.clock));
            let begun = Instant::now();
            let last = at_most == PATIENCE;
            while begun.elapsed() < at_most {
                if client.send_some(&store, &engine, rng).await.is_err() || crashed(&store).await {
                    break;
                }
                if client.is_done() && is_settled(&store).await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            drop(time);
            assert!(!last, "the last life did not settle; open runs: {:#?}", open(&store).await);
        });
    }
}

/// Lets the clock run while it lives, a second in about a millisecond.
struct Time(Arc<AtomicBool>);

impl Time {
    fn start(clock: Arc<ManualClock>) -> Self {
        let goes = Arc::new(AtomicBool::new(true));
        let going = Arc::clone(&goes);
        std::thread::spawn(move || {
            while going.load(Ordering::Relaxed) {
                clock.advance(Duration::from_secs(1));
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self(goes)
    }
}

impl Drop for Time {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Whether the crash has struck: a store that has crashed refuses to write.
async fn crashed(store: &Store) -> bool {
    store.put_definition("probe", "probe", "probe").await.is_err()
}

async fn runs(store: &Store) -> Vec<Run> {
    store.runs(RunFilter { limit: 100_000, ..RunFilter::default() }).await.unwrap()
}

async fn open(store: &Store) -> Vec<Run> {
    runs(store).await.into_iter().filter(|run| !run.status.is_ended() && !waits_for_good(run)).collect()
}

/// Whether a run waits, rightly, for what never comes, or behind one that does.
fn waits_for_good(run: &Run) -> bool {
    let forsaken = run.business_key.as_deref() == Some(client::FORSAKEN);
    let waits = run.waiting.as_ref().is_some_and(|w| w.for_ == "event facts" && w.reason.is_some());
    forsaken && ((run.status == RunStatus::Waiting && waits) || run.blocked_by.is_some())
}

async fn is_settled(store: &Store) -> bool {
    let cursor = store.cursor("dispatch").await.unwrap().unwrap_or(Position(0));
    let caught_up = async || store.events_after(cursor, 1).await.unwrap().is_empty();
    // The last run may have emitted an event between the first look at the log and its own end.
    caught_up().await && open(store).await.is_empty() && caught_up().await
}

fn check(folder: &std::path::Path, client: &Client, world: &World) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(throughline_store::Options::new(folder)).await.unwrap();
        let runs = runs(&store).await;
        let log = store.events_after(Position(0), 100_000).await.unwrap();
        client.check(&log, &runs);
        world.check(&runs);
    });
}

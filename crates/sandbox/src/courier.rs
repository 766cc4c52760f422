//! Webhooks on their way out: queued in the world, sent in order per lane, tried again as the vendor does.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::{Draw, Fault};
use crate::site::Site;
use crate::world::{WEBHOOKS, World};

/// A webhook to be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number, given when it is queued.
    #[serde(default)]
    pub number: u64,
    /// Deliveries of one lane are sent one after the other, e.g. those of one envelope.
    pub lane: String,
    /// Where to post; may be filled by [`crate::Simulator::prepare`].
    pub url: String,
    /// Headers beside the content type; may be filled by [`crate::Simulator::prepare`].
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body, JSON.
    pub body: String,
    /// What the simulator wants to remember about it, e.g. the subscription.
    #[serde(default)]
    pub about: Value,
    /// Attempts made so far.
    #[serde(default)]
    pub attempts: u32,
    /// When it may be sent, in milliseconds since 1970.
    #[serde(default)]
    pub due_ms: i64,
    /// Whether its fault has been drawn.
    #[serde(default)]
    pub drawn: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status.
    Answered(u16),
    /// No answer came.
    Unreachable,
}

const QUEUE: &str = "_deliveries";
const IN_FLIGHT_MAX: usize = 16;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Puts a delivery into the queue.
pub(crate) fn queue(world: &mut World, mut delivery: Delivery) {
    delivery.number = world.next("_delivery");
    store(world, &delivery);
}

fn store(world: &mut World, delivery: &Delivery) {
    if let Ok(object) = serde_json::to_value(delivery) {
        world.put(QUEUE, &delivery.number.to_string(), object);
    }
}

/// Sends what is due, for ever.
pub(crate) async fn run(site: &Site, client: &reqwest::Client) {
    loop {
        match site.with(|world| due(site, world)) {
            Ok(Due::Now(deliveries)) => {
                futures_util::future::join_all(deliveries.into_iter().map(|one| attempt(site, client, one)))
                    .await;
            }
            Ok(Due::Later(wait)) => {
                tokio::select! {
                    () = site.changed() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
            Ok(Due::Nothing) => site.changed().await,
            Err(error) => {
                tracing::error!(%error, product = site.simulator().product(), "webhook queue not written");
                return;
            }
        }
    }
}

enum Due {
    Now(Vec<Delivery>),
    Later(Duration),
    Nothing,
}

/// The next deliveries: the first of each lane, when its time has come.
fn due(site: &Site, world: &mut World) -> Due {
    draw_faults(site, world);
    let now = world.now().as_millisecond();
    let mut lanes = HashSet::new();
    let (mut ready, mut earliest) = (Vec::new(), None::<i64>);
    for (_, object) in world.all(QUEUE) {
        if !lanes.insert(object["lane"].as_str().unwrap_or_default()) {
            continue;
        }
        let due_ms = object["due_ms"].as_i64().unwrap_or(0);
        if due_ms <= now {
            ready.extend(serde_json::from_value::<Delivery>(object.clone()).ok());
        } else {
            earliest = Some(earliest.map_or(due_ms, |known| known.min(due_ms)));
        }
        if ready.len() == IN_FLIGHT_MAX {
            break;
        }
    }
    match (ready.is_empty(), earliest) {
        (false, _) => Due::Now(ready),
        (true, Some(at)) => Due::Later(Duration::from_millis((at - now).max(1).unsigned_abs())),
        (true, None) => Due::Nothing,
    }
}

/// Gives each new delivery its fault: a copy, a place behind those that follow, a delay.
fn draw_faults(site: &Site, world: &mut World) {
    let fresh: Vec<Delivery> = world
        .all(QUEUE)
        .filter(|(_, object)| object["drawn"] == false)
        .filter_map(|(_, object)| serde_json::from_value(object.clone()).ok())
        .collect();
    for mut delivery in fresh {
        delivery.drawn = true;
        let mut draw = site.draw("webhook", delivery.number);
        if let Some(fault) = draw.kinds(&Fault::OF_WEBHOOKS).first().copied() {
            site.record(world, fault);
            disturb(world, &mut delivery, fault, &mut draw);
        }
        store(world, &delivery);
    }
}

fn disturb(world: &mut World, delivery: &mut Delivery, fault: Fault, draw: &mut Draw) {
    let late = world.now().as_millisecond() + i64::try_from(draw.late_ms()).unwrap_or(0);
    match fault {
        Fault::WebhookDuplicated => {
            let number = world.next("_delivery");
            store(world, &Delivery { number, ..delivery.clone() });
        }
        Fault::WebhookReordered => {
            // A lane of its own: those behind it no longer wait for it.
            delivery.lane = format!("{}#{}", delivery.lane, delivery.number);
            delivery.due_ms = late;
        }
        _ => delivery.due_ms = late,
    }
}

async fn attempt(site: &Site, client: &reqwest::Client, mut delivery: Delivery) {
    if site.with(|world| site.simulator().prepare(world, &mut delivery)).is_err() {
        return;
    }
    let outcome = post(client, &delivery).await;
    delivery.attempts += 1;
    let settled = site.with(|world| {
        world.add(WEBHOOKS, 1);
        match site.simulator().delivered(world, &delivery, outcome) {
            None => {
                world.remove(QUEUE, &delivery.number.to_string());
            }
            Some(wait) => {
                let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
                delivery.due_ms = world.now().as_millisecond() + wait_ms;
                store(world, &delivery);
            }
        }
    });
    if let Err(error) = settled {
        tracing::error!(%error, product = site.simulator().product(), "webhook outcome not written");
    }
}

async fn post(client: &reqwest::Client, delivery: &Delivery) -> Outcome {
    let mut request = client
        .post(&delivery.url)
        .timeout(ANSWER_WITHIN)
        .header("content-type", "application/json")
        .body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(answer) => Outcome::Answered(answer.status().as_u16()),
        Err(_) => Outcome::Unreachable,
    }
}

//! Events taken in per second, each durable before its sender is told.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::load::{Request, generate};
use crate::process::{Busy, memory_mb};
use crate::{Measure, table};

/// Events in a batch.
const BATCH: u64 = 100;

pub(crate) async fn run(senders: usize, measure: &Measure) -> anyhow::Result<()> {
    let single = Request {
        path: "/v1/events",
        content_type: "application/cloudevents+json",
        body: |number| Bytes::from(event(number).to_string()),
    };
    let batch = Request {
        path: "/v1/events",
        content_type: "application/cloudevents-batch+json",
        body: |number| {
            let events: Vec<Value> = (0..BATCH).map(|n| event(number * BATCH + n)).collect();
            Bytes::from(Value::from(events).to_string())
        },
    };
    let mut rows = Vec::new();
    for (name, request, events, senders) in [
        ("single, one sender", &single, 1, 1),
        ("single", &single, 1, senders),
        ("batches of 100", &batch, BATCH, 8),
    ] {
        rows.push(row(name, request, events, senders, measure).await?);
    }
    let columns = ["events", "senders", "events/s", "requests/s", "p50 ms", "p99 ms", "RSS MB", "hub CPU %"];
    table::print(
        "intake: CloudEvents of about 1 KB accepted, each durable before the answer",
        &columns,
        rows,
    );
    Ok(())
}

async fn row(
    name: &str,
    request: &Request,
    events: u64,
    senders: usize,
    measure: &Measure,
) -> anyhow::Result<Vec<String>> {
    let hub = Hub::start(&measure.program, 9).await?;
    let mut busy = None;
    let at_measure = async || {
        busy = Some(Busy::of(hub.process()));
        Ok(())
    };
    let outcome = generate(hub.port, request, senders, measure.warm_up(), measure.time(), at_measure).await?;
    let percent = busy.map(|b| format!("{:.0}", b.percent())).unwrap_or_default();
    Ok(vec![
        name.to_owned(),
        senders.to_string(),
        format!("{:.0}", outcome.per_second * events as f64),
        format!("{:.0}", outcome.per_second),
        format!("{:.2}", outcome.p50_ms),
        format!("{:.2}", outcome.p99_ms),
        format!("{:.0}", memory_mb(hub.process()).0),
        percent,
    ])
}

/// An event of a type that no flow subscribes to.
fn event(number: u64) -> Value {
    json!({
        "specversion": "1.0",
        "id": number.to_string(),
        "source": "/bench",
        "type": "bench.contract.signed.v1",
        "subject": format!("CT-{number}"),
        "data": crate::flows::input(number),
    })
}

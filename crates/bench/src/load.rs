//! The load generator: so many senders, each on a connection of its own, each sending its next request when it has the
//! answer to the last.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;

use crate::client::Connection;

/// What is sent.
pub(crate) struct Request {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    /// The body of the nth request.
    pub(crate) body: fn(u64) -> Bytes,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Sends for a while and measures, after a warm-up that is not counted. `at_measure` is called when it is over.
pub(crate) async fn generate(
    port: u16,
    request: &Request,
    senders: usize,
    warm_up: Duration,
    time: Duration,
    at_measure: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let (from, until) = (begun + warm_up, begun + warm_up + time);
    let latencies = Rc::new(RefCell::new(Histogram::<u64>::new_with_bounds(1, 600_000_000, 3)?));
    let number = Rc::new(Cell::new(0_u64));
    let sending = (0..senders).map(|_| {
        let (latencies, number) = (Rc::clone(&latencies), Rc::clone(&number));
        async move {
            let mut connection = Connection::open(port).await?;
            while Instant::now() < until {
                number.set(number.get() + 1);
                let body = (request.body)(number.get());
                let sent = Instant::now();
                let (status, answer) = connection.post(request.path, request.content_type, body).await?;
                let answered = Instant::now();
                ensure!(status.as_u16() < 300, "{status}: {}", String::from_utf8_lossy(&answer));
                ensure!(
                    status.as_u16() != 202 || !request.path.contains("wait"),
                    "a run did not end in time"
                );
                if answered >= from && answered < until {
                    let micros = u64::try_from((answered - sent).as_micros())?;
                    latencies.borrow_mut().record(micros.max(1))?;
                }
            }
            Ok::<_, anyhow::Error>(())
        }
    });
    let measuring = async {
        tokio::time::sleep_until(from.into()).await;
        at_measure().await
    };
    tokio::try_join!(try_join_all(sending), measuring)?;
    let latencies = latencies.borrow();
    let ms = |quantile: f64| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
    Ok(Outcome { per_second: latencies.len() as f64 / time.as_secs_f64(), p50_ms: ms(0.5), p99_ms: ms(0.99) })
}

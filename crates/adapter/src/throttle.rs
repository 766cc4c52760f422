//! Keeps a system's limits: places for requests under way, a token bucket, and pauses the system asked for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::fault::{Fault, FaultClass};
use crate::spec::{Limits, Rate, ResetUnit, Throttle};

/// A request waits here for its place at most so long; then it is refused, unsent.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(60);
/// A pause longer than this refuses requests, unsent, instead of holding them.
pub(crate) const HOLD_MAX: Duration = Duration::from_secs(5);
/// No system is believed that asks for a longer pause.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// Pause when a system says "too much" and not how long; doubled each time it says so again without taking a request in
/// between, up to what the adapter says.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest such pause when the adapter says nothing, and the pause between requests when a quota is nearly used.
const PAUSE: Duration = Duration::from_secs(1);
/// Share of a quota from which on requests are spaced out.
const SLOW_FROM: f64 = 0.95;

/// The door of one system.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    bucket: Option<Mutex<Bucket>>,
    paused_until: Mutex<Option<Instant>>,
    /// Refusals in a row that did not say how long.
    refusals: AtomicU32,
    throttle: Throttle,
}

impl Gate {
    pub(crate) fn new(limits: &Limits, throttle: Throttle) -> Self {
        Self {
            places: Semaphore::new(limits.concurrency as usize),
            bucket: limits.rate.map(|rate| Mutex::new(Bucket::new(rate))),
            paused_until: Mutex::new(None),
            refusals: AtomicU32::new(0),
            throttle,
        }
    }

    /// Waits until a request may go; it is under way until the permit is dropped.
    pub(crate) async fn enter(&self) -> Result<SemaphorePermit<'_>, Fault> {
        self.refuse_in_long_pause()?;
        let place = tokio::time::timeout(PLACE_WAIT_MAX, self.places.acquire()).await;
        let Ok(Ok(place)) = place else {
            let said = format!(
                "no place among the system's requests under way within {} s",
                PLACE_WAIT_MAX.as_secs()
            );
            return Err(Fault::not_sent(FaultClass::RateLimit, said));
        };
        if let Some(bucket) = &self.bucket {
            let go = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
            tokio::time::sleep_until(go).await;
        }
        // Another request's answer may have prolonged the pause while this one slept.
        loop {
            self.refuse_in_long_pause()?;
            match self.pause_left() {
                Some(left) => tokio::time::sleep(left).await,
                None => return Ok(place),
            }
        }
    }

    fn pause_left(&self) -> Option<Duration> {
        let until = (*self.paused_until.lock().unwrap_or_else(PoisonError::into_inner))?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn refuse_in_long_pause(&self) -> Result<(), Fault> {
        match self.pause_left() {
            Some(left) if left > HOLD_MAX => {
                let said = format!("the system asked to be left alone for another {} s", left.as_secs());
                Err(Fault { retry_after: Some(left), ..Fault::not_sent(FaultClass::RateLimit, said) })
            }
            _ => Ok(()),
        }
    }

    /// Stops all requests for a while.
    fn pause(&self, length: Duration) {
        let until = Instant::now() + length.min(PAUSE_MAX);
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |already| already.max(until)));
    }

    /// Heeds what an answer says of limits. `class` is that of its fault. `true`: the system is paused now.
    pub(crate) fn heed(
        &self,
        status: u16,
        headers: &HeaderMap,
        class: Option<FaultClass>,
        now: Timestamp,
    ) -> bool {
        let told = self.wait(headers, now);
        let too_much = class == Some(FaultClass::RateLimit)
            || self.throttle.statuses.as_ref().map_or(status == 429, |s| s.contains(status));
        let asked = status == 503 && headers.contains_key(http::header::RETRY_AFTER);
        if too_much || asked {
            self.pause(told.unwrap_or_else(|| self.untold_pause()));
            return true;
        }
        self.refusals.store(0, Ordering::Relaxed);
        let length = if self.used_up(headers) { told } else { self.slow_down(headers) };
        if let Some(length) = length {
            self.pause(length);
        }
        length.is_some()
    }

    /// How long to leave a system alone that does not say.
    fn untold_pause(&self) -> Duration {
        let before = self.refusals.fetch_add(1, Ordering::Relaxed);
        let most = self.throttle.pause.unwrap_or(PAUSE);
        PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(before)).min(most)
    }

    /// How long an answer's headers want us to wait.
    pub(crate) fn wait(&self, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
        let after = text("retry-after").and_then(|value| retry_after(value, now));
        after
            .or_else(|| {
                let reset = self.throttle.reset.as_ref()?;
                until_reset(text(&reset.header)?, reset.unit, now)
            })
            .map(|length| length.min(PAUSE_MAX))
    }

    /// No request is left before the reset.
    fn used_up(&self, headers: &HeaderMap) -> bool {
        let remaining = self.throttle.reset.as_ref().and_then(|reset| reset.remaining.as_ref());
        let left = remaining
            .and_then(|name| headers.get(name))
            .and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
        left.is_some_and(|left| left <= 0)
    }

    /// The pause that spaces requests out when a quota is nearly used.
    fn slow_down(&self, headers: &HeaderMap) -> Option<Duration> {
        let usage = self.throttle.usage.as_ref()?;
        let groups = usage.pattern.captures(headers.get(&usage.header)?.to_str().ok()?)?;
        let number = |i: usize| groups.get(i)?.as_str().parse::<f64>().ok();
        let (used, allowed) = (number(1)?, number(2)?);
        let near = allowed > 0.0 && used / allowed >= usage.slow_from.unwrap_or(SLOW_FROM);
        near.then(|| usage.pause.unwrap_or(PAUSE))
    }
}

/// `Retry-After`: seconds or an HTTP date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn until_reset(value: &str, unit: ResetUnit, now: Timestamp) -> Option<Duration> {
    let number: f64 = value.parse().ok()?;
    let from_epoch = |seconds: f64| {
        Duration::try_from_secs_f64((seconds - now.as_millisecond() as f64 / 1_000.0).max(0.0)).ok()
    };
    match unit {
        ResetUnit::Seconds => Duration::try_from_secs_f64(number).ok(),
        ResetUnit::EpochSeconds => from_epoch(number),
        ResetUnit::EpochMilliseconds => from_epoch(number / 1_000.0),
    }
}

/// A token bucket, kept as the instant at which it will be full again.
#[derive(Debug)]
struct Bucket {
    full_at: Instant,
    interval: Duration,
    burst: Duration,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        let interval = Duration::from_secs(rate.seconds.into()) / rate.requests.max(1);
        let burst = interval * (rate.burst.unwrap_or(rate.requests).max(1) - 1);
        Self { full_at: Instant::now(), interval, burst }
    }

    /// Takes a token; answers when it may be used.
    fn take(&mut self, now: Instant) -> Instant {
        let from = self.full_at.max(now);
        self.full_at = from + self.interval;
        from.checked_sub(self.burst).map_or(now, |go| go.max(now))
    }
}

#[cfg(test)]
mod tests;

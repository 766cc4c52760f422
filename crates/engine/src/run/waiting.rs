//! What a run waits for: whether something that came in is it, and how to say it to people.

use jiff::Timestamp;
use serde_json::Value;
use throughline_flow::{self as flow, ActivationId, EventFilter, TimerKind, WaitingFor};
use throughline_store::Waiting;

/// Whether the activation waits for this event.
pub(super) fn hears(waiting: &[flow::Waiting], activation: ActivationId, event: &Value) -> bool {
    waiting.iter().filter(|w| w.activation == activation).any(|w| match &w.what {
        WaitingFor::Event { listen } => listen.filters.iter().any(|filter| meets(filter, event)),
        _ => false,
    })
}

/// Whether an event meets a filter; one that can't be evaluated is not met.
pub(crate) fn meets(filter: &EventFilter, event: &Value) -> bool {
    let type_ = event.get("type").and_then(Value::as_str);
    if filter.event_type().is_some_and(|expected| Some(expected) != type_) {
        return false;
    }
    filter.matches(event).unwrap_or_else(|error| {
        tracing::warn!(%error, event.type_ = type_, "a filter can't be evaluated on an event; it is not met");
        false
    })
}

/// Whether the activation still waits for this timer, and it is due.
pub(super) fn timer_is_due(
    waiting: &[flow::Waiting],
    activation: ActivationId,
    timer: TimerKind,
    now: Timestamp,
) -> bool {
    waiting.iter().any(|w| {
        w.activation == activation
            && matches!(&w.what, WaitingFor::Timer { due, kind } if *kind == timer && *due <= now)
    })
}

/// Says what a parked run waits for: the first thing that can move it on, with the reason its task gives.
pub(super) fn describe(waiting: &[flow::Waiting], now: Timestamp) -> Waiting {
    let timers = waiting.iter().filter_map(|w| match &w.what {
        WaitingFor::Timer { due, .. } => Some(*due),
        _ => None,
    });
    let until = timers.min();
    let event = waiting.iter().find(|w| matches!(w.what, WaitingFor::Event { .. }));
    let Some(first) = event.or_else(|| waiting.iter().find(|w| matches!(w.what, WaitingFor::Timer { .. })))
    else {
        return Waiting { for_: "nothing".to_owned(), reason: None, since: now, until, task: String::new() };
    };
    let for_ = match &first.what {
        WaitingFor::Event { listen } => {
            let types: Vec<&str> =
                listen.filters.iter().map(|f| f.event_type().unwrap_or("of any type")).collect();
            format!("event {}", types.join(" or "))
        }
        WaitingFor::Timer { due, kind: TimerKind::Retry } => format!("retry at {due}"),
        WaitingFor::Timer { due, .. } => format!("time {due}"),
        WaitingFor::Call { call } => format!("call {call}"),
    };
    let reason = first.metadata.get("reason");
    let reason = reason.map(|r| r.as_str().map_or_else(|| r.to_string(), str::to_owned));
    Waiting { for_, reason, since: first.since.min(now), until, task: first.task.to_string() }
}

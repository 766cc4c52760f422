//! Polls systems that do not call us: one task per system and poll, with a durable cursor.
//!
//! A poll's function answers `{events, cursor, more}`; its events and its cursor become durable together, so a crash
//! repeats a page at worst, and the log's deduplication makes nothing of that.
//!
//! Few systems give their changes ids, and most tell times in whole seconds. So a function may leave an event's id out: it
//! is then made of the event's content. What is read twice is one event, and two changes within a second are two.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use throughline_adapter::{PollSpec, System};
use throughline_store::{Appended, NewEvent, Position};
use tokio_util::task::TaskTracker;

use crate::executor::FunctionEnd;
use crate::hub::Inner;
use crate::intake::{self, Incoming};
use crate::metrics;

/// Pause after a failed poll; doubled with each further one, up to `PAUSE_MAX`.
const PAUSE: Duration = Duration::from_secs(1);
/// Refused events remembered, so that each is stored as rejected once and not with every look back.
const REFUSED_MAX: usize = 10_000;
/// The longest pause after failed polls.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Starts every poll of every system that is to be polled.
pub(crate) fn start(inner: &Arc<Inner>, tasks: &TaskTracker) {
    for (name, system) in &inner.executor.systems {
        if !inner.config.systems.get(name).is_some_and(|entry| entry.poll) {
            continue;
        }
        let Some(adapter) = inner.catalog.adapters.get(system.adapter()) else { continue };
        for poll in &adapter.spec.polls {
            let mut poll = poll.clone();
            if let Some(seconds) = inner.config.systems.get(name).and_then(|entry| entry.poll_seconds) {
                poll.every = Duration::from_secs(seconds.max(1).into());
            }
            tasks.spawn(run(Arc::clone(inner), name.clone(), Arc::clone(system), poll));
        }
    }
}

async fn run(inner: Arc<Inner>, name: String, system: Arc<System>, poll: PollSpec) {
    let mut failures = 0_u32;
    let mut refused = HashSet::new();
    loop {
        let wait = match page(&inner, &name, &system, &poll, &mut refused).await {
            Ok(more) => {
                failures = 0;
                if more { Duration::ZERO } else { poll.every() }
            }
            Err(reason) => {
                failures += 1;
                tracing::warn!(system = %name, poll = %poll.name, failures, reason, "a poll failed; trying again");
                (PAUSE * 2_u32.pow(failures.min(8) - 1)).min(PAUSE_MAX)
            }
        };
        let due = inner.clock.now() + jiff::SignedDuration::try_from(wait).unwrap_or_default();
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = inner.clock.sleep_until(due) => {}
        }
    }
}

/// Fetches one page. `true`: there is more.
async fn page(
    inner: &Inner,
    name: &str,
    system: &System,
    poll: &PollSpec,
    refused: &mut HashSet<[u8; 32]>,
) -> Result<bool, String> {
    let cursor_name = format!("poll/{name}/{}", poll.name);
    let cursor = inner.store.cursor_text(&cursor_name).await.map_err(|e| e.to_string())?;
    let cursor: Value = cursor.and_then(|c| serde_json::from_str(&c).ok()).unwrap_or(Value::Null);
    let with = json!({ "cursor": cursor, "system": name });
    let ended = inner.executor.call_system(system, name, &poll.function, with).await;
    let word = if matches!(ended, FunctionEnd::Returned(_)) { "ok" } else { "failed" };
    ::metrics::counter!(metrics::POLLS, "system" => name.to_owned(), "poll" => poll.name.clone(), "outcome" => word).increment(1);
    let answer = match ended {
        FunctionEnd::Returned(answer) => answer,
        FunctionEnd::Raised(error) => return Err(error.to_string()),
        FunctionEnd::Unknown { reason, .. } => return Err(reason),
    };
    let Some(events) = answer.get("events").and_then(Value::as_array) else {
        return Err("its function answers no {events, cursor, more}".to_owned());
    };
    let via = format!("poll/{name}");
    let mut good = Vec::with_capacity(events.len());
    for event in events {
        let (body, content) = identified(event);
        match intake::check(&inner.catalog.schemas, system.tenant(), &via, &body, inner.clock.now()) {
            Ok(event) => good.push(event),
            Err(_) if refused.contains(&content) => {}
            Err(problems) => {
                if refused.len() >= REFUSED_MAX {
                    refused.clear();
                }
                refused.insert(content);
                intake::reject(
                    &inner.store,
                    system.tenant(),
                    &via,
                    Incoming::new(body),
                    problems,
                    inner.clock.now(),
                )
                .await
                .map_err(|e| e.to_string())?;
            }
        }
    }
    let next = answer.get("cursor").cloned().unwrap_or_else(|| cursor.clone());
    let polled = good.clone();
    let appended =
        inner.store.append_polled(good, cursor_name, next.to_string()).await.map_err(|e| e.to_string())?;
    for (event, appended) in polled.into_iter().zip(appended) {
        match appended {
            Appended::New(_) => inner.engine.event_appended(),
            Appended::Duplicate(_) => {}
            Appended::Conflict(first) => contradicted(inner, event, first, refused).await?,
        }
    }
    // A page that moves nothing on has no next one, whatever it says: else it would be asked for without end.
    Ok(answer.get("more").and_then(Value::as_bool).unwrap_or(false) && next != cursor)
}

/// Keeps an event that says something else under an id the log knows.
async fn contradicted(
    inner: &Inner,
    event: NewEvent,
    first: Position,
    refused: &mut HashSet<[u8; 32]>,
) -> Result<(), String> {
    if refused.insert(Sha256::digest(&event.body).into()) {
        let incoming = Incoming::new(event.body.clone());
        intake::conflict(&inner.store, event, incoming, first).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The event's body, and the hash of what the function gave. An event without an id gets that hash for one.
fn identified(event: &Value) -> (Vec<u8>, [u8; 32]) {
    let body = serde_json::to_vec(event).expect("an event is plain JSON data");
    let content: [u8; 32] = Sha256::digest(&body).into();
    match event {
        Value::Object(fields) if !fields.contains_key("id") => {
            let mut fields = fields.clone();
            let id: String = content[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            fields.insert("id".to_owned(), Value::String(id));
            (serde_json::to_vec(&fields).expect("an event is plain JSON data"), content)
        }
        _ => (body, content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_without_an_id_is_known_by_its_content() {
        let id = |event: Value| {
            let (body, _) = identified(&event);
            serde_json::from_slice::<Value>(&body).unwrap()["id"].clone()
        };
        let first = json!({"type": "t", "data": {"stage": "won"}});
        assert_eq!(id(first.clone()), id(first.clone()));
        assert_ne!(id(first), id(json!({"type": "t", "data": {"stage": "lost"}})));
        assert_eq!(id(json!({"type": "t", "id": "7"})), json!("7"));
    }
}

//! Access tokens: issued, checked, ended before their time.

use serde_json::json;

use crate::exchange::Request;
use crate::world::World;

const TOKENS: &str = "_tokens";

/// What a request's token is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Valid; who holds it.
    Valid(String),
    /// None was sent.
    Missing,
    /// Unknown, ended or invalidated.
    Invalid,
}

/// A new token for a holder. It outlives a restart.
pub fn issue(world: &mut World, holder: &str, lifetime_s: i64) -> String {
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let until = world.now().as_second() + lifetime_s;
    world.put(TOKENS, &token, json!({"holder": holder, "until": until}));
    token
}

/// What the request's bearer token is worth.
#[must_use]
pub fn check(world: &World, request: &Request) -> Standing {
    let Some(token) = request.bearer() else { return Standing::Missing };
    let Some(known) = world.get(TOKENS, token) else { return Standing::Invalid };
    if known["until"].as_i64().unwrap_or(0) <= world.now().as_second() {
        return Standing::Invalid;
    }
    Standing::Valid(known["holder"].as_str().unwrap_or_default().to_owned())
}

/// Ends the request's token; whether it was valid until now.
pub fn invalidate(world: &mut World, request: &Request) -> bool {
    let valid = matches!(check(world, request), Standing::Valid(_));
    if let Some(token) = request.bearer().filter(|_| valid) {
        world.remove(TOKENS, token);
    }
    valid
}

//! The metric names of the adapter: one closed list.

/// Requests sent, by system and outcome (`ok` or the fault's class).
pub(crate) const REQUESTS: &str = "throughline_requests_total";
/// Seconds from sending a request to having its answer, by system.
pub(crate) const REQUEST_SECONDS: &str = "throughline_request_seconds";
/// Requests sent again within the stack, by system and class.
pub(crate) const RESENT: &str = "throughline_requests_resent_total";
/// Pauses a system asked for, by system.
pub(crate) const PAUSES: &str = "throughline_system_pauses_total";
/// Access tokens fetched, by system and outcome.
pub(crate) const TOKENS: &str = "throughline_tokens_fetched_total";

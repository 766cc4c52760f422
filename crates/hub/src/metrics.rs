//! The metric names of the hub: one closed list.

/// Events taken in, by way and outcome.
pub(crate) const EVENTS_TAKEN: &str = "throughline_events_taken_total";
/// Capability calls, by system, capability and outcome.
pub(crate) const CAPABILITY_CALLS: &str = "throughline_capability_calls_total";
/// Polls, by system, poll and outcome.
pub(crate) const POLLS: &str = "throughline_polls_total";
/// Group commits of the store, each one sync.
pub(crate) const STORE_COMMITS: &str = "throughline_store_commits_total";
/// Writes in them.
pub(crate) const STORE_WRITES: &str = "throughline_store_writes_total";

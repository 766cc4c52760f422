//! The metric names of the engine: one closed list.

/// Runs started, by flow.
pub(crate) const RUNS_STARTED: &str = "throughline_runs_started_total";
/// Runs ended, by flow and status.
pub(crate) const RUNS_ENDED: &str = "throughline_runs_ended_total";
/// Runs held in memory at this moment.
pub(crate) const RUNS_ACTIVE: &str = "throughline_runs_active";
/// Calls repeated because their outcome was unknown.
pub(crate) const CALLS_REPEATED: &str = "throughline_calls_repeated_total";
/// Events handed to flows and waiting runs.
pub(crate) const EVENTS_DISPATCHED: &str = "throughline_events_dispatched_total";
/// Timers fired.
pub(crate) const TIMERS_FIRED: &str = "throughline_timers_fired_total";

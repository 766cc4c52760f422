//! What one step of the machine may know besides its definition, state and input.

use jiff::Timestamp;
use serde_json::Value;

/// The surroundings of one step. Replaying a step with the same surroundings gives the same result.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The current instant; `now` in expressions.
    pub now: Timestamp,
    /// Source of randomness of this step: jitter.
    pub seed: u64,
    /// The run; `$workflow.id` in expressions.
    pub run_id: &'a str,
    /// When the run was created; `$workflow.startedAt` in expressions.
    pub started_at: Timestamp,
    /// The value of a secret that the definition declares in `use.secrets`.
    pub secrets: &'a dyn Fn(&str) -> Option<Value>,
}

//! Carrying out one call, and looking again while its outcome is unknown.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use throughline_flow::{self as flow, ActivationId};
use throughline_store::Effect;

use crate::host::{CallOutcome, CallRequest};
use crate::inner::Inner;
use crate::metrics;

/// How often a call of unknown outcome is looked at before the run is told that it failed.
const LOOKS_MAX: u32 = 8;
/// Delay before the first look; doubled each time, up to `LOOK_DELAY_MAX`.
const LOOK_DELAY: Duration = Duration::from_millis(200);
/// The longest delay between two looks, unless the system asks for a longer one.
const LOOK_DELAY_MAX: Duration = Duration::from_secs(15);

/// A call that has come back.
pub(super) struct CallEnded {
    pub(super) activation: ActivationId,
    pub(super) result: Result<Value, flow::Error>,
    pub(super) effects: Vec<Effect>,
    /// How often its outcome was unknown.
    pub(super) repeats: u32,
}

/// Carries out one call. `None`: the engine stops while the outcome is unknown; the next start looks.
pub(super) async fn execute(
    engine: Arc<Inner>,
    activation: ActivationId,
    mut call: Arc<CallRequest>,
) -> Option<CallEnded> {
    let mut repeats = 0;
    loop {
        let (reason, retry_after) = match engine.host.call(Arc::clone(&call)).await {
            CallOutcome::Known { result, effects } => {
                return Some(CallEnded { activation, result, effects, repeats });
            }
            CallOutcome::Unknown { reason, retry_after } => (reason, retry_after),
        };
        repeats += 1;
        if repeats > LOOKS_MAX {
            let detail = format!("the outcome stayed unknown after {LOOKS_MAX} looks: {reason}");
            let result = Err(flow::Error::communication(504, detail));
            return Some(CallEnded { activation, result, effects: Vec::new(), repeats });
        }
        ::metrics::counter!(metrics::CALLS_REPEATED).increment(1);
        let doubled = (LOOK_DELAY * 2_u32.pow(repeats - 1)).min(LOOK_DELAY_MAX);
        let delay = doubled.max(retry_after.unwrap_or_default());
        let due = engine.clock.now() + jiff::SignedDuration::try_from(delay).unwrap_or_default();
        tokio::select! {
            biased;
            () = engine.stop.cancelled() => return None,
            () = engine.clock.sleep_until(due) => {}
        }
        if !call.in_doubt {
            call = Arc::new(CallRequest { in_doubt: true, ..CallRequest::clone(&call) });
        }
    }
}

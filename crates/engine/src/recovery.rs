//! Takes up, at start, every run that was under way when the engine last stopped or was killed.

use std::sync::Arc;

use crate::inner::{Chain, Inner};
use crate::run::Signal;

/// Runs read from the store in one go.
const PAGE: usize = 500;
/// Pause after a failure of the store.
const FAILURE_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

pub(crate) async fn recover(engine: Arc<Inner>) {
    let mut after = None;
    let mut taken_up = 0_u64;
    loop {
        let page = match engine.store.open_runs(after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "open runs can't be read; trying again");
                tokio::select! {
                    () = engine.stop.cancelled() => return,
                    () = tokio::time::sleep(FAILURE_PAUSE) => continue,
                }
            }
        };
        let Some(last) = page.last().copied() else { break };
        for run in page {
            // A place is taken and given back here, so that runs are loaded no faster than they leave.
            if engine.place().await.is_none() {
                return;
            }
            engine.wake(run, Signal::Look);
            taken_up += 1;
        }
        after = Some(last);
    }
    if taken_up > 0 {
        tracing::info!(runs = taken_up, "runs under way have been taken up");
    }
}

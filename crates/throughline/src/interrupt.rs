//! Ctrl-C and SIGTERM: the first asks for a graceful stop, a second ends at once.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first signal.
pub(crate) fn token() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals can't be watched")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals can't be watched")?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                tracing::info!("stopping; once more stops at once");
                cancelled.cancel();
            }
        }
        tracing::warn!("stopped at once; what was under way is taken up at the next start");
        std::process::exit(1);
    });
    Ok(stop)
}

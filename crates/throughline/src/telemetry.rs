//! Log lines go to the error output; `THROUGHLINE_LOG` says which.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::arguments::LogFormat;

/// Names what is logged, such as `info` or `throughline_engine=debug`.
const FILTER: &str = "THROUGHLINE_LOG";

pub(crate) fn start(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

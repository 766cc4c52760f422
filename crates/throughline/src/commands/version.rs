//! `throughline version`.

use serde_json::json;

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;

pub(crate) fn run(global: &Global) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    if global.json {
        screen::json(&json!({ "version": version }))
    } else {
        screen::line(&format!("throughline {version}"))
    }
}

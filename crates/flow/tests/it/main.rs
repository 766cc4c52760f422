//! Tests of the crate as its users see it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod conformance;
mod diagnostics;
mod driver;
mod expressions;
mod garbage;
mod gherkin;
mod scenarios;
mod speed;
mod unwinding;

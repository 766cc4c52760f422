//! The main job, end to end: opportunities are won in the CRM, contracts go out and are signed, projects are provisioned.
//!
//! Everything is real but the vendors: the built-in catalog, the whole hub on a store of its own, and the simulators behind TLS.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod provisioning;
mod unwinding;
mod waiting;
mod world;

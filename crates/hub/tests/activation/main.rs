//! The main job, end to end: opportunities are won in the CRM, contracts go out and are signed, projects are provisioned.
//!
//! Everything is real but the vendors: the built-in catalog, the whole hub on a store of its own, and the simulators behind TLS.

mod provisioning;
mod waiting;
mod world;

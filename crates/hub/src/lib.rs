//! The product: what comes in, where it goes, and what the flows may ask for.
//!
//! - [`catalog`] holds what an integrator edits: flows, adapters, routes, policies.
//! - [`config`] holds what an operator sets: the data folder, the address, the systems and their credentials.
//! - [`intake`] is the only way into the event log: the API, webhooks, polls and imports all end there.
//! - `executor` carries out the calls of runs: plain HTTP, capabilities of systems, and the hub's own functions.
//! - `functions` are those own functions: pure domain rules of `throughline-model` with the records around them.
//!
//! Deliberately absent: HTTP serving (the api crate), SQL (the store), and any vendor's name (the adapters).

pub mod catalog;
pub mod config;
mod executor;
mod functions;
mod hub;
pub mod import;
pub mod intake;
mod metrics;
mod poll;
pub mod timeline;
mod webhook;

pub use hub::{Hub, StartError, SystemStatus};
pub use intake::{AcceptError, Incoming, Intake, Problem};
pub use webhook::{WEBHOOK_BYTES_MAX, WebhookReply};

pub use throughline_adapter as adapter;
pub use throughline_engine as engine;
pub use throughline_flow as flow;
pub use throughline_model as model;
pub use throughline_store as store;

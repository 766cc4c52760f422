//! How a system is spoken to: one HTTP stack, driven by what an adapter's `adapter.yaml` says about the vendor.
//!
//! - [`AdapterSpec`] is that file: how to sign in, limits, fault rules, webhooks and polls. It is data; a new vendor needs
//!   no Rust.
//! - [`System`] is one configured instance of an adapter. It signs in, keeps the vendor's limits, and says of every fault
//!   which class it is and whether the effect may have happened all the same.
//! - [`Client`] is the connection pool all systems share; [`Client::send_plain`] serves addresses outside any system.
//! - [`verify`] tells genuine webhook calls from forged ones.
//!
//! Guarantees
//! - Credentials go to the system's own host and to those the adapter names, never elsewhere; redirects are not followed.
//! - Neither faults nor logs hold secrets or bodies.
//! - Every body, wait and number of tries has a limit.
//!
//! Deliberately absent: what a request means (the catalog's functions), whether repeating it is safe (the hub), storage.

mod address;
mod auth;
mod classify;
mod client;
mod direct;
mod fault;
mod message;
mod metrics;
mod plain;
mod secret;
mod spec;
mod system;
mod throttle;
mod webhook;

pub use client::{Client, ClientError, ClientOptions};
pub use fault::{EffectState, Fault, FaultClass};
pub use message::{Accept, Body, Request, Response, ResponseBody};
pub use plain::Authentication;
pub use secret::{Secret, SecretError, SecretRef};
pub use spec::{
    AdapterKind, AdapterSpec, Assertion, AuthSpec, ClientSecretIn, Codes, Encoding, FaultRule, FaultSpec,
    Handshake, HostSpec, InstanceUrl, Limits, LimitsOverride, Pattern, Pointer, PollSpec, Rate, ResetHeader,
    ResetUnit, SigningAlgorithm, SpecError, StatusSet, Template, Throttle, UsageHeader, VerifySpec,
    WebhookSpec,
};
pub use system::{Now, System, SystemConfig, SystemError};
pub use webhook::{VerifyError, verify};

//! Simulators of the vendors' systems, served over TLS on loopback, with state, faults and a ledger.
//!
//! Guarantees
//! - State lives in memory and in a journal under the sandbox's folder. A request's changes are one journal line, written
//!   before the answer leaves, so a killed process loses nothing that was answered; a restart continues with the same
//!   ports, certificate authority and keys.
//! - Requests to one simulator are handled one at a time: a handler sees and leaves a whole world.
//! - Faults are drawn from the seed and the number of the request, and look as the vendor writes them.
//! - The ledger counts what really happened, on this side of the wire: objects, keys held twice, requests, faults.
//!
//! Deliberately absent: any type or code of the hub. The sandbox imitates vendors and does not know who calls it.

pub mod business_central;
mod clock;
mod condition;
mod control;
mod courier;
pub mod docusign;
mod error;
mod exchange;
mod faults;
pub mod firm;
pub mod graph;
pub mod kantata;
mod ledger;
pub mod netsuite;
pub mod oauth;
pub mod salesforce;
mod sandbox;
mod server;
mod simulator;
mod site;
mod tls;
mod world;

pub use clock::Clock;
pub use courier::{Delivery, Outcome};
pub use error::Error;
pub use exchange::{Request, Response};
pub use faults::{Fault, Refusal};
pub use ledger::{CollectionLedger, Ledger, SystemLedger};
pub use sandbox::{Options, Sandbox, SimulatedSystem};
pub use simulator::{Collection, Handshake, Simulator};
pub use world::World;

//! The simulators as a client meets them: over TLS, through restarts, under faults.

mod business_central;
mod client;
mod docusign;
mod exactness;
mod faults;
mod firm;
mod graph;
mod kantata;
mod netsuite;
mod receiver;
mod recordings;
mod salesforce;

//! The simulators as a client meets them: over TLS, through restarts, under faults.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "what was skipped is said where tests are read")]

mod business_central;
mod client;
mod descriptions;
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

//! The hub over HTTP.
//!
//! - One file per resource; each holds its handlers and the shapes they answer with.
//! - Whatever is refused is refused with a problem document (RFC 9457) whose `type` is a page this same address serves.
//! - An answer to a sender comes after what it sent is durable.
//! - What only reads needs the store alone ([`reading`]), so that the command line reads a data folder no hub has open
//!   through the very same routes.
//!
//! Deliberately absent, so far: authentication. The binary therefore listens on loopback unless the configuration says
//! otherwise in so many words.

mod body;
mod counts;
mod docs;
mod events;
mod flows;
mod health;
mod imports;
mod links;
mod openapi;
mod page;
mod params;
mod problem;
mod records;
mod rejected;
mod router;
mod runs;
mod serve;
mod start;
mod systems;
mod tenant;
mod timeline;
mod webhooks;

pub use counts::{Counts, FlowCount, RecordCount};
pub use docs::page as error_page;
pub use events::{BatchAnswer, EventAnswer, EventOutcome, EventResult};
pub use flows::{FlowList, FlowView};
pub use health::{Health, Readiness};
pub use imports::{ImportRemark, ImportView};
pub use links::{LinkList, LinkView};
pub use openapi::document as openapi;
pub use problem::{FieldProblem, Kind, Problem, Refusal};
pub use records::{RecordHistory, RecordList, RecordView};
pub use rejected::{RejectedDetail, RejectedList, RejectedView};
pub use router::{Api, reading, router};
pub use runs::{RunDetail, RunList, RunView, WaitingView};
pub use serve::{Limits, serve};
pub use start::StartedRun;
pub use systems::{SystemList, SystemView};
pub use timeline::{FaultView, StepKind, StepState, StepView};

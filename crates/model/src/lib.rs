//! Canonical nouns and domain rules. Pure: no input or output, no clock, no async.
//!
//! - [`Event`] is the CloudEvents 1.0 envelope that everything comes in with.
//! - [`noun`] holds the records the hub keeps, one file each; [`schema`] makes their JSON Schemas.
//! - [`money`], [`identity`], [`completeness`], [`version`], [`billing`], [`plan`], [`screening`] and [`golden`] are the
//!   rules, as pure functions from facts to facts.
//!
//! Deliberately absent: anything a vendor calls its own, and any opinion on where a record is stored.

pub mod billing;
pub mod completeness;
mod day;
mod decimal;
pub mod decode;
mod event;
pub mod golden;
pub mod identity;
pub mod money;
pub mod noun;
pub mod plan;
pub mod schema;
pub mod screening;
pub mod version;

pub use day::{Day, YEAR_MAX, YEAR_MIN};
pub use decimal::{Amount, Quantity};
pub use decode::decode;
pub use event::{Event, Problem, limits};
pub use identity::{
    BillingScheduleId, ContractId, CustomerId, DocumentReferenceId, MilestoneId, ProjectId, ScheduleLineId,
    WorkPackageId,
};
pub use money::{Currency, Money};
pub use noun::*;

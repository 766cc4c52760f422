//! The records the hub keeps, and the data of the events it takes. Field names in JSON are camelCase; unknown fields are
//! refused with their name.

mod activation;
mod billing_arrangement;
mod billing_schedule;
mod contract;
mod customer;
mod document;
mod event_data;
mod invoice;
mod legal_entity;
mod opportunity;
mod party;
mod project;
mod terms;

pub use activation::Activation;
pub use billing_arrangement::{
    BillingArrangement, Cap, Expenses, FixedFee, Indexation, Installment, ManagedService, Period, Proration,
    RateUnit, Retainer, RoleRate, Rollover, TimeAndMaterials, Trigger,
};
pub use billing_schedule::{BillingSchedule, LineKind, LineTrigger, ScheduleLine};
pub use contract::{Contract, ContractStatus, ContractVersion, VersionKind};
pub use customer::{Customer, CustomerDuplicate, CustomerKey, CustomerSource, SourceRow};
pub use document::DocumentReference;
pub use event_data::{
    Amendment, AmendmentKind, ContractAmended, ContractSigned, FactsSupplied, InvoiceRecorded, TermsPatch,
    VersionRecorded,
};
pub use invoice::Invoice;
pub use legal_entity::LegalEntity;
pub use opportunity::{Opportunity, StageClass};
pub use party::{Address, Identifier, PartyFacts, Source};
pub use project::{Project, WorkPackage, WorkPackageKind};
pub use terms::{ContractTerms, Document, Milestone, PurchaseOrder};

/// An id in another system.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SystemRef {
    /// The system's name.
    pub system: String,
    /// The id it gives.
    pub id: String,
}

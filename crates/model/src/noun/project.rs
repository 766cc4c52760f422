//! A project and its work breakdown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Amount, ContractId, Currency, CustomerId, Day, ProjectId};

/// The project that delivers a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// The contract.
    pub contract_id: ContractId,
    /// Name.
    pub name: String,
    /// The customer.
    pub customer_id: CustomerId,
    /// Code of our legal entity that delivers and bills.
    pub legal_entity: String,
    /// Currency of every amount.
    pub currency: Currency,
    /// What may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Amount>,
    /// First day.
    pub start: Day,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Day>,
    /// The work breakdown; a parent stands before its children.
    pub work_packages: Vec<WorkPackage>,
}

/// A node of the work breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WorkPackage {
    /// Its id; a milestone's is the milestone's.
    #[schemars(regex(pattern = "^(WP|ML)-[0-9A-HJKMNP-TV-Z]{12}$"))]
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is.
    pub kind: WorkPackageKind,
    /// The package it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// When it has to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// What may be spent on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Amount>,
}

/// Kinds of work packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkPackageKind {
    /// Something handed over.
    Deliverable,
    /// Work that is done.
    Task,
    /// A point in time.
    Milestone,
}

//! A contract and its immutable versions.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContractTerms, SystemRef};
use crate::{ContractId, Day};

/// A contract: where it stands now. Its versions are records of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Contract {
    /// Its id.
    pub id: ContractId,
    /// The number people know it by.
    pub number: String,
    /// Where it stands.
    pub status: ContractStatus,
    /// The version in force; 0 while it is a draft.
    pub version: u32,
    /// How many corrections of that version there are.
    #[serde(default)]
    pub corrections: u32,
    /// Hash of the newest version or correction; the draft has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
    /// The opportunity it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity_id: Option<String>,
    /// The terms in force: those of the newest version, corrections applied.
    pub terms: ContractTerms,
}

/// Where a contract stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContractStatus {
    /// Not signed.
    Draft,
    /// Signed.
    Signed,
}

/// A version of a contract. Immutable; each names the hash of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContractVersion {
    /// The contract.
    pub contract_id: ContractId,
    /// The number people know the contract by.
    pub number: String,
    /// Number of the version, from 1. A correction has the number of the version it corrects.
    pub version: u32,
    /// Number of the correction within its version; 0 for the version itself.
    #[serde(default)]
    pub correction: u32,
    /// Whether the deal was made, changed, or its record mended.
    pub kind: VersionKind,
    /// Hash of the version or correction before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_hash: Option<String>,
    /// Hash over everything but this field and `recordedAt`.
    pub hash: String,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
    /// From when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<Day>,
    /// When the hub learned of it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub recorded_at: Timestamp,
    /// The terms, whole.
    pub terms: ContractTerms,
    /// The opportunity it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity_id: Option<String>,
    /// Where it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clm: Option<SystemRef>,
    /// Id of the amendment, as its source gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amendment_id: Option<String>,
    /// Why it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Kinds of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VersionKind {
    /// The first.
    Original,
    /// The deal was changed.
    Amendment,
    /// The record of the deal was mended; the deal is what it was.
    Correction,
}

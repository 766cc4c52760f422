//! The data of the events the hub takes and gives.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ContractTerms, Invoice, SystemRef, VersionKind};
use crate::{ContractId, Day};

/// `throughline.contract.signed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContractSigned {
    /// The contract.
    pub contract_id: ContractId,
    /// The number people know it by.
    #[schemars(length(min = 1, max = 200))]
    pub number: String,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
    /// From when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<Day>,
    /// The terms; absent: those of the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<ContractTerms>,
    /// The opportunity it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity_id: Option<String>,
    /// Where it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clm: Option<SystemRef>,
}

/// `throughline.contract.amended.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContractAmended {
    /// The contract.
    pub contract_id: ContractId,
    /// The number people know it by.
    #[schemars(length(min = 1, max = 200))]
    pub number: String,
    /// What was changed.
    pub amendment: Amendment,
}

/// An amendment of a contract, or a correction of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Amendment {
    /// Id in its source.
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
    /// The version it makes; absent: the next. For a correction: the version it corrects; absent: the one in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
    /// Whether the deal changes or its record.
    #[serde(default)]
    pub kind: AmendmentKind,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
    /// From when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<Day>,
    /// The terms that change; `null` takes a term away.
    pub changes: TermsPatch,
}

/// Kinds of amendments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AmendmentKind {
    /// The deal changes.
    #[default]
    Amendment,
    /// The record is mended.
    Correction,
}

impl AmendmentKind {
    /// The kind of version it makes.
    pub fn version_kind(self) -> VersionKind {
        match self {
            Self::Amendment => VersionKind::Amendment,
            Self::Correction => VersionKind::Correction,
        }
    }
}

/// Some terms of a contract, as a JSON merge patch (RFC 7396) on [`ContractTerms`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermsPatch(pub Map<String, Value>);

impl JsonSchema for TermsPatch {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TermsPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<ContractTerms>()
    }
}

/// `throughline.contract.facts-supplied.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FactsSupplied {
    /// The contract.
    pub contract_id: ContractId,
    /// The terms supplied.
    #[serde(default)]
    pub terms: TermsPatch,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
}

/// `throughline.invoice.recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InvoiceRecorded {
    /// The contract.
    pub contract_id: ContractId,
    /// The invoice.
    pub invoice: Invoice,
}

/// `throughline.contract.version-recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VersionRecorded {
    /// The contract.
    pub contract_id: ContractId,
    /// The version.
    pub version: u32,
    /// Whether the deal was made, changed, or its record mended.
    pub kind: VersionKind,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

//! A contract's activation, measured.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ContractId, Day};

/// A contract whose records every target has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Activation {
    /// The contract.
    pub contract_id: ContractId,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_date: Option<Day>,
    /// When the hub learned of the signature.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When the last target had confirmed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub confirmed_at: Timestamp,
    /// Seconds between the two.
    pub seconds: i64,
}

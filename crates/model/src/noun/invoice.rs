//! An invoice, as the system of record states it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Amount, ContractId, Currency, Day};

/// An invoice of a contract, or a payment a public register shows for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Invoice {
    /// Id in the system it comes from.
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
    /// The contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<ContractId>,
    /// Number on the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Date on the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Day>,
    /// Amount.
    pub amount: Amount,
    /// Currency.
    pub currency: Currency,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Who is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
}

//! The golden record of a customer, and the rows it is built from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Identifier, PartyFacts};
use crate::CustomerId;

/// A customer: one record for all the rows that mean it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Name as registered, as far as the sources know it.
    pub legal_name: String,
    /// Country, two letters of ISO 3166.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Identifiers of all sources, normalised, each once.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The rows that mean this customer.
    #[serde(default)]
    pub sources: Vec<SourceRow>,
}

/// A row of another system that means a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SourceRow {
    /// The system's name.
    pub system: String,
    /// The row's id in it.
    pub id: String,
    /// The name it has there.
    pub name: String,
}

/// One source's facts about a customer; kept whole, so that a merge can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomerSource {
    /// The customer the row means.
    pub customer_id: CustomerId,
    /// What the row says.
    pub party: PartyFacts,
}

/// What identifies a customer: an identifier or a source row, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomerKey {
    /// The customer.
    pub customer_id: CustomerId,
}

/// Two golden records that one row claims to be the same; for a person to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomerDuplicate {
    /// The customer the row was given to.
    pub customer_id: CustomerId,
    /// The other one.
    pub other_id: CustomerId,
    /// The identifier or row that points to the other one.
    pub reason: String,
}

//! A legal entity of the firm's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Currency;

/// The entity that signs and bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LegalEntity {
    /// Short code, used in routes.
    pub code: String,
    /// Registered name.
    pub name: String,
    /// Country, two letters of ISO 3166.
    pub country: String,
    /// Currency of its books.
    pub currency: Currency,
    /// Region it belongs to.
    pub region: String,
}

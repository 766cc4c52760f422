//! A reference to a document that lies in a collaboration store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ContractId, DocumentReferenceId};

/// Where a document of a contract lies, and in which state it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DocumentReference {
    /// Its id.
    pub id: DocumentReferenceId,
    /// The contract it belongs to.
    pub contract_id: ContractId,
    /// Title.
    pub title: String,
    /// Where a person finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The store's id of it.
    pub system_id: String,
    /// The store's mark of its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Hash of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

//! The codes of findings. Each has a page in `docs/errors`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Code of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Code {
    /// The schedule does not sum to the value.
    #[serde(rename = "S0001")]
    ScheduleSum,
    /// The currency is missing or unknown.
    #[serde(rename = "S0002")]
    CurrencyUnknown,
    /// The term ends before it starts, or has no start.
    #[serde(rename = "S0003")]
    TermDates,
    /// A date of the schedule lies outside the term.
    #[serde(rename = "S0004")]
    DateOutsideTerm,
    /// No purchase order.
    #[serde(rename = "S0005")]
    PurchaseOrderMissing,
    /// The purchase orders do not cover the value.
    #[serde(rename = "S0006")]
    PurchaseOrderExhausted,
    /// The payment terms are not those offered, or too long.
    #[serde(rename = "S0007")]
    PaymentTerms,
    /// The signed value is far from the quoted one.
    #[serde(rename = "S0008")]
    QuotedValue,
    /// The currency is not the one quoted.
    #[serde(rename = "S0009")]
    CurrencyMismatch,
    /// No legal entity of ours signs.
    #[serde(rename = "S0010")]
    LegalEntity,
    /// One role has two rates.
    #[serde(rename = "S0011")]
    RateConflict,
    /// A rate is missing or zero.
    #[serde(rename = "S0012")]
    RateMissing,
    /// The value is negative or zero.
    #[serde(rename = "S0013")]
    ValueAbsurd,
    /// The expected work exceeds its cap.
    #[serde(rename = "S0014")]
    EstimateOverCap,
    /// No schedule can be made.
    #[serde(rename = "S0015")]
    NoSchedule,
    /// An identifier of the customer can't be one.
    #[serde(rename = "S0016")]
    IdentifierInvalid,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::ScheduleSum,
        Self::CurrencyUnknown,
        Self::TermDates,
        Self::DateOutsideTerm,
        Self::PurchaseOrderMissing,
        Self::PurchaseOrderExhausted,
        Self::PaymentTerms,
        Self::QuotedValue,
        Self::CurrencyMismatch,
        Self::LegalEntity,
        Self::RateConflict,
        Self::RateMissing,
        Self::ValueAbsurd,
        Self::EstimateOverCap,
        Self::NoSchedule,
        Self::IdentifierInvalid,
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

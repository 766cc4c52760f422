//! What the firm tolerates.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Code, Severity};
use crate::{Amount, Quantity};

/// Thresholds and severities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Policy {
    /// Per cent by which a signed value may differ from the quoted one.
    pub value_tolerance_percent: Quantity,
    /// The longest payment terms that need no second look.
    pub payment_terms_days_max: u16,
    /// Severities other than the usual ones.
    pub severities: BTreeMap<Code, Severity>,
}

impl Default for Policy {
    fn default() -> Self {
        let ten = Quantity::of(Decimal::TEN).unwrap_or_default();
        Self { value_tolerance_percent: ten, payment_terms_days_max: 90, severities: BTreeMap::new() }
    }
}

impl Policy {
    /// By how much an amount may differ from a value.
    pub(super) fn tolerance(&self, value: Amount) -> Decimal {
        let percent = self.value_tolerance_percent.value().clamp(Decimal::ZERO, Decimal::ONE_THOUSAND);
        value.value().abs() * (percent / Decimal::ONE_HUNDRED)
    }

    /// How severe a finding of that code is.
    pub fn severity(&self, code: Code) -> Severity {
        self.severities.get(&code).copied().unwrap_or_else(|| usual(code))
    }
}

fn usual(code: Code) -> Severity {
    match code {
        Code::CurrencyUnknown | Code::TermDates | Code::ValueAbsurd | Code::NoSchedule => Severity::Refuse,
        Code::ScheduleSum
        | Code::PurchaseOrderExhausted
        | Code::PaymentTerms
        | Code::QuotedValue
        | Code::CurrencyMismatch
        | Code::LegalEntity
        | Code::RateConflict
        | Code::RateMissing => Severity::Hold,
        Code::DateOutsideTerm
        | Code::PurchaseOrderMissing
        | Code::EstimateOverCap
        | Code::IdentifierInvalid => Severity::Note,
    }
}

//! How a piece of a contract is billed. All money in it is in the contract's currency.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Amount, Day, Quantity};

/// One of the ways a firm bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "camelCase")]
pub enum BillingArrangement {
    /// Hours times rates.
    TimeAndMaterials(TimeAndMaterials),
    /// An agreed price.
    FixedFee(FixedFee),
    /// A flat fee for a pool of hours in each period.
    Retainer(Retainer),
    /// A recurring fee for a service.
    ManagedService(ManagedService),
    /// Costs passed on.
    Expenses(Expenses),
}

impl BillingArrangement {
    /// Its id within the contract.
    pub fn id(&self) -> &str {
        match self {
            Self::TimeAndMaterials(a) => &a.id,
            Self::FixedFee(a) => &a.id,
            Self::Retainer(a) => &a.id,
            Self::ManagedService(a) => &a.id,
            Self::Expenses(a) => &a.id,
        }
    }

    /// What it is for.
    pub fn description(&self) -> &str {
        match self {
            Self::TimeAndMaterials(a) => &a.description,
            Self::FixedFee(a) => &a.description,
            Self::Retainer(a) => &a.description,
            Self::ManagedService(a) => &a.description,
            Self::Expenses(a) => &a.description,
        }
    }
}

/// Time and materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TimeAndMaterials {
    /// Id within the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Rates by role.
    #[schemars(length(max = 200))]
    pub rates: Vec<RoleRate>,
    /// Hours expected over the whole term, all roles together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_hours: Option<Quantity>,
    /// What may be billed at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
}

/// A role's rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RoleRate {
    /// The role.
    #[schemars(length(min = 1, max = 200))]
    pub role: String,
    /// Money for one unit.
    pub rate: Amount,
    /// The unit.
    #[serde(default)]
    pub unit: RateUnit,
    /// Hours expected of this role over the whole term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_hours: Option<Quantity>,
}

/// What a rate is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RateUnit {
    /// An hour.
    #[default]
    Hour,
}

/// A limit, in money or in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cap {
    /// Money.
    Amount(Amount),
    /// Hours.
    Hours(Quantity),
}

/// A fixed price, billed in instalments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FixedFee {
    /// Id within the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// The price.
    pub price: Amount,
    /// What makes an instalment due.
    pub trigger: Trigger,
    /// The instalments; none: one, or one for each milestone where acceptance is the trigger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub installments: Vec<Installment>,
}

/// What makes an instalment due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// Its date.
    Date,
    /// The customer's acceptance of a milestone.
    Acceptance,
    /// The share of the work that is done.
    PercentComplete,
}

/// A part of a fixed price. Without share and amount it takes an equal part of what the others leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Installment {
    /// What it is for.
    pub description: String,
    /// When it is due, or expected to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Day>,
    /// Fraction of the price, between 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Quantity>,
    /// Amount; goes before the share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Milestone of the contract whose acceptance makes it due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<String>,
}

/// A retainer: the fee is invoiced even when the hours are not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Retainer {
    /// Id within the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Fee of one period.
    pub fee: Amount,
    /// The period.
    pub period: Period,
    /// Hours the fee covers in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_hours: Option<Quantity>,
    /// What becomes of unused hours.
    #[serde(default)]
    pub rollover: Rollover,
    /// Rate for hours beyond the quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overage_rate: Option<Amount>,
}

/// A period of billing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Period {
    /// One month.
    Month,
    /// Three months.
    Quarter,
}

impl Period {
    /// How many months it has.
    pub fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
        }
    }
}

/// What becomes of a retainer's unused hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Rollover {
    /// They lapse.
    #[default]
    Forfeit,
    /// They are carried into the next period.
    Carry,
    /// Their worth is credited.
    Credit,
}

/// A service with a recurring fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedService {
    /// Id within the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Fee of a whole period.
    pub fee: Amount,
    /// The period; periods follow the calendar.
    pub period: Period,
    /// How days are counted in a part of a period.
    #[serde(default)]
    pub proration: Proration,
    /// Changes of the fee, each on top of the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub indexation: Vec<Indexation>,
}

/// How days are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Proration {
    /// Days there are, over days the period has.
    #[default]
    Actual,
    /// Every month has 30 days.
    Thirty360,
}

/// A change of a fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Indexation {
    /// From this day on.
    pub date: Day,
    /// By so many per cent.
    pub percent: Quantity,
}

/// Costs passed on. They are billed as they occur and have no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expenses {
    /// Id within the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// What it is for.
    pub description: String,
    /// What a cost is multiplied with: 0.75 is a discount, 1.25 a markup.
    pub multiplier: Quantity,
    /// What may be billed at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Amount>,
}

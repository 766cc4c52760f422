//! What a contract will bill, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Amount, BillingScheduleId, ContractId, Currency, Day, MilestoneId, ScheduleLineId};

/// The schedule of one contract version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BillingSchedule {
    /// Its id; the same for all versions of the contract.
    pub id: BillingScheduleId,
    /// The contract.
    pub contract_id: ContractId,
    /// The contract version it was made from.
    pub version: u32,
    /// Currency of every amount.
    pub currency: Currency,
    /// Sum of the lines; absent when the contract has no end, because then the lines are only the first of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    /// The lines, by date.
    pub lines: Vec<ScheduleLine>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScheduleLine {
    /// Its id; stays the same when other lines come and go.
    pub id: ScheduleLineId,
    /// Place in the schedule, from 1.
    pub number: u32,
    /// Billing arrangement it comes from.
    pub arrangement: String,
    /// What kind of line it is.
    pub kind: LineKind,
    /// When it is, or is expected to be, billed.
    pub date: Day,
    /// First day it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_start: Option<Day>,
    /// Last day it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_end: Option<Day>,
    /// How much.
    pub amount: Amount,
    /// What for.
    pub description: String,
    /// The milestone it depends on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<MilestoneId>,
    /// What makes it due.
    pub trigger: LineTrigger,
}

/// Kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineKind {
    /// Due at a date.
    Date,
    /// Due with a milestone or with progress.
    Milestone,
    /// The fee of a period.
    Recurring,
    /// Expected work; what is billed is the work recorded.
    Estimate,
}

/// What makes a line due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineTrigger {
    /// Its date.
    Date,
    /// Acceptance of its milestone.
    Acceptance,
    /// Progress.
    PercentComplete,
    /// Recorded work.
    Work,
}

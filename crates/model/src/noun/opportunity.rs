//! An opportunity, as it stood at a change of stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BillingArrangement, ContractTerms, Milestone, PartyFacts, PurchaseOrder};
use crate::{Amount, Currency, Day};

/// A possible sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Opportunity {
    /// Id in its source.
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
    /// System it comes from.
    #[schemars(length(min = 1, max = 100))]
    pub source: String,
    /// Name.
    pub name: String,
    /// Stage, in the source's words.
    pub stage: String,
    /// What the stage means.
    pub stage_class: StageClass,
    /// Who might buy.
    pub account: PartyFacts,
    /// Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Code of our legal entity that would sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_entity: Option<String>,
    /// Service line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_line: Option<String>,
    /// Currency of every amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Expected or agreed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// When it closed, or is expected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_date: Option<Day>,
    /// First day of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Day>,
    /// Last day of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Day>,
    /// Days from invoice to payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 3650))]
    pub payment_terms_days: Option<u16>,
    /// The customer's purchase order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// How it would be billed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub billing: Vec<BillingArrangement>,
    /// Milestones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub milestones: Vec<Milestone>,
}

/// What a stage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StageClass {
    /// Undecided.
    Open,
    /// Sold.
    Won,
    /// Not sold.
    Lost,
}

impl Opportunity {
    /// The terms a contract made from it would have.
    pub fn terms(&self) -> ContractTerms {
        let order = self.purchase_order.iter().filter(|n| !n.trim().is_empty());
        ContractTerms {
            title: Some(self.name.clone()),
            customer: Some(self.account.clone()),
            legal_entity: self.legal_entity.clone(),
            region: self.region.clone(),
            service_line: self.service_line.clone(),
            currency: self.currency,
            value: self.amount,
            start: self.start,
            end: self.end,
            payment_terms_days: self.payment_terms_days,
            purchase_orders: order.map(|n| PurchaseOrder { number: n.clone(), cap: None }).collect(),
            rate_card: None,
            billing: self.billing.clone(),
            milestones: self.milestones.clone(),
            documents: Vec::new(),
        }
    }
}

//! `contract.screen`: the model's screening with our legal entities around it.

use serde::Deserialize;
use serde_json::Value;
use throughline_model::screening::{self, Policy, Quote, Subject};
use throughline_model::{ContractId, ContractSigned, Day, LegalEntity, Opportunity, Problem, version};

use super::super::call::{Answer, Answered, Call, arguments};
use super::super::legal_entity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Screen {
    terms: Value,
    #[serde(default)]
    opportunity: Option<Opportunity>,
    #[serde(default)]
    legal_entity: Option<LegalEntity>,
    #[serde(default)]
    contract_id: Option<ContractId>,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    signed_date: Option<Day>,
}

/// Screens terms; without a legal entity in the arguments, the one that would sign is looked up.
pub(crate) fn screen(call: &Call<'_>, with: &Value) -> Answered {
    let asked: Screen = arguments(with)?;
    let inside = |p: Problem| Problem::new(format!("/terms{}", p.field), p.reason);
    let (terms, unknown_currency) = screening::read_terms(&asked.terms).map_err(inside)?;
    let entity = match asked.legal_entity {
        Some(entity) => Some(entity),
        None => legal_entity::of_terms(call, &terms)?,
    };
    let signed = ContractSigned {
        contract_id: asked.contract_id.unwrap_or_else(|| ContractId::of(&["screening"])),
        number: asked.number.unwrap_or_default(),
        signed_date: asked.signed_date,
        effective_date: None,
        terms: None,
        opportunity_id: asked.opportunity.as_ref().map(|o| o.id.clone()),
        clm: None,
    };
    let contract = version::original(&signed, terms, call.now);
    let quote = asked.opportunity.map(|o| Quote {
        value: o.amount,
        currency: o.currency,
        payment_terms_days: o.payment_terms_days,
        start: o.start,
    });
    let policy = Policy::default();
    let screening =
        screening::screen(&Subject { contract: &contract, entity: entity.as_ref(), quote }, &policy);
    Ok(Answer::of(match unknown_currency {
        Some(finding) => screening::with_finding(screening, finding, &policy),
        None => screening,
    }))
}

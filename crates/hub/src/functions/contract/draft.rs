//! `contract.draft`: the contract a won opportunity would become.

use serde::Deserialize;
use serde_json::{Value, json};
use throughline_model::{
    Contract, ContractId, ContractStatus, ContractTerms, Customer, LegalEntity, Opportunity, TermsPatch,
    version,
};

use super::super::call::{Answer, Answered, Call, Refusal, arguments, json};
use super::chain::Standing;

/// Characters of the id that the contract's number takes over.
const NUMBER_CHARS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Draft {
    opportunity: Opportunity,
    #[serde(default)]
    customer: Option<Customer>,
    #[serde(default)]
    legal_entity: Option<LegalEntity>,
    /// Terms that a person has supplied since.
    #[serde(default)]
    supplied: Option<TermsPatch>,
}

/// Drafts the contract anew from the opportunity; one that is signed is left alone.
pub(crate) async fn draft(call: &Call<'_>, with: &Value) -> Answered {
    let asked: Draft = arguments(with)?;
    let opportunity = &asked.opportunity;
    let id = ContractId::of(&["contract", &opportunity.source, &opportunity.id]);
    let mut standing = Standing::of(call, &id).await?;
    if let Some(signed) = standing.contract.as_ref().filter(|c| c.status == ContractStatus::Signed) {
        return Ok(answer(signed));
    }
    let contract = Contract {
        number: number(opportunity, &id),
        id,
        status: ContractStatus::Draft,
        version: 0,
        corrections: 0,
        head: None,
        signed_date: None,
        opportunity_id: Some(opportunity.id.clone()),
        terms: terms(&asked)?,
    };
    let mut answer = answer(&contract);
    if standing.contract.as_ref() != Some(&contract) {
        answer = answer.with(standing.contract_row(call, &contract));
        standing.answered_with(call, &answer.effects);
    }
    Ok(answer)
}

/// The opportunity's terms, with what resolving it has brought and a person has supplied.
fn terms(asked: &Draft) -> Result<ContractTerms, Refusal> {
    let mut terms = asked.opportunity.terms();
    if let Some(entity) = &asked.legal_entity {
        terms.legal_entity.get_or_insert_with(|| entity.code.clone());
        terms.region.get_or_insert_with(|| entity.region.clone());
    }
    if let (Some(facts), Some(golden)) = (&mut terms.customer, &asked.customer) {
        facts.name.get_or_insert_with(|| golden.legal_name.clone());
        facts.country = facts.country.take().or_else(|| golden.country.clone());
    }
    match &asked.supplied {
        Some(patch) => Ok(version::patched(&terms, patch)?),
        None => Ok(terms),
    }
}

/// A number that people can read out: the year the deal closed and a part of the id.
fn number(opportunity: &Opportunity, id: &ContractId) -> String {
    let digits: String = id.as_str().chars().skip(3).take(NUMBER_CHARS).collect();
    match opportunity.close_date.or(opportunity.start) {
        Some(day) => format!("{}-{digits}", day.date().year()),
        None => digits,
    }
}

fn answer(contract: &Contract) -> Answer {
    Answer::of(json!({
        "contractId": contract.id,
        "number": contract.number,
        "status": contract.status,
        "terms": json(&contract.terms),
    }))
}

//! `contract.record` and `contract.supply`: a signature, and the facts it lacked.

use serde_json::{Value, json};
use throughline_flow as flow;
use throughline_model::version::{self, Verdict};
use throughline_model::{ContractSigned, ContractVersion, FactsSupplied, completeness};

use super::super::call::{Answer, Answered, Call, Refusal, arguments, json};
use super::super::legal_entity;
use super::chain::Standing;

/// Records a signature: the contract's first version, or what is known already.
pub(crate) async fn record(call: &Call<'_>, with: &Value) -> Answered {
    let signed: ContractSigned = arguments(with)?;
    let mut standing = Standing::of(call, &signed.contract_id).await?;
    let mut signed = signed;
    if let Some(draft) = &standing.contract {
        // A signature from the CLM knows the envelope, not the opportunity behind it.
        signed.opportunity_id = signed.opportunity_id.or_else(|| draft.opportunity_id.clone());
    }
    let draft = standing.contract.as_ref().map(|c| &c.terms);
    match version::sign(&standing.chain, &signed, draft, call.now) {
        Verdict::New(link) => recorded(call, &mut standing, &link),
        Verdict::Same => standing_answer(call, &standing, "same", None),
        Verdict::Conflict(reason) | Verdict::Gap(reason) => {
            standing_answer(call, &standing, "conflict", Some(&reason))
        }
    }
}

/// Completes a signed contract.
pub(crate) async fn supply(call: &Call<'_>, with: &Value) -> Answered {
    let facts: FactsSupplied = arguments(with)?;
    let mut standing = Standing::of(call, &facts.contract_id).await?;
    match version::supply(&standing.chain, &facts, call.now)? {
        Verdict::New(link) => recorded(call, &mut standing, &link),
        Verdict::Same => standing_answer(call, &standing, "same", None),
        Verdict::Conflict(reason) | Verdict::Gap(reason) => Err(flow::Error::validation(reason).into()),
    }
}

fn recorded(call: &Call<'_>, standing: &mut Standing, link: &ContractVersion) -> Answered {
    let mut answer = describe(call, "recorded", link, None)?;
    answer.effects = standing.add(call, link);
    Ok(answer)
}

fn standing_answer(call: &Call<'_>, standing: &Standing, status: &str, reason: Option<&str>) -> Answered {
    let head = standing
        .head()
        .ok_or_else(|| Refusal::from(flow::Error::runtime(500, "the contract has no version")))?;
    describe(call, status, head, reason)
}

fn describe(call: &Call<'_>, status: &str, link: &ContractVersion, reason: Option<&str>) -> Answered {
    let entity = legal_entity::of_terms(call, &link.terms)?;
    let missing = completeness::missing(&link.terms, link.signed_date, entity.as_ref());
    let mut value = json!({ "status": status, "contract": json(link), "legalEntity": json(&entity), "missing": json(&missing) });
    if let Some(reason) = reason {
        value["reason"] = json!(reason);
    }
    Ok(Answer::of(value))
}

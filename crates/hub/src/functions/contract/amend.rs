//! `contract.amend`: an amendment or a correction against what is recorded (A2).

use serde_json::{Value, json};
use throughline_model::version::{self, Verdict};
use throughline_model::{ContractAmended, ContractVersion};

use super::super::call::{Answer, Answered, Call, arguments, json};
use super::chain::Standing;

/// Records the next version, or says why not.
pub(crate) async fn amend(call: &Call<'_>, with: &Value) -> Answered {
    let amended: ContractAmended = arguments(with)?;
    let mut standing = Standing::of(call, &amended.contract_id).await?;
    if standing.chain.is_empty() {
        let reason = "the contract itself is not known yet";
        return Ok(Answer::of(json!({ "status": "unknown-contract", "reason": reason })));
    }
    let made = |link: &&ContractVersion| link.amendment_id.as_deref() == Some(&amended.amendment.id);
    Ok(match version::amend(&standing.chain, &amended, call.now)? {
        Verdict::New(link) => {
            let mut answer = Answer::of(json!({ "status": "recorded", "version": json(&*link) }));
            answer.effects = standing.add(call, &link);
            answer
        }
        Verdict::Same => {
            let stored = standing.chain.iter().find(made).or(standing.head());
            Answer::of(json!({ "status": "same", "version": json(&stored) }))
        }
        Verdict::Conflict(reason) => Answer::of(json!({ "status": "conflict", "reason": reason })),
        Verdict::Gap(reason) => Answer::of(json!({ "status": "gap", "reason": reason })),
    })
}

//! Who signs on our side, and whom the customer's identifiers name.

use super::{Code, Finding, Subject};
use crate::golden;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let terms = &subject.contract.terms;
    match (subject.entity, &terms.legal_entity) {
        (None, Some(code)) => {
            let finding =
                Finding::new(Code::LegalEntity, "legalEntity", "no legal entity of ours has this code");
            findings.push(
                finding.comparing("a code of legal-entities.yaml", code).risking(terms.value, terms.currency),
            );
        }
        (None, None) => {
            let message = "no legal entity of ours is named, and no rule picks one";
            let finding = Finding::new(Code::LegalEntity, "legalEntity", message);
            findings.push(finding.risking(terms.value, terms.currency));
        }
        (Some(entity), Some(code)) if entity.code != *code => {
            let finding =
                Finding::new(Code::LegalEntity, "legalEntity", "another legal entity of ours would sign");
            findings.push(finding.comparing(code, &entity.code).risking(terms.value, terms.currency));
        }
        _ => {}
    }
    for identifier in terms.customer.iter().flat_map(|c| &c.identifiers) {
        if let Err(invalid) = golden::normalised(identifier) {
            let field = format!("customer.identifiers.{}", invalid.scheme);
            findings.push(Finding::new(Code::IdentifierInvalid, field, invalid.to_string()));
        }
    }
}

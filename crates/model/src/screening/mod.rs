//! Screening: the checks that stop disputes, as far as they can be made before a contract is activated.
//!
//! Pure: terms and what surrounds them in, findings out. Each finding has a code with a page in `docs/errors`, the two
//! values compared and the amount at risk. How severe a finding is, the policy says.

mod code;
mod entity;
mod orders;
mod policy;
mod quote;
mod rates;
mod schedule;
mod term;

pub use code::Code;
pub use policy::Policy;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Amount, ContractTerms, ContractVersion, Currency, Day, LegalEntity, Money, Problem, decode};

/// What is screened.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The contract as it would be, or is, signed.
    pub contract: &'a ContractVersion,
    /// Our legal entity that signs, when one was found.
    pub entity: Option<&'a LegalEntity>,
    /// What was offered.
    pub quote: Option<Quote>,
}

/// What was offered to the customer before.
#[derive(Debug, Clone, Default)]
pub struct Quote {
    /// Value.
    pub value: Option<Amount>,
    /// Currency.
    pub currency: Option<Currency>,
    /// Days from invoice to payment.
    pub payment_terms_days: Option<u16>,
    /// First day.
    pub start: Option<Day>,
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A person has to decide.
    Hold,
    /// The contract can't be taken as it is.
    Refuse,
}

/// What the findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing stands against it.
    Pass,
    /// A person has to decide.
    Hold,
    /// It can't be taken as it is.
    Refuse,
}

/// Something that would lead to a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its code.
    pub code: Code,
    /// How severe it is.
    pub severity: Severity,
    /// The field it is about.
    pub field: String,
    /// In words.
    pub message: String,
    /// The value expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The value found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Money that may be lost or disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_at_risk: Option<Money>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Screening {
    /// What the findings come to.
    pub verdict: Verdict,
    /// The findings, most severe first.
    pub findings: Vec<Finding>,
}

/// Screens a contract.
pub fn screen(subject: &Subject<'_>, policy: &Policy) -> Screening {
    let mut findings = Vec::new();
    term::check(subject, &mut findings);
    schedule::check(subject, policy, &mut findings);
    orders::check(subject, &mut findings);
    quote::check(subject, policy, &mut findings);
    rates::check(subject, &mut findings);
    entity::check(subject, &mut findings);
    concluded(findings, policy)
}

/// Terms from JSON, so that an unknown currency is a finding and not a failure.
///
/// # Errors
/// Any other field that does not fit.
pub fn read_terms(value: &Value) -> Result<(ContractTerms, Option<Finding>), Problem> {
    let stated = value.get("currency").and_then(Value::as_str);
    let Some(unknown) = stated.filter(|c| c.parse::<Currency>().is_err()) else {
        return Ok((decode(value)?, None));
    };
    let mut rest = value.clone();
    rest.as_object_mut().map(|fields| fields.shift_remove("currency"));
    let finding = Finding::new(Code::CurrencyUnknown, "currency", "no currency of ISO 4217 one can pay in")
        .comparing("a code the like of EUR", unknown.chars().take(12).collect::<String>());
    Ok((decode(&rest)?, Some(finding)))
}

/// The same outcome with one more finding.
#[must_use]
pub fn with_finding(screening: Screening, finding: Finding, policy: &Policy) -> Screening {
    let mut findings = screening.findings;
    findings.retain(|f| f.code != finding.code);
    findings.push(finding);
    concluded(findings, policy)
}

fn concluded(mut findings: Vec<Finding>, policy: &Policy) -> Screening {
    for finding in &mut findings {
        finding.severity = policy.severity(finding.code);
    }
    findings.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.code));
    let verdict = match findings.iter().map(|f| f.severity).max() {
        Some(Severity::Refuse) => Verdict::Refuse,
        Some(Severity::Hold) => Verdict::Hold,
        Some(Severity::Note) | None => Verdict::Pass,
    };
    Screening { verdict, findings }
}

impl Finding {
    fn new(code: Code, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Note,
            field: field.into(),
            message: message.into(),
            expected: None,
            found: None,
            amount_at_risk: None,
        }
    }

    fn comparing(mut self, expected: impl ToString, found: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self.found = Some(found.to_string());
        self
    }

    fn risking(mut self, amount: Option<Amount>, currency: Option<Currency>) -> Self {
        self.amount_at_risk = amount.zip(currency).map(|(amount, currency)| Money { amount, currency });
        self
    }
}

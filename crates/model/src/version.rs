//! Contract versions: a chain in which each version names the hash of the one before.
//!
//! A1: a version never changes. A2: the same version again is nothing new, another content under the same number is a
//! conflict, a number that skips one is a gap. A6: a correction mends the record of a version and is kept apart from an
//! amendment, which changes the deal; it stands in the chain but takes no version number.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    AmendmentKind, ContractAmended, ContractSigned, ContractTerms, ContractVersion, FactsSupplied, Problem,
    TermsPatch, VersionKind, decode,
};

/// What a new statement about a contract means to its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next link.
    New(Box<ContractVersion>),
    /// It is in the chain already.
    Same,
    /// The chain says otherwise.
    Conflict(String),
    /// Something that comes before it is not known yet.
    Gap(String),
}

/// The first version, as a signature states it.
pub fn original(signed: &ContractSigned, terms: ContractTerms, recorded_at: Timestamp) -> ContractVersion {
    sealed(ContractVersion {
        contract_id: signed.contract_id.clone(),
        number: signed.number.clone(),
        version: 1,
        correction: 0,
        kind: VersionKind::Original,
        parent_hash: None,
        hash: String::new(),
        signed_date: signed.signed_date,
        effective_date: signed.effective_date.or(terms.start).or(signed.signed_date),
        recorded_at,
        terms,
        opportunity_id: signed.opportunity_id.clone(),
        clm: signed.clm.clone(),
        amendment_id: None,
        reason: None,
    })
}

/// Holds a signature against the chain; `draft` are the terms for a signature that states none.
pub fn sign(
    chain: &[ContractVersion],
    signed: &ContractSigned,
    draft: Option<&ContractTerms>,
    recorded_at: Timestamp,
) -> Verdict {
    let first = chain.first();
    let stated = signed.terms.as_ref().or(first.map(|f| &f.terms)).or(draft);
    let candidate = original(signed, stated.cloned().unwrap_or_default(), recorded_at);
    match first {
        None => Verdict::New(Box::new(candidate)),
        Some(first) if first.hash == candidate.hash => Verdict::Same,
        Some(first) => Verdict::Conflict(format!(
            "version 1 is recorded with other content: {}",
            differences(first, &candidate).join(", ")
        )),
    }
}

/// Holds an amendment or a correction against the chain.
///
/// # Errors
/// When the changes do not give terms.
pub fn amend(
    chain: &[ContractVersion],
    amended: &ContractAmended,
    recorded_at: Timestamp,
) -> Result<Verdict, Problem> {
    let amendment = &amended.amendment;
    let make = |before: &ContractVersion, version, correction| -> Result<ContractVersion, Problem> {
        Ok(sealed(ContractVersion {
            contract_id: before.contract_id.clone(),
            number: before.number.clone(),
            version,
            correction,
            kind: amendment.kind.version_kind(),
            parent_hash: Some(before.hash.clone()),
            hash: String::new(),
            signed_date: amendment.signed_date.or(before.signed_date),
            effective_date: amendment.effective_date.or(amendment.signed_date).or(before.effective_date),
            recorded_at,
            terms: patched(&before.terms, &amendment.changes)?,
            opportunity_id: before.opportunity_id.clone(),
            clm: before.clm.clone(),
            amendment_id: Some(amendment.id.clone()),
            reason: amendment.reason.clone(),
        }))
    };
    if let Some(at) = chain.iter().position(|v| v.amendment_id.as_deref() == Some(&amendment.id)) {
        return again(chain, at, amendment.kind, amendment.version, make);
    }
    let Some(head) = chain.last() else {
        return Ok(Verdict::Gap("the contract's first version is not known yet".to_owned()));
    };
    match amendment.kind {
        AmendmentKind::Amendment => match amendment.version.unwrap_or(head.version + 1) {
            wanted if wanted <= head.version => Ok(Verdict::Conflict(taken(chain, wanted))),
            wanted if wanted > head.version + 1 => Ok(Verdict::Gap(format!(
                "version {wanted} follows version {}, which is not known yet; version {} is the newest",
                wanted - 1,
                head.version
            ))),
            wanted => Ok(Verdict::New(Box::new(make(head, wanted, 0)?))),
        },
        AmendmentKind::Correction => match amendment.version.unwrap_or(head.version) {
            target if target > head.version => Ok(Verdict::Gap(format!(
                "it corrects version {target}, which is not known yet; version {} is the newest",
                head.version
            ))),
            target if target < head.version => Ok(Verdict::Conflict(format!(
                "it corrects version {target}, but version {} is in force; correct that one",
                head.version
            ))),
            target => Ok(Verdict::New(Box::new(make(head, target, head.correction + 1)?))),
        },
    }
}

/// An amendment whose id is in the chain: made once more, it must come out the same.
fn again(
    chain: &[ContractVersion],
    at: usize,
    kind: AmendmentKind,
    version: Option<u32>,
    make: impl Fn(&ContractVersion, u32, u32) -> Result<ContractVersion, Problem>,
) -> Result<Verdict, Problem> {
    let stored = &chain[at];
    let Some(before) = at.checked_sub(1).map(|i| &chain[i]) else { return Ok(Verdict::Same) };
    let candidate = make(before, stored.version, stored.correction)?;
    if stored.kind != kind.version_kind() || version.is_some_and(|v| v != stored.version) {
        return Ok(Verdict::Conflict(format!(
            "this amendment is recorded as {:?} {}",
            stored.kind, stored.version
        )));
    }
    if candidate.hash == stored.hash {
        return Ok(Verdict::Same);
    }
    let differences = differences(stored, &candidate).join(", ");
    Ok(Verdict::Conflict(format!("this amendment is recorded with other content: {differences}")))
}

fn taken(chain: &[ContractVersion], version: u32) -> String {
    let made = chain.iter().find(|v| v.version == version && v.correction == 0);
    let by = made.and_then(|v| v.amendment_id.as_deref()).map(|id| format!(" by amendment {id:?}"));
    format!("version {version} is recorded{}", by.unwrap_or_default())
}

/// Completes a signed contract with facts its source lacked: a correction of the record, not of the deal.
///
/// # Errors
/// When the facts do not give terms.
pub fn supply(
    chain: &[ContractVersion],
    facts: &FactsSupplied,
    recorded_at: Timestamp,
) -> Result<Verdict, Problem> {
    let Some(head) = chain.last() else {
        return Ok(Verdict::Gap("the contract's first version is not known yet".to_owned()));
    };
    let terms = patched(&head.terms, &facts.terms)?;
    let signed_date = facts.signed_date.or(head.signed_date);
    if terms == head.terms && signed_date == head.signed_date {
        return Ok(Verdict::Same);
    }
    Ok(Verdict::New(Box::new(sealed(ContractVersion {
        correction: head.correction + 1,
        kind: VersionKind::Correction,
        parent_hash: Some(head.hash.clone()),
        hash: String::new(),
        signed_date,
        effective_date: head.effective_date.or(terms.start).or(signed_date),
        recorded_at,
        terms,
        amendment_id: None,
        reason: Some("facts supplied".to_owned()),
        ..head.clone()
    }))))
}

/// Terms after a JSON merge patch.
///
/// # Errors
/// When the result is not terms.
pub fn patched(terms: &ContractTerms, patch: &TermsPatch) -> Result<ContractTerms, Problem> {
    let mut value = plain(terms);
    merge(&mut value, &patch.0);
    decode(&value).map_err(|p| Problem::new(format!("/changes{}", p.field), p.reason))
}

fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in patch {
        match change {
            Value::Null => drop(fields.shift_remove(name)),
            Value::Object(inner) => merge(fields.entry(name.clone()).or_insert(Value::Null), inner),
            other => drop(fields.insert(name.clone(), other.clone())),
        }
    }
}

fn plain<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("a record is plain JSON data")
}

/// Hash of a version: over everything but the hash itself and the moment it was recorded, keys in order.
pub fn hash(version: &ContractVersion) -> String {
    let mut value = plain(version);
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("hash");
        fields.shift_remove("recordedAt");
    }
    value.sort_all_objects();
    Sha256::digest(value.to_string().as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn sealed(mut version: ContractVersion) -> ContractVersion {
    version.hash = hash(&version);
    version
}

/// Names of the fields in which two versions differ, terms field by field.
fn differences(a: &ContractVersion, b: &ContractVersion) -> Vec<String> {
    let (a, b) = (plain(a), plain(b));
    let mut names = differing(&a, &b);
    names.retain(|n| n != "hash" && n != "recordedAt" && n != "parentHash");
    if let Some(at) = names.iter().position(|n| n == "terms") {
        let terms = differing(&a["terms"], &b["terms"]);
        names.splice(at..=at, terms.into_iter().map(|n| format!("terms.{n}")));
    }
    names
}

fn differing(a: &Value, b: &Value) -> Vec<String> {
    let keys = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut names = keys(a);
    names.extend(keys(b));
    names.sort();
    names.dedup();
    names.retain(|n| a.get(n) != b.get(n));
    names
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A version's content is not what its hash says.
    #[error("version {0}.{1} has been altered: its hash does not fit its content")]
    Altered(u32, u32),
    /// A version does not follow the one before.
    #[error("version {0}.{1} does not follow the one before")]
    Unlinked(u32, u32),
}

/// Verifies a chain.
///
/// # Errors
/// The first version that is wrong.
pub fn verify(chain: &[ContractVersion]) -> Result<(), Broken> {
    let mut before: Option<&ContractVersion> = None;
    for link in chain {
        if hash(link) != link.hash {
            return Err(Broken::Altered(link.version, link.correction));
        }
        let next = match before {
            None => (1, 0),
            Some(b) if link.correction > 0 => (b.version, b.correction + 1),
            Some(b) => (b.version + 1, 0),
        };
        if (link.version, link.correction) != next || link.parent_hash.as_ref() != before.map(|b| &b.hash) {
            return Err(Broken::Unlinked(link.version, link.correction));
        }
        before = Some(link);
    }
    Ok(())
}

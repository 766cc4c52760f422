//! Canonical ids: a prefix and twelve characters of Crockford's base 32, from the hash of what identifies the thing.
//!
//! An id depends on nothing but its parts, so two runs that meet the same thing at the same time name it alike. Fifteen
//! characters fit every number field of the systems we know.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters after the prefix: 60 bits.
const DIGITS: usize = 12;
/// Stands between the parts; no part of ours holds it.
const SEPARATOR: u8 = 0x1f;

/// What an id is the id of. Not meant to be implemented elsewhere.
pub trait Kind {
    /// The two letters in front.
    const PREFIX: &'static str;
    /// Name of the id in schemas.
    const NAME: &'static str;
}

/// An id of one kind.
pub struct Id<K> {
    text: String,
    kind: std::marker::PhantomData<fn() -> K>,
}

/// Text that is no id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is no {name}; expected {prefix}- and {DIGITS} characters of 0-9 and A-Z without I, L, O and U"
)]
pub struct NotAnId {
    found: String,
    name: &'static str,
    prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// The id of the thing that these parts identify.
    pub fn of(parts: &[&str]) -> Self {
        let text = format!("{}-{}", K::PREFIX, digits(parts));
        Self { text, kind: std::marker::PhantomData }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn digits(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            hash.update([SEPARATOR]);
        }
        hash.update(part.as_bytes());
    }
    let hash = hash.finalize();
    let bits = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (1..=DIGITS).map(|i| char::from(ALPHABET[(bits >> (64 - 5 * i) & 31) as usize])).collect()
}

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix(K::PREFIX).and_then(|r| r.strip_prefix('-'));
        if rest.is_some_and(|r| r.len() == DIGITS && r.bytes().all(|b| ALPHABET.contains(&b))) {
            Ok(Self { text: text.to_owned(), kind: std::marker::PhantomData })
        } else {
            Err(NotAnId { found: text.chars().take(40).collect(), name: K::NAME, prefix: K::PREFIX })
        }
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: std::marker::PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        K::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!("^{}-[0-9A-HJKMNP-TV-Z]{{{DIGITS}}}$", K::PREFIX);
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

/// Kinds of ids.
pub mod kind {
    use super::Kind;

    /// A contract.
    pub enum Contract {}
    /// A customer.
    pub enum Customer {}
    /// A project.
    pub enum Project {}
    /// A billing schedule.
    pub enum BillingSchedule {}
    /// A line of a billing schedule.
    pub enum ScheduleLine {}
    /// A package of work.
    pub enum WorkPackage {}
    /// A milestone.
    pub enum Milestone {}
    /// A reference to a document.
    pub enum DocumentReference {}

    impl Kind for Contract {
        const PREFIX: &'static str = "CT";
        const NAME: &'static str = "contract id";
    }
    impl Kind for Customer {
        const PREFIX: &'static str = "CU";
        const NAME: &'static str = "customer id";
    }
    impl Kind for Project {
        const PREFIX: &'static str = "PJ";
        const NAME: &'static str = "project id";
    }
    impl Kind for BillingSchedule {
        const PREFIX: &'static str = "BS";
        const NAME: &'static str = "billing schedule id";
    }
    impl Kind for ScheduleLine {
        const PREFIX: &'static str = "BL";
        const NAME: &'static str = "schedule line id";
    }
    impl Kind for WorkPackage {
        const PREFIX: &'static str = "WP";
        const NAME: &'static str = "work package id";
    }
    impl Kind for Milestone {
        const PREFIX: &'static str = "ML";
        const NAME: &'static str = "milestone id";
    }
    impl Kind for DocumentReference {
        const PREFIX: &'static str = "DR";
        const NAME: &'static str = "document reference id";
    }
}

/// Id of a contract.
pub type ContractId = Id<kind::Contract>;
/// Id of a customer.
pub type CustomerId = Id<kind::Customer>;
/// Id of a project.
pub type ProjectId = Id<kind::Project>;
/// Id of a billing schedule.
pub type BillingScheduleId = Id<kind::BillingSchedule>;
/// Id of a line of a billing schedule.
pub type ScheduleLineId = Id<kind::ScheduleLine>;
/// Id of a package of work.
pub type WorkPackageId = Id<kind::WorkPackage>;
/// Id of a milestone.
pub type MilestoneId = Id<kind::Milestone>;
/// Id of a reference to a document.
pub type DocumentReferenceId = Id<kind::DocumentReference>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_their_parts_alone() {
        assert_eq!(ContractId::of(&["crm", "006"]), ContractId::of(&["crm", "006"]));
        assert_ne!(ContractId::of(&["crm", "006"]), ContractId::of(&["crm0", "06"]));
        // Fixed: an id that changes with a release would make every system's copy an orphan.
        insta::assert_snapshot!(ContractId::of(&["crm", "006"]), @"CT-XCEG5AWSFRRC");
        assert!(ContractId::of(&["x"]).as_str().len() <= 16);
    }

    #[test]
    fn ids_of_another_kind_are_refused() {
        let project = ProjectId::of(&["p"]);
        let error = project.as_str().parse::<ContractId>().unwrap_err().to_string();
        assert!(error.contains("no contract id; expected CT-"), "{error}");
        for wrong in ["", "CT-", "CT-00000000000", "CT-00000000000I", "ct-000000000000", "CT-0000000000000"] {
            assert!(wrong.parse::<ContractId>().is_err(), "{wrong}");
        }
    }
}

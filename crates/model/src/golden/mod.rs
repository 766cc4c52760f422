//! Golden records: which customer a source's row means, and what the customer's record says.
//!
//! Identifiers and source rows decide; a name alone never does, because equal names are often different companies. Every
//! row is kept, and the record is built from the rows, in any order of their coming, to the same result.

mod build;
mod identifier;
mod name;

pub use build::{customer, row_key};
pub use identifier::{InvalidIdentifier, normalised};
pub use name::normalised as normalised_name;

use crate::{CustomerId, PartyFacts};

/// What identifies a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An identifier, normalised and valid.
    Identifier {
        /// Who gives it out.
        scheme: String,
        /// The identifier.
        id: String,
    },
    /// A row of another system.
    Row {
        /// The system.
        system: String,
        /// The row's id.
        id: String,
    },
}

impl Key {
    /// The key as text, fit for a record's id.
    pub fn text(&self) -> String {
        match self {
            Self::Identifier { scheme, id } => format!("id:{scheme}:{id}"),
            Self::Row { system, id } => format!("row:{system}:{id}"),
        }
    }

    /// Id of a customer first met by this key.
    pub fn customer_id(&self) -> CustomerId {
        CustomerId::of(&["customer", &self.text()])
    }
}

/// What identifies a party, strongest first: its valid identifiers in the order given, then its source row.
pub fn keys(party: &PartyFacts) -> Vec<Key> {
    let mut keys = Vec::new();
    for identifier in party.identifiers.iter().filter_map(|i| normalised(i).ok()) {
        let key = Key::Identifier { scheme: identifier.scheme, id: identifier.id };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if let Some(source) = &party.source {
        keys.push(Key::Row { system: source.system.clone(), id: source.id.clone() });
    }
    keys
}

/// Id of a customer that nothing but a name identifies; it is the same only within one scope, such as a contract.
pub fn scoped_id(party: &PartyFacts, scope: &str) -> CustomerId {
    let name = normalised_name(party.name.as_deref().unwrap_or_default());
    CustomerId::of(&["customer", "name", &name, party.country.as_deref().unwrap_or_default(), scope])
}

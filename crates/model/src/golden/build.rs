//! The golden record, built from its rows: survivorship field by field.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{identifier, keys};
use crate::{Customer, CustomerId, Identifier, PartyFacts, SourceRow};

/// What tells a row from the other rows of its customer: its source, or else what it says.
pub fn row_key(party: &PartyFacts) -> String {
    let mut parts: Vec<String> = match &party.source {
        Some(source) => vec!["row".to_owned(), source.system.clone(), source.id.clone()],
        None => keys(party).iter().map(super::Key::text).collect(),
    };
    if party.source.is_none() {
        parts.push(party.name.clone().unwrap_or_default());
    }
    let hash = Sha256::digest(parts.join("\u{1f}").as_bytes());
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// The customer that these rows mean. The order of the rows does not matter.
pub fn customer(id: CustomerId, rows: &[PartyFacts]) -> Customer {
    let mut ranked: Vec<&PartyFacts> = rows.iter().collect();
    ranked
        .sort_by_cached_key(|row| (!has_identifier(row), row.source.clone(), row.name.clone(), row_key(row)));
    let name = ranked.iter().find_map(|r| r.name.as_deref().map(str::trim).filter(|n| !n.is_empty()));
    let identifiers: BTreeSet<Identifier> =
        rows.iter().flat_map(|r| &r.identifiers).filter_map(|i| identifier::normalised(i).ok()).collect();
    let sources: BTreeSet<SourceRow> = rows.iter().filter_map(source_row).collect();
    Customer {
        id,
        legal_name: name.unwrap_or_default().to_owned(),
        country: ranked.iter().find_map(|r| r.country.clone()),
        identifiers: identifiers.into_iter().collect(),
        address: ranked.iter().find_map(|r| r.address.clone()),
        sources: sources.into_iter().collect(),
    }
}

/// A row that an authority's identifier backs is trusted before others.
fn has_identifier(row: &PartyFacts) -> bool {
    row.identifiers.iter().any(|i| identifier::normalised(i).is_ok())
}

fn source_row(row: &PartyFacts) -> Option<SourceRow> {
    let source = row.source.as_ref()?;
    let name = row.name.clone().unwrap_or_default();
    Some(SourceRow { system: source.system.clone(), id: source.id.clone(), name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use serde_json::json;

    #[test]
    fn rows_give_one_record_in_any_order() {
        let rows: Vec<PartyFacts> = decode(&json!([
            {"name": "Acme", "source": {"system": "crm", "id": "1"}},
            {"name": "ACME Holding GmbH", "country": "DE", "identifiers": [{"scheme": "DE-VAT", "id": "136695976"}],
             "source": {"system": "erp", "id": "9"}},
            {"name": "Acme H.", "identifiers": [{"scheme": "VAT", "id": "DE 136 695 976"}, {"scheme": "DUNS", "id": "bad"}],
             "source": {"system": "psa", "id": "x"}}
        ]))
        .unwrap();
        let id = CustomerId::of(&["x"]);
        let golden = customer(id.clone(), &rows);
        insta::assert_json_snapshot!(golden);
        let mut reversed = rows;
        reversed.reverse();
        assert_eq!(customer(id, &reversed), golden);
    }
}

//! The buyer, as a customer.

use throughline_model::{Address, Identifier, PartyFacts, Source};

use super::{Release, SOURCE};
use crate::import::country;
use crate::import::facts::At;

/// The customer of a release: its buyer; without one the party in that role, or who runs the tender.
pub(super) fn customer(release: &Release<'_>) -> Option<PartyFacts> {
    let at = &release.at;
    let by_role = || {
        at.get("parties")
            .each()
            .find(|party| party.get("roles").each().any(|r| r.text().as_deref() == Some("buyer")))
    };
    let buyer = Some(at.get("buyer")).filter(At::is_there).or_else(by_role);
    let buyer = buyer.or_else(|| Some(at.get("tender").get("procuringEntity")).filter(At::is_there))?;
    let id = buyer.get("id").text();
    // Since OCDS 1.1 the facts stand in `parties`, and everything else refers to them.
    let party =
        id.as_ref().and_then(|id| at.get("parties").each().find(|p| p.get("id").text().as_ref() == Some(id)));
    let places: Vec<At<'_>> = party.into_iter().chain([buyer]).collect();
    let first = |pick: &dyn Fn(&At<'_>) -> Option<String>| places.iter().find_map(pick);
    let identifiers = identifiers(&places);
    let address = places.iter().map(|p| p.get("address")).find(At::is_there);
    let source = id.or_else(|| identifiers.first().map(|i| format!("{}-{}", i.scheme, i.id)));
    Some(PartyFacts {
        name: first(&|p| p.get("name").text())
            .or_else(|| first(&|p| p.get("identifier").get("legalName").text())),
        country: address.as_ref().and_then(|a| {
            let country = a.get("country").text().or_else(|| a.get("countryName").text())?;
            country::code(&country)
        }),
        identifiers,
        address: address.map(|a| postal(&a)).filter(|address| *address != Address::default()),
        source: source.map(|id| Source { system: SOURCE.to_owned(), id }),
    })
}

fn postal(at: &At<'_>) -> Address {
    Address {
        lines: at.get("streetAddress").text().into_iter().collect(),
        city: at.get("locality").text(),
        postal_code: at.get("postalCode").text(),
    }
}

/// Identifiers that say whose they are; one without a scheme identifies nobody.
fn identifiers(places: &[At<'_>]) -> Vec<Identifier> {
    let stated = places
        .iter()
        .flat_map(|p| [p.get("identifier")].into_iter().chain(p.get("additionalIdentifiers").each()));
    let mut all: Vec<Identifier> = stated
        .filter_map(|i| Some(Identifier { scheme: i.get("scheme").text()?, id: i.get("id").text()? }))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|i| seen.insert(i.clone()));
    all
}

//! Made-up names. Any likeness to a real company is by chance.

use rand::Rng;
use rand::seq::IndexedRandom;

const ROOTS: [&str; 48] = [
    "Ostermoor",
    "Falkenried",
    "Brackwell",
    "Hollinvale",
    "Tarnmere",
    "Lindqvarn",
    "Corvano",
    "Pellmont",
    "Ashgrove",
    "Wexdale",
    "Rothmaar",
    "Steinholt",
    "Valmarine",
    "Quillbrook",
    "Norhaven",
    "Meridiol",
    "Castellar",
    "Birkenau",
    "Dunmarsh",
    "Elverton",
    "Fenwyke",
    "Grauwald",
    "Harcastle",
    "Ilmenfeld",
    "Junovia",
    "Kestrelby",
    "Lorrimont",
    "Marchwood",
    "Nivelle",
    "Oakhurst",
    "Pinecrest",
    "Quarrystone",
    "Ravensby",
    "Selbrook",
    "Thornhill",
    "Ulverstan",
    "Varnholm",
    "Westerloh",
    "Yarrowdale",
    "Zellwig",
    "Amberlin",
    "Bluewater",
    "Cinderford",
    "Dovelane",
    "Emberly",
    "Foxmoor",
    "Glenarvon",
    "Highmere",
];
const TRADES: [&str; 20] = [
    "Logistics",
    "Energy",
    "Insurance",
    "Foods",
    "Mobility",
    "Pharma",
    "Textiles",
    "Banking",
    "Retail",
    "Chemicals",
    "Health",
    "Aviation",
    "Materials",
    "Water",
    "Media",
    "Telecom",
    "Instruments",
    "Packaging",
    "Rail",
    "Shipping",
];

/// A place: country, what its companies are called, cities with postal codes, streets.
pub(super) struct Place {
    pub(super) country: &'static str,
    pub(super) suffixes: &'static [&'static str],
    pub(super) cities: &'static [(&'static str, &'static str)],
    pub(super) streets: &'static [&'static str],
}

pub(super) const GERMANY: Place = Place {
    country: "DE",
    suffixes: &["GmbH", "AG", "SE"],
    cities: &[("Hamburg", "20457"), ("München", "80331"), ("Köln", "50667"), ("Leipzig", "04109")],
    streets: &["Hafenstraße 12", "Am Markt 3", "Lindenallee 45"],
};
pub(super) const FRANCE: Place = Place {
    country: "FR",
    suffixes: &["SAS", "SA"],
    cities: &[("Lyon", "69002"), ("Nantes", "44000"), ("Lille", "59000")],
    streets: &["12 rue des Tilleuls", "4 quai Saint-Jean"],
};
pub(super) const BRITAIN: Place = Place {
    country: "GB",
    suffixes: &["Ltd", "plc"],
    cities: &[("London", "EC2A 4NE"), ("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR")],
    streets: &["14 Mill Lane", "2 Canal Walk", "77 Station Road"],
};
pub(super) const STATES: Place = Place {
    country: "US",
    suffixes: &["Inc.", "LLC", "Corp."],
    cities: &[("Austin", "78701"), ("Boston", "02110"), ("Denver", "80202"), ("Chicago", "60606")],
    streets: &["400 Congress Avenue", "18 Harbor Street", "1200 Larimer Street"],
};
pub(super) const SINGAPORE: Place = Place {
    country: "SG",
    suffixes: &["Pte. Ltd."],
    cities: &[("Singapore", "048616"), ("Singapore", "117439")],
    streets: &["8 Marina View", "31 Science Park Road"],
};
pub(super) const AUSTRALIA: Place = Place {
    country: "AU",
    suffixes: &["Pty Ltd"],
    cities: &[("Sydney", "2000"), ("Melbourne", "3000")],
    streets: &["120 Collins Street", "5 Wharf Road"],
};

/// A company's name without its legal form.
pub(super) fn company(rng: &mut impl Rng) -> String {
    format!("{} {}", one(rng, &ROOTS), one(rng, &TRADES))
}

/// One of several.
pub(super) fn one<T: Copy>(rng: &mut impl Rng, of: &[T]) -> T {
    of.choose(rng).copied().unwrap_or(of[0])
}

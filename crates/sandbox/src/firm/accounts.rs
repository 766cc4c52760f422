//! The firm's customers, as its CRM knows them: most identified, some twice, some hardly at all.

use rand::Rng;

use super::Region;
use super::names::{self, Place, one};

/// An account in the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The legal name.
    pub name: String,
    /// The region that serves it.
    pub region: Region,
    /// ISO 3166 country.
    pub country: &'static str,
    /// Street.
    pub street: &'static str,
    /// City.
    pub city: &'static str,
    /// Postal code.
    pub postal_code: &'static str,
    /// Scheme and tax id, where the CRM holds one.
    pub tax_id: Option<(&'static str, String)>,
    /// D-U-N-S number, where the CRM holds one.
    pub duns: Option<String>,
}

/// The share of accounts that are a second entry of the same company.
const ENTERED_TWICE: f64 = 0.05;
/// The share of accounts without any identifier.
const UNIDENTIFIED: f64 = 0.08;

/// The accounts of a region, beginning with its largest.
pub(super) fn generate(rng: &mut impl Rng, region: Region, count: usize) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    while accounts.len() < count {
        if !accounts.is_empty() && rng.random_bool(ENTERED_TWICE) {
            let mut again = accounts[rng.random_range(0..accounts.len())].clone();
            again.name = again.name.to_uppercase();
            accounts.push(again);
            continue;
        }
        let account = new(rng, region);
        if accounts.iter().all(|known| known.name != account.name) {
            accounts.push(account);
        }
    }
    accounts
}

fn new(rng: &mut impl Rng, region: Region) -> Account {
    let place = place(rng, region);
    let name = format!("{} {}", names::company(rng), one(rng, place.suffixes));
    let (city, postal_code) = one(rng, place.cities);
    let identified = !rng.random_bool(UNIDENTIFIED);
    let tax_id = identified.then(|| tax_id(rng, place.country)).flatten();
    let duns = (identified && (tax_id.is_none() || rng.random_bool(0.3)))
        .then(|| format!("{:09}", rng.random_range(10_000_000..999_999_999_u32)));
    let street = one(rng, place.streets);
    Account { name, region, country: place.country, street, city, postal_code, tax_id, duns }
}

fn place(rng: &mut impl Rng, region: Region) -> &'static Place {
    match region {
        Region::Germany if rng.random_bool(0.25) => &names::FRANCE,
        Region::Germany => &names::GERMANY,
        Region::Britain => &names::BRITAIN,
        Region::Americas => &names::STATES,
        Region::Asia if rng.random_bool(0.3) => &names::AUSTRALIA,
        Region::Asia => &names::SINGAPORE,
    }
}

fn tax_id(rng: &mut impl Rng, country: &str) -> Option<(&'static str, String)> {
    let digits = rng.random_range(10_000_000..99_999_999_u64);
    match country {
        "DE" => Some(("VAT", german_vat(digits))),
        "FR" => Some(("VAT", french_vat(digits * 10 + 3))),
        "GB" => Some(("VAT", british_vat(digits / 10))),
        "SG" => Some(("SG-UEN", format!("2{digits}K"))),
        "AU" => Some(("AU-ABN", format!("51{}", digits * 10))),
        _ => None,
    }
}

/// Eight digits and the check of ISO 7064 mod 11,10.
fn german_vat(digits: u64) -> String {
    let text = format!("{digits:08}");
    let product = text.bytes().fold(10, |product, digit| {
        let sum = (u32::from(digit - b'0') + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    format!("DE{text}{}", (11 - product) % 10)
}

/// The key before a nine-digit SIREN.
fn french_vat(siren: u64) -> String {
    format!("FR{:02}{siren:09}", (12 + 3 * (siren % 97)) % 97)
}

/// Seven digits and two that make the weighted sum a multiple of 97.
fn british_vat(digits: u64) -> String {
    let text = format!("{digits:07}");
    let sum: u32 =
        text.bytes().zip((2..=8).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("GB{text}{:02}", 97 - sum % 97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_ids_check() {
        // The published examples of the formats.
        assert_eq!(german_vat(13_669_597), "DE136695976");
        assert_eq!(french_vat(404_833_048), "FR83404833048");
        assert_eq!(british_vat(9_807_806), "GB980780684");
    }
}

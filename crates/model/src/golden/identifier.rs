//! Identifiers of registers and authorities: one spelling for each, and whether it can be one at all.
//!
//! T1: a format proves nothing about registration. What fails here identifies nobody, but its row is kept.

use crate::Identifier;

/// An identifier that can't be one of its scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id:?} is no {scheme}: {reason}")]
pub struct InvalidIdentifier {
    /// The scheme.
    pub scheme: String,
    /// The identifier, as it was given.
    pub id: String,
    /// What is wrong.
    pub reason: &'static str,
}

/// Texts that stand where an identifier should. The last two are Mexico's for "the public" and "a foreigner".
const PLACEHOLDERS: [&str; 10] =
    ["NA", "N/A", "NONE", "NULL", "UNKNOWN", "TBD", "TEST", "-", "XAXX010101000", "XEXX010101000"];

/// The identifier in the spelling of its scheme.
///
/// # Errors
/// When it can't be one: wrong length, wrong characters, wrong check digits, or a text that stands for none.
pub fn normalised(identifier: &Identifier) -> Result<Identifier, InvalidIdentifier> {
    let scheme = scheme(&identifier.scheme);
    let invalid = |reason| InvalidIdentifier { scheme: scheme.clone(), id: identifier.id.clone(), reason };
    let stated = identifier.id.trim();
    if stated.is_empty() || PLACEHOLDERS.contains(&stated.to_uppercase().as_str()) {
        return Err(invalid("it stands for none"));
    }
    let digits = stated.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    if digits.len() > 3 && stated.is_ascii() && all_same(&digits) {
        return Err(invalid("it repeats one character"));
    }
    let compact = digits.to_uppercase();
    let id =
        match scheme.as_str() {
            "LEI" => checked(compact, is_lei)
                .ok_or_else(|| invalid("20 characters whose check is 97-10 are expected"))?,
            "SIRET" => checked(compact, is_siret)
                .ok_or_else(|| invalid("14 digits with a Luhn check are expected"))?,
            "SIREN" => checked(compact, is_siren)
                .ok_or_else(|| invalid("9 digits with a Luhn check are expected"))?,
            "DUNS" => {
                checked(compact, |t| all_digits(t, 9)).ok_or_else(|| invalid("9 digits are expected"))?
            }
            "UEI" => checked(compact, is_uei)
                .ok_or_else(|| invalid("12 characters without I and O are expected"))?,
            "VAT" => vat(&identifier.scheme, compact)
                .ok_or_else(|| invalid("it fits no country's format or check"))?,
            _ => stated.split_whitespace().collect::<Vec<_>>().join(" "),
        };
    Ok(Identifier { scheme, id })
}

/// One name for each scheme.
fn scheme(stated: &str) -> String {
    let name = stated.trim().to_uppercase().replace(['_', ' '], "-");
    let known = match name.as_str() {
        "XI-LEI" | "GLEIF" => "LEI",
        "FR-SIRET" => "SIRET",
        "FR-SIREN" => "SIREN",
        "US-DUNS" | "XI-DUNS" | "DUNS-NUMBER" | "D-U-N-S" => "DUNS",
        "US-UEI" | "SAM-UEI" => "UEI",
        "EU-VAT" | "VATIN" | "VAT-ID" => "VAT",
        other if other.len() == 6 && other.ends_with("-VAT") => "VAT",
        _ => return name,
    };
    known.to_owned()
}

fn checked(text: String, is_one: impl Fn(&str) -> bool) -> Option<String> {
    is_one(&text).then_some(text)
}

fn all_same(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

fn all_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

/// ISO 17442: 18 characters and two check digits; ISO 7064 mod 97-10 of the whole is 1 (T5).
fn is_lei(text: &str) -> bool {
    let shape = text.len() == 20 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    shape && text.ends_with(|c: char| c.is_ascii_digit()) && mod_97(text) == 1
}

fn mod_97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, digit| match digit {
        0..=9 => (rest * 10 + digit) % 97,
        _ => (rest * 100 + digit) % 97,
    })
}

fn is_siren(text: &str) -> bool {
    all_digits(text, 9) && luhn(text)
}

/// La Poste's establishments have SIRETs whose digits sum to a multiple of five.
fn is_siret(text: &str) -> bool {
    let sum = || text.bytes().map(|b| u32::from(b - b'0')).sum::<u32>();
    all_digits(text, 14) && (luhn(text) || (text.starts_with("356000000") && sum().is_multiple_of(5)))
}

fn luhn(text: &str) -> bool {
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0') << (i % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_uei(text: &str) -> bool {
    text.len() == 12
        && !text.starts_with('0')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() && b != b'I' && b != b'O')
}

/// A VAT id with its country in front, which the scheme may state (`DE-VAT`). T1: EL is Greece, XI Northern Ireland.
fn vat(scheme: &str, compact: String) -> Option<String> {
    let stated = scheme.trim().to_uppercase();
    let country =
        stated.strip_suffix("-VAT").or(stated.strip_suffix("_VAT")).filter(|c| c.len() == 2 && *c != "EU");
    let country = country.map(|c| if c == "GR" { "EL" } else { c });
    let whole = match country {
        Some(country) if !compact.starts_with(country) => format!("{country}{compact}"),
        _ => compact,
    };
    let whole = whole.strip_prefix("GR").map_or(whole.clone(), |rest| format!("EL{rest}"));
    let (country, number) = whole.split_at_checked(2)?;
    is_vat(country, number).then(|| whole.clone())
}

/// `9` a digit, `A` a letter, `X` either; alternatives apart by a space.
fn vat_format(country: &str) -> Option<&'static str> {
    Some(match country {
        "AT" => "U99999999",
        "BE" => "9999999999",
        "BG" => "999999999 9999999999",
        "CH" => "E999999999 E999999999MWST E999999999TVA E999999999IVA",
        "CY" => "99999999A",
        "CZ" => "99999999 999999999 9999999999",
        "DE" | "EE" | "EL" | "PT" => "999999999",
        "DK" | "FI" | "HU" | "LU" | "MT" | "SI" => "99999999",
        "ES" => "X9999999X",
        "FR" => "XX999999999",
        "GB" | "XI" => "999999999 999999999999 GD999 HA999",
        "HR" | "IT" | "LV" => "99999999999",
        "IE" => "9X99999A 9X99999AA",
        "LT" => "999999999 999999999999",
        "NL" => "999999999B99",
        "NO" => "999999999 999999999MVA",
        "PL" | "SK" => "9999999999",
        "RO" => "99 999 9999 99999 999999 9999999 99999999 999999999 9999999999",
        "SE" => "999999999999",
        _ => return None,
    })
}

fn is_vat(country: &str, number: &str) -> bool {
    let fits = |format: &str| {
        format.len() == number.len()
            && format.bytes().zip(number.bytes()).all(|(f, c)| match f {
                b'9' => c.is_ascii_digit(),
                b'A' if country == "CY" || country == "IE" => c.is_ascii_uppercase(),
                b'X' => c.is_ascii_digit() || c.is_ascii_uppercase(),
                letter => letter == c,
            })
    };
    let format = vat_format(country).is_some_and(|all| all.split(' ').any(fits));
    format && (country != "FR" || french_key_fits(number))
}

/// T5: the key is (12 + 3 × (SIREN mod 97)) mod 97; keys with letters follow another rule, which is not published.
fn french_key_fits(number: &str) -> bool {
    let (Some(key), Some(siren)) = (number.get(..2), number.get(2..)) else { return false };
    match (key.parse::<u32>(), siren.parse::<u32>()) {
        (Ok(key), Ok(siren)) => key == (12 + 3 * (siren % 97)) % 97,
        (Err(_), Ok(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scheme: &str, id: &str, want: Result<(&str, &str), &str>) {
        let identifier = Identifier { scheme: scheme.to_owned(), id: id.to_owned() };
        match (normalised(&identifier), want) {
            (Ok(got), Ok((scheme, id))) => assert_eq!((got.scheme.as_str(), got.id.as_str()), (scheme, id)),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{got}"),
            (got, want) => panic!("{scheme} {id}: {got:?} {want:?}"),
        }
    }

    #[test]
    fn registers_identifiers_are_checked() {
        check("LEI", "5493001KJTIIGC8Y1R12", Ok(("LEI", "5493001KJTIIGC8Y1R12")));
        check("XI-LEI", "5493 001K JTII GC8Y 1R12", Ok(("LEI", "5493001KJTIIGC8Y1R12")));
        check("LEI", "5493001KJTIIGC8Y1R13", Err("97-10"));
        check("SIRET", "732 829 320 00074", Ok(("SIRET", "73282932000074")));
        check("SIRET", "73282932000075", Err("Luhn"));
        check("FR-SIRET", "35600000049837", Ok(("SIRET", "35600000049837")));
        check("SIREN", "732829320", Ok(("SIREN", "732829320")));
        check("DUNS", "15-048-3782", Ok(("DUNS", "150483782")));
        check("US-UEI", "ZQGGHJH74DW7", Ok(("UEI", "ZQGGHJH74DW7")));
        check("UEI", "ZQGGHJH74DWI", Err("without I and O"));
        check("mx_rfc", " GAC141010AAA ", Ok(("MX-RFC", "GAC141010AAA")));
        check("MX-RFC", "XAXX010101000", Err("stands for none"));
        check("DUNS", "000000000", Err("repeats"));
        check("anything", "  ", Err("stands for none"));
    }

    #[test]
    fn vat_ids_have_their_country_s_format() {
        check("VAT", "FR 83 404 833 048", Ok(("VAT", "FR83404833048")));
        check("VAT", "FR84404833048", Err("no country's format"));
        check("DE-VAT", "136695976", Ok(("VAT", "DE136695976")));
        check("VAT", "GR094259216", Ok(("VAT", "EL094259216")));
        check("VAT", "XI123456789", Ok(("VAT", "XI123456789")));
        check("VAT", "ATU12345678", Ok(("VAT", "ATU12345678")));
        check("VAT", "IE6388047V", Ok(("VAT", "IE6388047V")));
        check("VAT", "ZZ123", Err("no country's format"));
        check("VAT", "D", Err("no country's format"));
        check("VAT", "日本", Err("no country's format"));
    }
}

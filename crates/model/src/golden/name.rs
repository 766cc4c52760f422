//! Names of companies, normalised for comparison.

/// Legal forms at the end of a name; longer ones first.
const LEGAL_FORMS: [&str; 44] = [
    "SOCIEDAD ANONIMA DE CAPITAL VARIABLE",
    "S A P I DE C V",
    "SAPI DE CV",
    "S DE R L DE C V",
    "S DE RL DE CV",
    "S A DE C V",
    "SA DE CV",
    "AKTIENGESELLSCHAFT",
    "GMBH CO KG",
    "INCORPORATED",
    "CORPORATION",
    "PTE LTD",
    "PTY LTD",
    "COMPANY",
    "LIMITED",
    "S A R L",
    "S P A",
    "S R L",
    "S A S",
    "GMBH",
    "SARL",
    "CORP",
    "EURL",
    "SASU",
    "L L C",
    "LLC",
    "LLP",
    "LTD",
    "PLC",
    "INC",
    "SAS",
    "SPA",
    "SRL",
    "B V",
    "S A",
    "OY",
    "AB",
    "AG",
    "AS",
    "BV",
    "CO",
    "NV",
    "SA",
    "SE",
];

/// A name in capitals without accents, punctuation and legal form.
pub fn normalised(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_uppercase) {
        match unaccented(c) {
            Some(letters) => words.push_str(letters),
            None if c.is_alphanumeric() => words.push(c),
            None if matches!(c, '\'' | '’') => {}
            None => words.push(' '),
        }
    }
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    without_legal_form(&joined).to_owned()
}

fn without_legal_form(name: &str) -> &str {
    for form in LEGAL_FORMS {
        if let Some(rest) = name.strip_suffix(form).and_then(|r| r.strip_suffix(' ')) {
            return rest;
        }
    }
    name
}

fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'À' | 'Á' | 'Â' | 'Ã' | 'Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'Ä' | 'Æ' => "AE",
        'Ç' | 'Ć' | 'Č' => "C",
        'Ď' | 'Đ' => "D",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' | 'Ę' | 'Ě' => "E",
        'Ğ' | 'Ģ' => "G",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ī' | 'İ' => "I",
        'Ķ' => "K",
        'Ł' | 'Ļ' | 'Ľ' => "L",
        'Ñ' | 'Ń' | 'Ň' | 'Ņ' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ő' | 'Ō' => "O",
        'Ö' | 'Ø' | 'Œ' => "OE",
        'Ř' => "R",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'Ť' | 'Ț' => "T",
        'Ù' | 'Ú' | 'Û' | 'Ů' | 'Ű' | 'Ū' => "U",
        'Ü' => "UE",
        'Ý' | 'Ÿ' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        '&' => " AND ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn spellings_of_one_name_meet() {
        let check = |a: &str, want: &str| assert_eq!(normalised(a), want);
        check("  Müller & Söhne GmbH", "MUELLER AND SOEHNE");
        check("Société Générale, S.A.", "SOCIETE GENERALE");
        check("Construcciones Aldesem, S.A. de C.V.", "CONSTRUCCIONES ALDESEM");
        check("O'Neill Ltd.", "ONEILL");
        check("SAS", "SAS");
        check("株式会社", "株式会社");
        check("\u{0}\u{202e}", "");
    }
}

//! Countries as registers write them, as the two letters of ISO 3166.

/// Names in the languages of the registers we read, in lower case.
const NAMES: [(&str, &str); 62] = [
    ("afghanistan", "AF"),
    ("argentina", "AR"),
    ("australia", "AU"),
    ("austria", "AT"),
    ("belgium", "BE"),
    ("belgique", "BE"),
    ("brasil", "BR"),
    ("brazil", "BR"),
    ("canada", "CA"),
    ("chile", "CL"),
    ("china", "CN"),
    ("colombia", "CO"),
    ("czechia", "CZ"),
    ("denmark", "DK"),
    ("deutschland", "DE"),
    ("españa", "ES"),
    ("espana", "ES"),
    ("estados unidos", "US"),
    ("finland", "FI"),
    ("france", "FR"),
    ("germany", "DE"),
    ("honduras", "HN"),
    ("hong kong", "HK"),
    ("india", "IN"),
    ("indonesia", "ID"),
    ("ireland", "IE"),
    ("italia", "IT"),
    ("italy", "IT"),
    ("japan", "JP"),
    ("kenya", "KE"),
    ("luxembourg", "LU"),
    ("malaysia", "MY"),
    ("mexico", "MX"),
    ("méxico", "MX"),
    ("moldova", "MD"),
    ("netherlands", "NL"),
    ("new zealand", "NZ"),
    ("nigeria", "NG"),
    ("norway", "NO"),
    ("paraguay", "PY"),
    ("peru", "PE"),
    ("perú", "PE"),
    ("philippines", "PH"),
    ("poland", "PL"),
    ("portugal", "PT"),
    ("singapore", "SG"),
    ("south africa", "ZA"),
    ("south korea", "KR"),
    ("spain", "ES"),
    ("sweden", "SE"),
    ("switzerland", "CH"),
    ("taiwan", "TW"),
    ("thailand", "TH"),
    ("uganda", "UG"),
    ("uk", "GB"),
    ("ukraine", "UA"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("united states of america", "US"),
    ("usa", "US"),
    ("vietnam", "VN"),
    ("zambia", "ZM"),
];

/// The two letters of a country's name or code; `None` for what we do not know.
pub(super) fn code(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        let code = text.to_ascii_uppercase();
        return Some(if code == "UK" { "GB".to_owned() } else { code });
    }
    let name = text.to_lowercase();
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, code)| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_give_two_letters() {
        let check = |text: &str, want: Option<&str>| assert_eq!(code(text).as_deref(), want, "{text}");
        check("MX", Some("MX"));
        check("gb", Some("GB"));
        check("UK", Some("GB"));
        check(" Mexico ", Some("MX"));
        check("MÉXICO", Some("MX"));
        check("Atlantis", None);
        check("7?", None);
        check("", None);
    }
}

//! `legal-entities.yaml`: our own legal entities, and which of them signs for a customer.

use serde::{Deserialize, Serialize};

/// Our legal entities and the rules that pick one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LegalEntities {
    /// The entities.
    pub entities: Vec<LegalEntityEntry>,
    /// Rules, first match wins, for records that name no entity.
    #[serde(default)]
    pub rules: Vec<LegalEntityRule>,
}

/// One legal entity of ours.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LegalEntityEntry {
    /// Short code, used in routes.
    pub code: String,
    /// Registered name.
    pub name: String,
    /// ISO 3166 country.
    pub country: String,
    /// ISO 4217 currency of its books.
    pub currency: String,
    /// Region it belongs to.
    pub region: String,
}

/// A rule: all that it states must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LegalEntityRule {
    /// Contract currencies.
    #[serde(default)]
    pub currencies: Vec<String>,
    /// Customer countries.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Code of the entity that signs.
    pub entity: String,
}

impl LegalEntities {
    /// The entity with that code.
    pub fn get(&self, code: &str) -> Option<&LegalEntityEntry> {
        self.entities.iter().find(|e| e.code == code)
    }

    /// The entity that signs, by the rules.
    pub fn pick(&self, currency: Option<&str>, country: Option<&str>) -> Option<&LegalEntityEntry> {
        let among = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l.eq_ignore_ascii_case(v)))
        };
        let rule =
            self.rules.iter().find(|r| among(&r.currencies, currency) && among(&r.countries, country))?;
        self.get(&rule.entity)
    }
}

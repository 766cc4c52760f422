//! What the environment has before anyone integrates with it: one company per legal entity of the firm.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::World;

/// Code, name and local currency of each company.
const COMPANIES: &[(&str, &str, &str)] = &[
    ("DE", "Northwind Delivery GmbH", "EUR"),
    ("UK", "Northwind Delivery Ltd", "GBP"),
    ("US", "Northwind Delivery Inc.", "USD"),
    ("SG", "Northwind Delivery Pte. Ltd.", "SGD"),
];

/// Codes of the Currency table.
const CURRENCIES: &[&str] = &[
    "AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
    "INR", "JPY", "KZT", "MXN", "NOK", "NZD", "PEN", "PLN", "PYG", "RON", "SEK", "SGD", "TRY", "UAH", "USD",
    "ZAR",
];

/// The id of a company, the same in every sandbox.
fn company_id(code: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("throughline-sandbox/business-central/{code}").as_bytes())
        .to_string()
}

/// Company id by code.
pub(super) fn company_ids() -> BTreeMap<&'static str, String> {
    COMPANIES.iter().map(|(code, _, _)| (*code, company_id(code))).collect()
}

/// Whether the Currency table has the code; blank stands for the local currency.
pub(super) fn is_currency(code: &str) -> bool {
    code.is_empty() || CURRENCIES.contains(&code)
}

/// Puts every company there that is not.
pub(super) fn furnish(world: &mut World) {
    for (code, name, currency) in COMPANIES {
        let id = company_id(code);
        if world.get("companies", &id).is_none() {
            let created = "2025-01-01T00:00:00Z";
            let company: Value = json!({
                "id": id, "systemVersion": "27.0.0.0", "timestamp": 1, "name": name, "displayName": name,
                "businessProfileId": "", "localCurrency": currency,
                "systemCreatedAt": created, "systemModifiedAt": created,
            });
            world.put("companies", &id, company);
        }
    }
}

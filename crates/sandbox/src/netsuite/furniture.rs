//! What the account has before anyone integrates with it: subsidiaries, currencies, payment terms, service items.

use std::collections::BTreeMap;

use serde_json::json;

use crate::world::World;

/// Code and name of each subsidiary; the code is its external id.
const SUBSIDIARIES: &[(&str, &str)] = &[
    ("US", "Northwind Delivery Inc."),
    ("UK", "Northwind Delivery Ltd"),
    ("DE", "Northwind Delivery GmbH"),
    ("SG", "Northwind Delivery Pte. Ltd."),
];

/// ISO codes in the order of their internal ids: the first five are the vendor's.
const CURRENCIES: &[&str] = &[
    "USD", "GBP", "CAD", "EUR", "JPY", "MXN", "CHF", "SEK", "NOK", "DKK", "PLN", "AUD", "NZD", "SGD", "HKD",
    "INR", "BRL", "ZAR", "CLP", "COP", "PEN", "ARS", "PYG", "AED", "CZK", "HUF", "RON", "UAH", "TRY", "KZT",
];

const TERMS: &[(&str, &str)] = &[
    ("NET0", "Due on receipt"),
    ("NET15", "Net 15"),
    ("NET30", "Net 30"),
    ("NET45", "Net 45"),
    ("NET60", "Net 60"),
    ("NET90", "Net 90"),
];

const ITEMS: &[(&str, &str)] = &[
    ("CONSULTING", "Consulting Services"),
    ("MANAGED", "Managed Services"),
    ("EXPENSES", "Billable Expenses"),
    ("RETAINER", "Retainer"),
];

/// Internal id by code.
pub(super) fn subsidiary_ids() -> BTreeMap<&'static str, String> {
    (1..).zip(SUBSIDIARIES).map(|(id, (code, _))| (*code, id.to_string())).collect()
}

/// Internal id by ISO code.
pub(super) fn currency_ids() -> BTreeMap<&'static str, String> {
    (1..).zip(CURRENCIES).map(|(id, code)| (*code, id.to_string())).collect()
}

/// Puts everything there that is not.
pub(super) fn furnish(world: &mut World) {
    let currencies: Vec<(&str, &str)> = CURRENCIES.iter().map(|code| (*code, *code)).collect();
    for (kind, entries) in
        [("subsidiary", SUBSIDIARIES), ("currency", &currencies), ("term", TERMS), ("serviceSaleItem", ITEMS)]
    {
        for (id, (code, name)) in (1..).zip(entries) {
            let id: String = i32::to_string(&id);
            if world.get(kind, &id).is_none() {
                world.put(
                    kind,
                    &id,
                    json!({"id": id, "externalId": code, "name": name, "isInactive": false}),
                );
            }
        }
    }
}

//! `throughline systems`.

use serde_json::json;

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::{screen, settings};

pub(crate) fn run(global: &Global) -> Outcome {
    let config = settings::config(global)?;
    let systems = config.systems.iter().map(|(name, entry)| {
        let tenant = entry.tenant.as_ref().unwrap_or(&config.tenant);
        // Credentials stay where they are; their names are enough to see what is set.
        let credentials: Vec<&str> = entry.credentials.keys().map(String::as_str).collect();
        (name, entry, tenant, credentials)
    });
    if global.json {
        let systems: Vec<_> = systems
            .map(|(name, entry, tenant, credentials)| {
                json!({ "name": name, "adapter": entry.adapter, "tenant": tenant, "settings": entry.settings,
                        "credentials": credentials, "poll": entry.poll })
            })
            .collect();
        return screen::json(&json!({ "systems": systems }));
    }
    let mut table = screen::table(["system", "adapter", "tenant", "base url", "credentials", "polled"]);
    for (name, entry, tenant, credentials) in systems {
        let base = entry.settings.get("baseUrl").and_then(|u| u.as_str()).unwrap_or("-");
        let polled = if entry.poll { "yes" } else { "no" };
        table.add_row([name, &entry.adapter, tenant, base, &credentials.join(", "), polled]);
    }
    screen::print(&screen::text_of(&table))
}

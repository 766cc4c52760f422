//! The people of the account, and the custom fields of its projects.

use serde_json::json;

use super::OWNER;
use super::resources::Resource;
use crate::world::World;

const PEOPLE: &[(&str, &str, &str)] = &[
    (OWNER, "Integration User", "integration"),
    ("12000015", "Amara Okafor", "amara.okafor"),
    ("12000025", "Bruno Keller", "bruno.keller"),
    ("12000035", "Chiara Lombardi", "chiara.lombardi"),
    ("12000045", "Dev Raman", "dev.raman"),
    ("12000055", "Elin Sandberg", "elin.sandberg"),
    ("12000065", "Farid Haddad", "farid.haddad"),
    ("12000075", "Grace Tan", "grace.tan"),
];

const FIELDS: &[(&str, &str)] = &[("602325", "Contract Number"), ("602335", "Legal Entity")];

/// Puts everyone there who is not.
pub(super) fn furnish(world: &mut World) {
    for (id, name, mailbox) in PEOPLE {
        let Some(users) = Resource::named("users").filter(|users| world.get(users.name, id).is_none()) else {
            continue;
        };
        let mut user = users.fresh();
        user["id"] = json!(id);
        user["full_name"] = json!(name);
        user["email_address"] = json!(format!("{mailbox}@northwind-delivery.example"));
        if *id == OWNER {
            user["account_permission"] = json!("Account Administrator");
        }
        world.put(users.name, id, user);
    }
    for (id, name) in FIELDS {
        let Some(fields) =
            Resource::named("custom_fields").filter(|fields| world.get(fields.name, id).is_none())
        else {
            continue;
        };
        let mut field = fields.fresh();
        field["id"] = json!(id);
        field["name"] = json!(name);
        field["creator_id"] = json!(OWNER);
        world.put(fields.name, id, field);
    }
}

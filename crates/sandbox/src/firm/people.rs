//! The people around the CLM: signatories who sign, or now and then decline, and legal, who amends what was signed.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::registers;
use crate::docusign::{self, DESK, ENVELOPES};
use crate::site::Site;
use crate::world::World;

/// Counters of what they have done.
pub(super) const SIGNED: &str = "_signed";
pub(super) const DECLINED: &str = "_declined";
pub(super) const AMENDED: &str = "_amended";
/// Contracts that legal will amend.
const LEGAL: &str = "_legal";

const LOOK_EVERY: Duration = Duration::from_millis(40);
/// How long a signatory takes, and how long until legal amends, compressed like the year.
const SIGNS_AFTER_MS: std::ops::Range<i64> = 150..1_500;
const AMENDS_AFTER_MS: std::ops::Range<i64> = 1_500..6_000;
const AMENDS_AGAIN_AFTER_MS: std::ops::Range<i64> = 100..1_000;
/// Legal looks again for an opportunity that does not name its contract yet.
const LOOKS_AGAIN_AFTER_MS: i64 = 1_000;
/// Assumed, not measured.
const DECLINES: f64 = 0.03;
const CORRECTS: f64 = 0.10;

/// Envelopes out for signature, and amendments still to be made.
pub(crate) fn unsettled(world: &World) -> usize {
    world.len(DESK) + world.len(LEGAL)
}

/// Works until the sandbox stops.
pub(super) async fn work(clm: Arc<Site>, crm: Arc<Site>, seed: u64, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = round(&clm, &crm, seed) {
            tracing::error!(%error, "the people's work could not be written");
            return;
        }
    }
}

fn round(clm: &Site, crm: &Site, seed: u64) -> Result<(), crate::Error> {
    let (signatures, amendments) = clm.read(|world| (on_desk(world, seed), due(world)));
    for id in signatures {
        clm.with(|world| settle(world, &id, seed))?;
    }
    for (id, contract) in amendments {
        let deal = crm.read(|world| deal_of(world, &contract));
        clm.with(|world| match &deal {
            Some(deal) => amend(world, &id, &contract, deal, seed),
            None => put_off(world, &id),
        })?;
    }
    Ok(())
}

/// Randomness that belongs to one envelope, whenever it is asked.
fn dice(seed: u64, what: &str, id: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(what);
    hash.update(id);
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// What identifies an envelope in a play: its transaction where it has one, as envelope ids depend on the order of requests.
fn identity<'w>(world: &'w World, id: &'w str) -> &'w str {
    world.get(ENVELOPES, id).and_then(|envelope| envelope["transactionId"].as_str()).unwrap_or(id)
}

fn on_desk(world: &World, seed: u64) -> Vec<String> {
    let now = world.now().as_millisecond();
    let ready = |id: &str, entry: &Value| {
        let takes = dice(seed, "sign", identity(world, id)).random_range(SIGNS_AFTER_MS);
        entry["since"].as_i64().unwrap_or(0) + takes <= now
    };
    world.all(DESK).filter(|(id, entry)| ready(id, entry)).map(|(id, _)| id.to_owned()).collect()
}

fn settle(world: &mut World, id: &str, seed: u64) {
    let mut dice = dice(seed, "settle", identity(world, id));
    let Some(envelope) = world.get(ENVELOPES, id).cloned() else { return };
    let amendment = docusign::field(&envelope, "throughlineKind") == Some("amendment");
    // Failing here means that it was voided in between: nothing is left to do.
    let _ = docusign::deliver(world, id);
    if !amendment && dice.random_bool(DECLINES) {
        if docusign::decline(world, id, "The scope is not what we agreed.").is_ok() {
            world.next(DECLINED);
        }
        return;
    }
    if docusign::complete(world, id).is_err() {
        return;
    }
    world.next(SIGNED);
    let contract = docusign::field(&envelope, "throughlineContract");
    if let Some(contract) = contract.filter(|_| !amendment && dice.random_bool(registers::AMENDED)) {
        let number = docusign::field(&envelope, "throughlineContractNumber").unwrap_or(contract);
        let due = world.now().as_millisecond() + dice.random_range(AMENDS_AFTER_MS);
        world.put(LEGAL, id, json!({"contract": contract, "number": number, "ordinal": 1, "due": due}));
    }
}

/// What legal is to amend now: the entry and its contract.
fn due(world: &World) -> Vec<(String, String)> {
    let now = world.now().as_millisecond();
    world
        .all(LEGAL)
        .filter(|(_, entry)| entry["due"].as_i64().unwrap_or(0) <= now)
        .map(|(id, entry)| (id.to_owned(), entry["contract"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// What legal knows of a deal.
struct Signed {
    value: f64,
    end: Option<Date>,
    customer: String,
    country: Option<String>,
}

/// The opportunity that names the contract.
fn deal_of(world: &World, contract: &str) -> Option<Signed> {
    let (_, deal) = world.all("Opportunity").find(|(_, deal)| deal["Throughline_Contract__c"] == contract)?;
    let account = world.get("Account", deal["AccountId"].as_str()?)?;
    Some(Signed {
        value: deal["Amount"].as_f64()?,
        end: deal["End_Date__c"].as_str().and_then(|end| end.parse().ok()),
        customer: account["Name"].as_str()?.to_owned(),
        country: account["Country_Code__c"].as_str().map(str::to_owned),
    })
}

fn put_off(world: &mut World, id: &str) {
    let Some(mut entry) = world.get(LEGAL, id).cloned() else { return };
    entry["due"] = json!(world.now().as_millisecond() + LOOKS_AGAIN_AFTER_MS);
    world.put(LEGAL, id, entry);
}

/// Sends an amendment for signature; now and then, another follows soon.
fn amend(world: &mut World, id: &str, contract: &str, deal: &Signed, seed: u64) {
    let Some(mut entry) = world.get(LEGAL, id).cloned() else { return };
    let ordinal = entry["ordinal"].as_u64().unwrap_or(1);
    let name = format!("AM-{}-{ordinal}", contract.trim_start_matches("CT-"));
    let mut dice = dice(seed, "amend", &name);
    let today = world.now().to_zoned(TimeZone::UTC).date();
    // The version that is in force so far; a correction is of that one, an amendment makes the next.
    let version = entry["version"].as_u64().unwrap_or(1);
    let amendment = amendment(&mut dice, &name, version, deal, today);
    let number = entry["number"].as_str().unwrap_or_default();
    match docusign::create(world, &envelope(&name, contract, number, &amendment)) {
        Ok(_) => drop(world.next(AMENDED)),
        Err(_) => tracing::error!(amendment = name, "the CLM refuses legal's amendment"),
    }
    if ordinal == 1 && dice.random_bool(registers::AMENDED_AGAIN) {
        entry["ordinal"] = json!(ordinal + 1);
        entry["version"] = amendment["version"].clone();
        entry["due"] = json!(world.now().as_millisecond() + dice.random_range(AMENDS_AGAIN_AFTER_MS));
        world.put(LEGAL, id, entry);
    } else {
        world.remove(LEGAL, id);
    }
}

fn amendment(dice: &mut impl Rng, name: &str, in_force: u64, deal: &Signed, today: Date) -> Value {
    let mut changes = json!({});
    if dice.random_bool(registers::CHANGES_TERM)
        && let Some(end) = deal.end
    {
        let more: i32 = super::names::one(dice, &[1, 2, 3, 6, 12]);
        changes["end"] = json!(end.saturating_add(more.months()).to_string());
    }
    if dice.random_bool(registers::CHANGES_PARTY) {
        changes["customer"] = json!({"name": format!("{} Holding", deal.customer)});
        if let Some(country) = &deal.country {
            changes["customer"]["country"] = json!(country);
        }
    }
    let none_yet = changes.as_object().is_none_or(serde_json::Map::is_empty);
    if none_yet || dice.random_bool(registers::CHANGES_VALUE) {
        let value = deal.value * (1.0 + registers::value_change(dice.random()));
        changes["value"] = json!(format!("{:.2}", value.max(100.0)));
    }
    let correction = dice.random_bool(CORRECTS);
    json!({
        "id": name, "version": if correction { in_force } else { in_force + 1 },
        "kind": if correction { "correction" } else { "amendment" },
        "reason": if correction { "typing error in the original" } else { "change agreed with the customer" },
        "effectiveDate": today.to_string(), "changes": changes,
    })
}

/// The envelope as legal makes it: its terms as text, in as many numbered fields as it takes.
fn envelope(name: &str, contract: &str, number: &str, amendment: &Value) -> Value {
    let text = format!("Amendment {name} of contract {number}\n{amendment}\n");
    let field =
        |name: &str, value: &str| json!({"name": name, "value": value, "show": "false", "required": "false"});
    let mut fields = vec![
        field("throughlineContract", contract),
        field("throughlineKind", "amendment"),
        field("throughlineContractNumber", number),
    ];
    let parts = parts(&amendment.to_string());
    fields.extend((1..).zip(&parts).map(|(n, part)| field(&format!("throughlineAmendment{n}"), part)));
    json!({
        "emailSubject": format!("Please sign: amendment of {number}"), "status": "sent", "transactionId": name,
        "documents": [{
            "documentId": "1", "name": format!("Amendment {name}"), "fileExtension": "txt",
            "documentBase64": STANDARD.encode(text),
        }],
        "recipients": {"signers": [
            {"recipientId": "1", "routingOrder": "1", "name": "Client Signatory", "email": "signatory@client.example"},
        ]},
        "customFields": {"textCustomFields": fields},
    })
}

/// Cuts a text so that each part fits a custom field. No cut lies at a space, which might be trimmed.
fn parts(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut rest = characters.as_slice();
    while !rest.is_empty() {
        let most = rest.len().min(docusign::TEXT_CHARACTERS_MAX);
        let good =
            |at: &usize| *at == rest.len() || !(rest[*at].is_whitespace() || rest[*at - 1].is_whitespace());
        let at = (1..=most).rev().find(good).unwrap_or(most);
        parts.push(rest[..at].iter().collect());
        rest = &rest[at..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amendment_is_cut_into_parts_that_fit() {
        let check = |text: &str, want: &[usize]| {
            let parts = parts(text);
            assert_eq!(parts.concat(), text);
            let lengths: Vec<usize> = parts.iter().map(|part| part.chars().count()).collect();
            assert_eq!(lengths, want, "{parts:?}");
        };
        check("", &[]);
        check("short", &[5]);
        check(&"ü".repeat(250), &[100, 100, 50]);
        check(&format!("{} {}", "a".repeat(99), "b".repeat(10)), &[98, 12]);
        check(&format!("{} {}", "a".repeat(100), "b".repeat(10)), &[99, 12]);
        check(&" ".repeat(120), &[100, 20]);
    }
}

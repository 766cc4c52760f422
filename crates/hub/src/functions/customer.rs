//! `customer.resolve`: whose golden record a party is.
//!
//! A valid identifier decides, then the source row; never the name alone. A new customer's id comes from what identifies
//! it, so runs that meet it at the same time name it alike; its record is built from the rows of all its sources, each a
//! record of its own, so that no run's row is lost to another's.

use serde::Deserialize;
use serde_json::Value;
use throughline_flow as flow;
use throughline_model::{
    Customer, CustomerDuplicate, CustomerId, CustomerKey, CustomerSource, PartyFacts, golden,
};
use throughline_store::Effect;

use super::call::{Answer, Answered, Call, Refusal, arguments, json};
use super::reservation::Reserved;

const CUSTOMER: &str = "customer";
const KEY: &str = "customer-key";
const ROW: &str = "customer-source";
const DUPLICATE: &str = "customer-duplicate";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolve {
    party: PartyFacts,
    /// What tells apart parties that only a name identifies; usually the contract's number.
    #[serde(default)]
    scope: Option<String>,
}

pub(super) async fn resolve(call: &Call<'_>, with: &Value) -> Answered {
    let Resolve { party, scope } = arguments(with)?;
    let keys = golden::keys(&party);
    let mut reserved = reserve(call, &keys).await?;
    let known = known(call, &keys).await?;
    let found = known.iter().flatten().next().cloned();
    let id = found.unwrap_or_else(|| new_id(&party, &keys, scope.as_deref()));
    let mut reserved_customer = call.reserve(CUSTOMER, id.as_str()).await?;

    let stored: Option<Customer> = call.read(CUSTOMER, id.as_str()).await?;
    if stored.is_none() && party.name.as_deref().is_none_or(|n| n.trim().is_empty()) {
        return Err(flow::Error::validation("party.name: a customer that is new needs a name").into());
    }
    let customer = golden::customer(id.clone(), &rows(call, &id, &party).await?);
    let mut answer = Answer::of(&customer);
    if stored.as_ref() != Some(&customer) {
        answer = answer.with(call.write(CUSTOMER, id.as_str(), &customer));
    }
    let row = CustomerSource { customer_id: id.clone(), party };
    let row_id = row_id(&row);
    if call.read::<CustomerSource>(ROW, &row_id).await?.as_ref() != Some(&row) {
        answer = answer.with(call.write(ROW, row_id, &row));
    }
    for (key, known) in keys.iter().zip(&known) {
        answer.effects.extend(key_effect(call, key, known.as_ref(), &id));
    }
    for (key, reserved) in keys_in_order(&keys).iter().zip(&mut reserved) {
        reserved.answered_with(call, &answer.effects, |noun, id| noun == KEY && *id == key.text());
    }
    reserved_customer.answered_with(call, &answer.effects, |noun, _| noun == CUSTOMER || noun == ROW);
    Ok(answer)
}

/// Reserves the keys in order of their text, and only then the customer: nobody waits in a circle.
async fn reserve(call: &Call<'_>, keys: &[golden::Key]) -> Result<Vec<Reserved>, Refusal> {
    let mut reserved = Vec::with_capacity(keys.len());
    for key in keys_in_order(keys) {
        reserved.push(call.reserve(KEY, &key.text()).await?);
    }
    Ok(reserved)
}

fn keys_in_order(keys: &[golden::Key]) -> Vec<&golden::Key> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|k| k.text());
    keys
}

/// Whose each key is.
async fn known(call: &Call<'_>, keys: &[golden::Key]) -> Result<Vec<Option<CustomerId>>, Refusal> {
    let mut known = Vec::with_capacity(keys.len());
    for key in keys {
        known.push(call.read::<CustomerKey>(KEY, &key.text()).await?.map(|k| k.customer_id));
    }
    Ok(known)
}

fn new_id(party: &PartyFacts, keys: &[golden::Key], scope: Option<&str>) -> CustomerId {
    match keys.first() {
        Some(strongest) => strongest.customer_id(),
        None => golden::scoped_id(party, scope.unwrap_or_default()),
    }
}

/// The rows of the customer, this one among them.
async fn rows(call: &Call<'_>, id: &CustomerId, party: &PartyFacts) -> Result<Vec<PartyFacts>, Refusal> {
    let stored: Vec<CustomerSource> = call.read_under(ROW, &format!("{id}/")).await?;
    let mine = golden::row_key(party);
    let others = stored.into_iter().map(|row| row.party).filter(|p| golden::row_key(p) != mine);
    Ok(others.chain([party.clone()]).collect())
}

fn row_id(row: &CustomerSource) -> String {
    format!("{}/{}", row.customer_id, golden::row_key(&row.party))
}

/// A new key is this customer's; one that is another's stays so, and a person is told.
fn key_effect(
    call: &Call<'_>,
    key: &golden::Key,
    known: Option<&CustomerId>,
    id: &CustomerId,
) -> Option<Effect> {
    match known {
        None => Some(call.write(KEY, key.text(), &json(&CustomerKey { customer_id: id.clone() }))),
        Some(owner) if owner == id => None,
        Some(other) => {
            let (customer_id, other_id) = (id.clone(), other.clone());
            let reason = format!("one row has both {} and what identifies {id}", key.text());
            let duplicate = CustomerDuplicate { customer_id, other_id, reason };
            Some(call.write(DUPLICATE, format!("{id}/{other}"), &duplicate))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use serde_json::{Value, json};
    use throughline_model::{Customer, decode};

    fn party(system: Option<(&str, &str)>, name: &str, identifiers: &[(&str, &str)]) -> Value {
        let identifiers: Vec<_> = identifiers.iter().map(|(s, i)| json!({"scheme": s, "id": i})).collect();
        let mut party = json!({"name": name, "identifiers": identifiers});
        if let Some((system, id)) = system {
            party["source"] = json!({"system": system, "id": id});
        }
        json!({"party": party, "scope": "N-1"})
    }

    async fn resolved(bench: &Bench, asker: &str, with: Value) -> Customer {
        decode(&bench.done(asker, "customer.resolve", with).await).unwrap()
    }

    const VAT: (&str, &str) = ("VAT", "DE136695976");

    #[tokio::test]
    async fn an_identifier_or_a_row_decides_and_never_a_name() {
        let bench = Bench::new().await;
        let crm = resolved(&bench, "a", party(Some(("crm", "1")), "Acme", &[VAT])).await;
        let erp =
            resolved(&bench, "b", party(Some(("erp", "9")), "ACME GmbH", &[("DE-VAT", "136 695 976")])).await;
        assert_eq!(erp.id, crm.id);
        assert_eq!(erp.sources.len(), 2);
        let row = resolved(&bench, "c", party(Some(("crm", "1")), "Acme renamed", &[])).await;
        assert_eq!(row.id, crm.id);
        assert_eq!(row.sources.len(), 2);
        let namesake = resolved(&bench, "d", party(Some(("crm", "2")), "Acme", &[])).await;
        assert_ne!(namesake.id, crm.id);
        let wrong = resolved(&bench, "e", party(Some(("crm", "3")), "Acme", &[("LEI", "123")])).await;
        assert_ne!(wrong.id, crm.id);
        assert!(wrong.identifiers.is_empty());
    }

    #[tokio::test]
    async fn a_name_alone_identifies_within_its_scope_only() {
        let bench = Bench::new().await;
        let one = resolved(&bench, "a", party(None, "Acme Ltd", &[])).await;
        let same = resolved(&bench, "b", party(None, "ACME LTD.", &[])).await;
        assert_eq!(one.id, same.id);
        let mut other = party(None, "Acme Ltd", &[]);
        other["scope"] = json!("N-2");
        assert_ne!(resolved(&bench, "c", other).await.id, one.id);
        let fault = bench.fault("d", "customer.resolve", party(None, " ", &[])).await;
        assert!(fault.contains("needs a name"), "{fault}");
    }

    #[tokio::test]
    async fn a_repeat_answers_the_same_and_changes_nothing() {
        let bench = Bench::new().await;
        let with = party(Some(("crm", "1")), "Acme", &[VAT]);
        // Asked twice before any commit, as after a crash.
        let first = bench.answer("a", "customer.resolve", with.clone()).await;
        let again = bench.answer("a", "customer.resolve", with.clone()).await;
        assert_eq!((&first.value, &first.effects), (&again.value, &again.effects));
        bench.commit(again.effects).await;
        let later = bench.answer("b", "customer.resolve", with).await;
        assert_eq!(later.value, first.value);
        assert!(later.effects.is_empty());
    }

    #[tokio::test]
    async fn one_row_with_two_customers_identifiers_is_told() {
        let bench = Bench::new().await;
        let one = resolved(&bench, "a", party(Some(("crm", "1")), "Acme", &[VAT])).await;
        let two = resolved(&bench, "b", party(Some(("crm", "2")), "Bcme", &[("DUNS", "150483782")])).await;
        let both =
            resolved(&bench, "c", party(Some(("erp", "3")), "Acme", &[VAT, ("DUNS", "150483782")])).await;
        assert_eq!(both.id, one.id);
        let told = bench.records("customer-duplicate").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["otherId"], json!(two.id));
    }

    /// Sixteen runs meet one new customer at once, each by a row of its own; commits come in any order.
    #[tokio::test]
    async fn runs_that_meet_one_new_customer_at_once_end_with_one_record() {
        let bench = Bench::new().await;
        let runs = (0..16).map(|i| {
            let bench = &bench;
            async move {
                let id = i.to_string();
                let system = if i % 2 == 0 { "crm" } else { "erp" };
                let identifiers: &[_] = if i % 4 == 3 { &[VAT, ("DUNS", "150483782")] } else { &[VAT] };
                let asker = format!("run{i}:1");
                let with = party(Some((system, &id)), "Acme", identifiers);
                let answer = bench.answer(&asker, "customer.resolve", with).await;
                tokio::time::sleep(std::time::Duration::from_millis((i * 7) % 11)).await;
                bench.commit(answer.effects).await;
                answer.value["id"].clone()
            }
        });
        let ids = futures_util::future::join_all(runs).await;
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let customers = bench.records("customer").await;
        assert_eq!(customers.len(), 1);
        assert_eq!(customers[0]["sources"].as_array().unwrap().len(), 16);
        assert_eq!(customers[0]["identifiers"].as_array().unwrap().len(), 2);
        assert_eq!(bench.records("customer-source").await.len(), 16);
        assert!(bench.records("customer-duplicate").await.is_empty());
    }
}

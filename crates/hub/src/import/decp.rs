//! French public contracts, essential data (DECP, format of 2019).
//!
//! The unit is the contract with its modifications: a signature and an amendment for each. A contract is known by its buyer
//! and its id; buyers that gave one id to several lots have those after the first refused, for nothing tells them apart.
//! A modification's amount is taken as the new total, as the format means it.

use serde_json::{Map, Value, json};
use throughline_model::{
    Amendment, AmendmentKind, ContractAmended, ContractId, ContractSigned, ContractTerms, Currency, Day,
    Event, Identifier, PartyFacts, Problem, Source, TermsPatch,
};

use super::event;
use super::facts::At;
use super::read::Part;

/// Arrays of a file that hold records.
pub(super) const LISTS: &[&str] = &["marches"];
/// Name of the source in events.
const SOURCE: &str = "decp";
/// A contract of more months is a slip of the pen.
const MONTHS_MAX: i64 = 1_200;
/// What buyers write when a modification only mends the record (rule A6).
const MENDING: [&str; 11] = [
    "erreur",
    "rectif",
    "correcti",
    "coquille",
    "saisie",
    "régularis",
    "date de notification",
    "date notification",
    "siret",
    "au lieu de",
    "renvoi",
];

/// The record an object is.
pub(super) fn records(value: Value) -> Vec<Part> {
    let says = says(&At::of(&value));
    vec![Part { value: None, says }]
}

fn says(at: &At<'_>) -> Vec<Result<Event, Problem>> {
    let contract = match Contract::of(at) {
        Ok(contract) => contract,
        Err(problem) => return vec![Err(problem)],
    };
    let mut says = vec![Ok(contract.signed())];
    let mut version = 1;
    for (i, modification) in at.get("modifications").each().enumerate() {
        says.push(contract.modified(i, &modification, &mut version));
    }
    says
}

struct Contract {
    id: ContractId,
    number: String,
    signed: Option<Day>,
    terms: ContractTerms,
}

impl Contract {
    fn of(at: &At<'_>) -> Result<Self, Problem> {
        let number = at.get("id").needed("a contract is known by it and its buyer")?;
        // Concessions have fields of their own for the same things.
        let buyer = either(at, ["acheteur", "autoriteConcedante"]);
        let buyer_id = buyer.get("id").needed("a contract is known by its buyer and its own id")?;
        let signed = either(at, ["dateNotification", "dateSignature"]).day()?;
        let start = match at.get("dateDebutExecution").day()? {
            Some(day) => Some(day),
            None => signed,
        };
        let terms = ContractTerms {
            title: at.get("objet").text().or_else(|| Some(number.clone())),
            customer: Some(customer(&buyer, &buyer_id)),
            currency: "EUR".parse::<Currency>().ok(),
            value: either(at, ["montant", "valeurGlobale"]).worth()?,
            start,
            end: match start {
                Some(start) => end(start, &at.get("dureeMois"))?,
                None => None,
            },
            ..ContractTerms::default()
        };
        Ok(Self { id: ContractId::of(&[SOURCE, &buyer_id, &number]), number, signed, terms })
    }

    fn signed(&self) -> Event {
        event::signed(
            SOURCE,
            &ContractSigned {
                contract_id: self.id.clone(),
                number: self.number.clone(),
                signed_date: self.signed,
                effective_date: None,
                terms: Some(self.terms.clone()),
                opportunity_id: None,
                clm: None,
            },
        )
    }

    fn modified(&self, index: usize, at: &At<'_>, version: &mut u32) -> Result<Event, Problem> {
        let reason = at.get("objetModification").text();
        let mends = reason.as_ref().is_some_and(|r| {
            let r = r.to_lowercase();
            MENDING.iter().any(|word| r.contains(word))
        });
        let kind = if mends { AmendmentKind::Correction } else { AmendmentKind::Amendment };
        if kind == AmendmentKind::Amendment {
            *version += 1;
        }
        let mut changes = Map::new();
        if let Some(value) = at.get("montant").worth()? {
            changes.insert("value".to_owned(), json!(value));
        }
        if let Some(start) = self.terms.start
            && let Some(end) = end(start, &at.get("dureeMois"))?
        {
            changes.insert("end".to_owned(), json!(end));
        }
        let amendment = Amendment {
            id: format!("{}", index + 1),
            version: (kind == AmendmentKind::Amendment).then_some(*version),
            kind,
            reason,
            signed_date: at.get("dateNotificationModification").day()?,
            effective_date: None,
            changes: TermsPatch(changes),
        };
        let (contract_id, number) = (self.id.clone(), self.number.clone());
        Ok(event::amended(SOURCE, &ContractAmended { contract_id, number, amendment }))
    }
}

fn either<'v>(at: &At<'v>, names: [&str; 2]) -> At<'v> {
    let [first, second] = names.map(|name| at.get(name));
    if !first.is_there() && second.is_there() { second } else { first }
}

fn customer(buyer: &At<'_>, id: &str) -> PartyFacts {
    let is_siret = id.len() == 14 && id.bytes().all(|b| b.is_ascii_digit());
    PartyFacts {
        name: buyer.get("nom").text(),
        country: Some("FR".to_owned()),
        identifiers: is_siret
            .then(|| Identifier { scheme: "SIRET".to_owned(), id: id.to_owned() })
            .into_iter()
            .collect(),
        address: None,
        source: Some(Source { system: SOURCE.to_owned(), id: id.to_owned() }),
    }
}

/// The last day of a term of so many months; a part of a month counts as one.
fn end(start: Day, months: &At<'_>) -> Result<Option<Day>, Problem> {
    let refuse = |said: &str| months.problem(format!("{said}; expected months, 0 to {MONTHS_MAX}"));
    let number = match months.value() {
        Value::Null => return Ok(None),
        _ => months.text().and_then(|t| t.parse::<f64>().ok()).ok_or_else(|| refuse("no number"))?,
    };
    if !(0.0..=MONTHS_MAX as f64).contains(&number) {
        return Err(refuse("absurd"));
    }
    let whole = (0..=MONTHS_MAX).find(|n| *n as f64 >= number).filter(|n| *n > 0);
    let Some(whole) = whole else { return Ok(None) };
    let span = jiff::Span::new().months(whole);
    let day = start.date().checked_add(span).and_then(|d| d.checked_sub(jiff::Span::new().days(1)));
    day.ok().and_then(|d| Day::of(d).ok()).map(Some).ok_or_else(|| refuse("the end is out of range"))
}

//! US federal contract actions, as a table.
//!
//! The unit is the action: number 0 is the award, a signature; any other is a modification. The table is not a full
//! history: a modification whose award is not in it waits for it. `P00003` is the third modification, so version 4; other
//! series (administrative, automatic) count for themselves and take the next version.

use std::io::Read;

use csv::ByteRecord;
use serde_json::{Map, Value, json};
use throughline_model::{
    Amendment, AmendmentKind, ContractAmended, ContractId, ContractSigned, ContractTerms, Day, Event,
    Identifier, PartyFacts, Problem, Source, TermsPatch,
};

use super::event;
use super::facts::At;
use super::read::{RECORD_BYTES_MAX, Record};

/// Name of the source in events.
const SOURCE: &str = "fpds";
/// Columns a table can't do without.
const COLUMNS: [&str; 6] = [
    "award_procurement_id",
    "award_modification_num",
    "agency",
    "date_signed",
    "date_effective",
    "amount_ultimate",
];

/// Why a table can't be read.
#[derive(Debug)]
pub(super) enum Failure {
    Io(std::io::Error),
    Heading(String),
}

/// Reads a table; stops early when `hand` says so.
pub(super) fn read(file: impl Read, hand: &mut dyn FnMut(Record) -> bool) -> Result<(), Failure> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let heading = table.byte_headers().map_err(failure)?.clone();
    let names: Vec<String> = heading
        .iter()
        .map(|n| String::from_utf8_lossy(n).trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    if let Some(lacking) = COLUMNS.iter().find(|c| !names.iter().any(|n| n == *c)) {
        return Err(Failure::Heading(format!(
            "the first line names no column {lacking:?}; a table of contract actions has it"
        )));
    }
    let mut row = ByteRecord::new();
    loop {
        match table.read_byte_record(&mut row) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(failure(error)),
        }
        let raw = raw(&row);
        let bytes = table.position().byte();
        let says = match fields(&names, &row) {
            Ok(value) => vec![says(&At::of(&value))],
            Err(problem) => vec![Err(problem)],
        };
        if !hand(Record { raw, says, bytes }) {
            return Ok(());
        }
    }
}

fn failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::Io(error),
        other => Failure::Heading(format!("the table can't be read: {other:?}")),
    }
}

/// A row as it can be kept when it is refused.
fn raw(row: &ByteRecord) -> Vec<u8> {
    let mut raw = row.iter().collect::<Vec<_>>().join(&b',');
    raw.truncate(RECORD_BYTES_MAX);
    raw
}

fn fields(names: &[String], row: &ByteRecord) -> Result<Value, Problem> {
    if row.len() != names.len() {
        return Err(Problem::new("", format!("{} fields; the first line names {}", row.len(), names.len())));
    }
    let mut fields = Map::new();
    for (name, bytes) in names.iter().zip(row.iter()) {
        let text = std::str::from_utf8(bytes).map_err(|e| {
            Problem::new(
                format!("/{name}"),
                format!("not UTF-8 from byte {} of the field on", e.valid_up_to() + 1),
            )
        })?;
        if !text.trim().is_empty() {
            fields.insert(name.clone(), Value::String(text.trim().to_owned()));
        }
    }
    Ok(Value::Object(fields))
}

fn says(at: &At<'_>) -> Result<Event, Problem> {
    let number = at.get("award_procurement_id").needed("an award is known by it")?;
    let text = |name: &str| at.get(name).text().unwrap_or_default();
    // An order's number is its own only under the agreement it was placed under.
    let parts = ["award_agency", "ref_idv_agency", "ref_idv_procurement_id"].map(text);
    let id = ContractId::of(&[SOURCE, &parts[0], &number, &parts[1], &parts[2]]);
    match at.get("award_modification_num").needed("it tells an award from a modification")?.as_str() {
        "0" => signed(at, id, number),
        modification => amended(at, id, number, modification),
    }
}

fn signed(at: &At<'_>, contract_id: ContractId, number: String) -> Result<Event, Problem> {
    let mut value = None;
    for column in ["amount_ultimate", "amount_base_exercised_options", "amount_obligated"] {
        value = value.or(at.get(column).worth()?);
    }
    let terms = ContractTerms {
        title: at.get("description").text().or_else(|| Some(number.clone())),
        customer: Some(customer(at)),
        currency: "USD".parse().ok(),
        value,
        start: day(at, "date_effective")?,
        end: day(at, "date_complete")?,
        ..ContractTerms::default()
    };
    let signed_date = day(at, "date_signed")?;
    let signed = ContractSigned {
        contract_id,
        number,
        signed_date,
        effective_date: None,
        terms: Some(terms),
        opportunity_id: None,
        clm: None,
    };
    Ok(event::signed(SOURCE, &signed))
}

fn amended(
    at: &At<'_>,
    contract_id: ContractId,
    number: String,
    modification: &str,
) -> Result<Event, Problem> {
    let mut changes = Map::new();
    let changed = at.get("amount_ultimate").amount()?.is_some_and(|delta| !delta.value().is_zero());
    if changed && let Some(total) = at.get("amount_ultimate_total").worth()? {
        changes.insert("value".to_owned(), json!(total));
    }
    if let Some(end) = day(at, "date_complete")? {
        changes.insert("end".to_owned(), json!(end));
    }
    let series =
        modification.strip_prefix('P').and_then(|digits| digits.parse::<u32>().ok()).filter(|n| *n > 0);
    let amendment = Amendment {
        id: modification.to_owned(),
        version: series.and_then(|n| n.checked_add(1)),
        kind: AmendmentKind::Amendment,
        reason: at.get("fpds_status").text(),
        signed_date: day(at, "date_signed")?,
        // The column repeats the award's own date for most modifications.
        effective_date: None,
        changes: TermsPatch(changes),
    };
    Ok(event::amended(SOURCE, &ContractAmended { contract_id, number, amendment }))
}

/// A day of a column. Exports of some days write month, day and year, in the American order.
fn day(at: &At<'_>, column: &str) -> Result<Option<Day>, Problem> {
    let at = at.get(column);
    let text = at.text().unwrap_or_default();
    let american: Vec<&str> = text.split('/').collect();
    match american[..] {
        [month, day, year] => {
            let iso = format!("{year}-{month:0>2}-{day:0>2}");
            iso.parse()
                .map(Some)
                .map_err(|_| at.problem(format!("{text:?} is no date; expected 2026-01-31 or 01/31/2026")))
        }
        _ => at.day(),
    }
}

fn customer(at: &At<'_>) -> PartyFacts {
    let agency = at.get("award_agency").text();
    PartyFacts {
        name: at.get("agency").text(),
        country: Some("US".to_owned()),
        identifiers: agency
            .iter()
            .map(|id| Identifier { scheme: "US-FPDS-AGENCY".to_owned(), id: id.clone() })
            .collect(),
        address: None,
        source: agency.map(|id| Source { system: SOURCE.to_owned(), id }),
    }
}

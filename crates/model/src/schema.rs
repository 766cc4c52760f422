//! JSON Schemas (2020-12) of everything the hub keeps and takes, made from the types.
//!
//! They are committed under `schemas/` for those who write flows, adapters and senders; a test holds the files against
//! the types. A schema can't say everything: that a currency exists and that a date is one is said by [`EventType::check`].

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    Activation, BillingSchedule, Contract, ContractAmended, ContractSigned, ContractTerms, ContractVersion,
    Customer, CustomerDuplicate, CustomerKey, CustomerSource, DocumentReference, FactsSupplied, Invoice,
    InvoiceRecorded, LegalEntity, Opportunity, Problem, Project, VersionRecorded, decode,
};

/// An opportunity has come up or changed its stage.
pub const OPPORTUNITY_CHANGED: &str = "throughline.opportunity.changed.v1";
/// A contract has been signed.
pub const CONTRACT_SIGNED: &str = "throughline.contract.signed.v1";
/// A contract has been amended, or its record corrected.
pub const CONTRACT_AMENDED: &str = "throughline.contract.amended.v1";
/// Facts that a signed contract lacked have been supplied.
pub const FACTS_SUPPLIED: &str = "throughline.contract.facts-supplied.v1";
/// A contract's records stand in every target.
pub const CONTRACT_ACTIVATED: &str = "throughline.contract.activated.v1";
/// A version of a contract has been recorded.
pub const VERSION_RECORDED: &str = "throughline.contract.version-recorded.v1";
/// An invoice is known.
pub const INVOICE_RECORDED: &str = "throughline.invoice.recorded.v1";

/// A type of event whose data we know.
#[derive(Clone, Copy)]
pub struct EventType {
    /// CloudEvents `type`.
    pub type_: &'static str,
    schema: fn(&str) -> Value,
    check: fn(&Value) -> Result<(), Problem>,
}

/// Every type of event whose data we know.
pub const EVENTS: [EventType; 7] = [
    event::<Opportunity>(OPPORTUNITY_CHANGED),
    event::<ContractSigned>(CONTRACT_SIGNED),
    event::<ContractAmended>(CONTRACT_AMENDED),
    event::<FactsSupplied>(FACTS_SUPPLIED),
    event::<Activation>(CONTRACT_ACTIVATED),
    event::<VersionRecorded>(VERSION_RECORDED),
    event::<InvoiceRecorded>(INVOICE_RECORDED),
];

const fn event<T: JsonSchema + DeserializeOwned>(type_: &'static str) -> EventType {
    EventType { type_, schema: schema_of::<T>, check: |value| decode::<T>(value).map(drop) }
}

impl EventType {
    /// Schema of the event's data.
    pub fn schema(&self) -> Value {
        (self.schema)(self.type_)
    }

    /// Whether the data is what the type says, beyond what a schema can say.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn check(&self, data: &Value) -> Result<(), Problem> {
        (self.check)(data)
    }
}

/// Schemas of the records, by noun.
pub fn records() -> Vec<(&'static str, Value)> {
    vec![
        record::<Activation>("activation"),
        record::<BillingSchedule>("billing-schedule"),
        record::<Contract>("contract"),
        record::<ContractTerms>("contract-terms"),
        record::<ContractVersion>("contract-version"),
        record::<Customer>("customer"),
        record::<CustomerDuplicate>("customer-duplicate"),
        record::<CustomerKey>("customer-key"),
        record::<CustomerSource>("customer-source"),
        record::<DocumentReference>("document-reference"),
        record::<Invoice>("invoice"),
        record::<LegalEntity>("legal-entity"),
        record::<Opportunity>("opportunity"),
        record::<Project>("project"),
    ]
}

fn record<T: JsonSchema>(noun: &'static str) -> (&'static str, Value) {
    (noun, schema_of::<T>(noun))
}

/// Every schema with the name of its file under `schemas/`.
pub fn files() -> Vec<(String, Value)> {
    let records = records().into_iter().map(|(noun, schema)| (format!("{noun}.json"), schema));
    let events = EVENTS.iter().map(|e| (format!("{}.json", e.type_), e.schema()));
    records.chain(events).collect()
}

fn schema_of<T: JsonSchema>(name: &str) -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    let mut headed = Map::new();
    headed.insert("$schema".to_owned(), schema["$schema"].clone());
    headed.insert("$id".to_owned(), json!(format!("urn:throughline:schema:{name}")));
    headed.insert("title".to_owned(), json!(name));
    if let Value::Object(rest) = schema {
        headed.extend(rest.into_iter().filter(|(key, _)| key != "title" && key != "$schema"));
    }
    Value::Object(headed)
}

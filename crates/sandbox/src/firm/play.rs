//! The year passes: sales works in the CRM, day by day; signatories and legal work in the CLM until the sandbox stops.
//!
//! Where the play stands is kept in the simulators' own journals, so it goes on after a restart where it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::deals::{Deal, Defect, Line, Outcome, PRICED};
use super::{Account, DAYS, Firm, people};
use crate::error::Error;
use crate::salesforce;
use crate::sandbox::Sandbox;
use crate::site::Site;
use crate::world::World;

const PLAY: &str = "_play";
const YEAR: &str = "year";
/// Days after the close on which someone repairs the facts of a deal.
const REPAIRED_AFTER_DAYS: u32 = 20;

/// How far the year has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The day, from 0 to [`DAYS`].
    pub day: u32,
    /// Opportunities in the CRM.
    pub opportunities: usize,
    /// Opportunities there will be.
    pub opportunities_planned: usize,
    /// Won so far.
    pub won: usize,
    /// Lost so far.
    pub lost: usize,
    /// Contracts and amendments signed.
    pub signed: u64,
    /// Contracts declined by a signatory.
    pub declined: u64,
    /// Amendments made by legal.
    pub amended: u64,
    /// Envelopes out for signature, and amendments that legal will still make.
    pub unsettled: usize,
}

impl Sandbox {
    /// Lets the firm's year pass; returns when it has. The people go on signing and amending what the hub sends them;
    /// [`Sandbox::unsettled`] tells how much they have left to do.
    ///
    /// # Errors
    /// When a journal cannot be written, or the CRM refuses what sales enters.
    pub async fn play(
        &self,
        firm: Firm,
        mut progress: impl FnMut(&Progress) + Send,
    ) -> Result<Progress, Error> {
        let (Some(crm), Some(clm)) = (self.site("salesforce"), self.site("docusign")) else {
            return Ok(Progress::default());
        };
        if self.people_begin() {
            tokio::spawn(people::work(Arc::clone(clm), Arc::clone(crm), firm.seed, self.stopped()));
        }
        let steps = steps(&firm);
        let (today, reached) = crm.with(begun)?;
        for day in reached..=DAYS {
            crm.with(|world| {
                // What a killed process had begun of this day is not done twice.
                for (deal, step) in steps.get(&day).into_iter().flatten() {
                    work(world, &firm, *deal, step, today)?;
                }
                world.put(PLAY, YEAR, json!({"today": today.to_string(), "day": day}));
                Ok::<(), Error>(())
            })??;
            progress(&so_far(clm, &firm, day));
            if day < DAYS {
                tokio::time::sleep(firm.day).await;
            }
        }
        Ok(so_far(clm, &firm, DAYS))
    }

    /// Envelopes out for signature, and amendments that legal will still make.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.site("docusign").map_or(0, |clm| clm.read(super::unsettled))
    }
}

/// The first day of the play, kept, and the day that has been reached.
fn begun(world: &mut World) -> (Date, u32) {
    let now = world.now().to_zoned(TimeZone::UTC).date();
    let kept = world.get(PLAY, YEAR).cloned().unwrap_or_default();
    let today = kept["today"].as_str().and_then(|text| text.parse().ok()).unwrap_or(now);
    let day = kept["day"].as_u64().and_then(|day| u32::try_from(day).ok()).unwrap_or(0);
    (today, day)
}

fn so_far(clm: &Site, firm: &Firm, day: u32) -> Progress {
    let mut progress = Progress { day, opportunities_planned: firm.deals.len(), ..Progress::default() };
    for deal in &firm.deals {
        let done = deal.stages.iter().filter(|(at, _)| *at <= day).count();
        progress.opportunities += usize::from(done > 0);
        let closed = done == deal.stages.len();
        progress.won += usize::from(closed && deal.outcome == Outcome::Won);
        progress.lost += usize::from(closed && deal.outcome == Outcome::Lost);
    }
    clm.read(|world| {
        progress.signed = world.count(people::SIGNED);
        progress.declined = world.count(people::DECLINED);
        progress.amended = world.count(people::AMENDED);
        progress.unsettled = super::unsettled(world);
    });
    progress
}

/// Something that sales does to a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Moves it into its n-th stage.
    Stage(usize),
    /// Puts right what was wrong with it.
    Repair,
}

/// What sales does, by day.
fn steps(firm: &Firm) -> BTreeMap<u32, Vec<(usize, Step)>> {
    let mut steps: BTreeMap<u32, Vec<(usize, Step)>> = BTreeMap::new();
    for (number, deal) in firm.deals.iter().enumerate() {
        for (place, (day, _)) in deal.stages.iter().enumerate() {
            steps.entry(*day).or_default().push((number, Step::Stage(place)));
        }
        if let (Some((_, true)), Some((closed, _)), Outcome::Won) =
            (deal.defect, deal.stages.last(), deal.outcome)
        {
            let day = (closed + REPAIRED_AFTER_DAYS).min(DAYS);
            steps.entry(day).or_default().push((number, Step::Repair));
        }
    }
    steps
}

fn work(world: &mut World, firm: &Firm, number: usize, step: &Step, today: Date) -> Result<(), Error> {
    let deal = &firm.deals[number];
    let key = format!("deal-{number}");
    let kept = world.get(PLAY, &key).cloned().unwrap_or(json!({"done": 0}));
    let done = kept["done"].as_u64().and_then(|done| usize::try_from(done).ok()).unwrap_or(0);
    let place = match step {
        Step::Stage(place) => *place,
        Step::Repair => deal.stages.len(),
    };
    if place < done {
        return Ok(());
    }
    let id = match kept["id"].as_str() {
        Some(id) => id.to_owned(),
        None => open(world, firm, deal, today)?,
    };
    match step {
        Step::Stage(place) => move_to(world, deal, &id, *place, today)?,
        Step::Repair => repair(world, deal, &id, today)?,
    }
    world.put(PLAY, &key, json!({"id": id, "done": place + 1}));
    Ok(())
}

fn entered(result: Result<String, String>) -> Result<String, Error> {
    result.map_err(Error::Play)
}

/// Enters a deal, and its account when it is the first for it.
fn open(world: &mut World, firm: &Firm, deal: &Deal, today: Date) -> Result<String, Error> {
    let account = account(world, deal.account, &firm.accounts[deal.account])?;
    let name = format!("{}: {}", firm.accounts[deal.account].name, deal.title);
    let (first_day, stage) = deal.stages[0];
    let fields = json!({
        "Name": name, "AccountId": account, "StageName": stage, "CloseDate": close_date(deal, today),
        "CurrencyIsoCode": deal.region.currency(), "Region__c": deal.region.name(),
        "Service_Line__c": deal.service_line, "Legal_Entity__c": deal.region.legal_entity(),
        "NextStep": format!("Entered on day {first_day}"),
    });
    entered(salesforce::create(world, "Opportunity", fields))
}

fn account(world: &mut World, number: usize, account: &Account) -> Result<String, Error> {
    let key = format!("account-{number}");
    if let Some(id) = world.get(PLAY, &key).and_then(|kept| kept["id"].as_str()) {
        return Ok(id.to_owned());
    }
    let (scheme, tax_id) = account.tax_id.clone().unzip();
    let fields = json!({
        "Name": account.name, "BillingStreet": account.street, "BillingCity": account.city,
        "BillingPostalCode": account.postal_code, "BillingCountry": account.country,
        "Country_Code__c": account.country, "Tax_Id__c": tax_id, "Tax_Id_Scheme__c": scheme,
        "DunsNumber": account.duns, "Type": "Customer",
    });
    let id = entered(salesforce::create(world, "Account", fields))?;
    world.put(PLAY, &key, json!({"id": id}));
    Ok(id)
}

/// The day on which the deal closes, in the year that ends today.
fn close_date(deal: &Deal, today: Date) -> String {
    let day = deal.stages.last().map_or(DAYS, |(day, _)| *day);
    let date = today.saturating_sub(i64::from(DAYS - day).days());
    date.to_string()
}

fn move_to(world: &mut World, deal: &Deal, id: &str, place: usize, today: Date) -> Result<(), Error> {
    let stage = deal.stages[place].1;
    let priced = deal.stages[..=place].iter().any(|(_, stage)| *stage == PRICED);
    let first_priced = priced && stage == PRICED;
    let mut fields = json!({"StageName": stage, "CloseDate": close_date(deal, today)});
    if first_priced {
        let (start, end) = term(deal, today);
        let sound = |defect: Defect| deal.defect.is_none_or(|(known, _)| known != defect);
        fields["Start_Date__c"] = if sound(Defect::NoStart) { json!(start.to_string()) } else { Value::Null };
        fields["End_Date__c"] = json!(end.to_string());
        fields["Payment_Terms_Days__c"] =
            if sound(Defect::LongPaymentTerms) { json!(deal.payment_terms_days) } else { json!(120) };
        if !sound(Defect::UnknownLegalEntity) {
            fields["Legal_Entity__c"] = json!("NL");
        }
        fields["Purchase_Order__c"] = json!(deal.purchase_order);
        for line in &deal.lines {
            let line = fields_of(world, line, id, start);
            entered(salesforce::create(world, "OpportunityLineItem", line))?;
        }
    }
    salesforce::update(world, "Opportunity", id, fields).map_err(Error::Play)
}

/// The first and the last day of work.
fn term(deal: &Deal, today: Date) -> (Date, Date) {
    let start = today.first_of_month().saturating_add(deal.starts_in_months.months());
    (start, start.saturating_add(deal.months.months()).saturating_sub(1.day()))
}

fn fields_of(world: &World, line: &Line, opportunity: &str, start: Date) -> Value {
    let money = |cents: i64| json!(cents as f64 / 100.0);
    json!({
        "OpportunityId": opportunity, "PricebookEntryId": salesforce::price_of(world, line.product),
        "Quantity": line.quantity, "UnitPrice": money(line.unit_cents), "Description": line.description,
        "Billing_Model__c": line.model, "Role__c": line.role, "Hours__c": line.hours, "Period__c": line.period,
        "Trigger__c": line.trigger, "Cap__c": line.cap_cents.map(money),
        "ServiceDate": line.due_months.map(|months| start.saturating_add(months.months()).to_string()),
    })
}

/// What was wrong is put right.
fn repair(world: &mut World, deal: &Deal, id: &str, today: Date) -> Result<(), Error> {
    let fields = match deal.defect {
        Some((Defect::LongPaymentTerms, _)) => json!({"Payment_Terms_Days__c": deal.payment_terms_days}),
        Some((Defect::UnknownLegalEntity, _)) => json!({"Legal_Entity__c": deal.region.legal_entity()}),
        Some((Defect::NoStart, _)) => json!({"Start_Date__c": term(deal, today).0.to_string()}),
        Some((Defect::NoRate, _)) => {
            let unpriced = |line: &Value| line["OpportunityId"] == id && line["UnitPrice"] == 0.0;
            let lines: Vec<String> = world
                .all("OpportunityLineItem")
                .filter(|(_, line)| unpriced(line))
                .map(|(id, _)| id.to_owned())
                .collect();
            for line in lines {
                salesforce::update(world, "OpportunityLineItem", &line, json!({"UnitPrice": 150.0}))
                    .map_err(Error::Play)?;
            }
            json!({"NextStep": "Rates agreed"})
        }
        None => return Ok(()),
    };
    salesforce::update(world, "Opportunity", id, fields).map_err(Error::Play)
}

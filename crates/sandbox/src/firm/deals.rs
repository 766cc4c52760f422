//! Opportunities: what is sold to whom, when it moves, how it ends.

use rand::Rng;

use super::names::one;
use super::{Region, registers};

/// How an opportunity ends within the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Closed Won.
    Won,
    /// Closed Lost.
    Lost,
    /// Still open when the year ends.
    Open,
}

/// What is wrong with an opportunity's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Payment terms longer than a policy lets pass.
    LongPaymentTerms,
    /// A legal entity that the firm does not have.
    UnknownLegalEntity,
    /// A role sold without a rate.
    NoRate,
    /// No start date.
    NoStart,
}

/// One line of an opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product's code: TM, FF, RT, MS or EX.
    pub product: &'static str,
    /// The billing model as the CRM names it.
    pub model: &'static str,
    /// What is sold.
    pub description: String,
    /// Units: hours, periods, or one.
    pub quantity: i64,
    /// Price of a unit, in minor units.
    pub unit_cents: i64,
    /// The role, for time and materials.
    pub role: Option<&'static str>,
    /// Estimated or included hours.
    pub hours: Option<i64>,
    /// When it is due, in months after the start.
    pub due_months: Option<i32>,
    /// Monthly or Quarterly.
    pub period: Option<&'static str>,
    /// Date or Acceptance.
    pub trigger: Option<&'static str>,
    /// The cap, in minor units.
    pub cap_cents: Option<i64>,
}

/// An opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The account's place in [`super::Firm::accounts`].
    pub account: usize,
    /// The name, behind the account's.
    pub title: String,
    /// The region that sells it.
    pub region: Region,
    /// The service line.
    pub service_line: &'static str,
    /// Its stages with the day of the year on which each begins.
    pub stages: Vec<(u32, &'static str)>,
    /// How it ends.
    pub outcome: Outcome,
    /// Months from the first day of work to the last.
    pub months: i32,
    /// Months from today to the first day of work, which is a month's first.
    pub starts_in_months: i32,
    /// Payment terms.
    pub payment_terms_days: i64,
    /// The customer's order, where there is one.
    pub purchase_order: Option<String>,
    /// What is wrong with it, and whether someone puts it right within the year.
    pub defect: Option<(Defect, bool)>,
    /// What is sold.
    pub lines: Vec<Line>,
}

const SERVICE_LINES: [(&str, &[&str]); 5] = [
    ("Strategy", &["Operating model review", "Market entry study", "Cost programme"]),
    ("Technology", &["ERP rollout", "Platform renewal", "Integration programme"]),
    ("Cloud Operations", &["Cloud migration", "Service desk", "Managed hosting"]),
    ("Risk and Compliance", &["Audit readiness", "Controls testing", "Privacy programme"]),
    ("Data and Analytics", &["Data platform", "Reporting factory", "Forecasting models"]),
];

/// Roles with their hourly rate in EUR.
const ROLES: [(&str, i64); 4] = [("Partner", 320), ("Principal", 240), ("Consultant", 165), ("Analyst", 110)];

const PIPELINE: [&str; 5] =
    ["Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review"];

/// The stage from which on an opportunity carries its lines.
pub(super) const PRICED: &str = "Proposal/Price Quote";

/// Assumed, not measured: won, lost, and the rest still open.
const WON: f64 = 0.45;
const LOST: f64 = 0.35;
const DEFECTIVE: f64 = 0.06;
const REPAIRED: f64 = 0.5;

/// An opportunity for an account of this region.
pub(super) fn generate(rng: &mut impl Rng, account: usize, region: Region) -> Deal {
    let (service_line, titles) = one(rng, &SERVICE_LINES);
    let outcome = match rng.random::<f64>() {
        share if share < WON => Outcome::Won,
        share if share < WON + LOST => Outcome::Lost,
        _ => Outcome::Open,
    };
    let months = registers::months(rng.random());
    let amount = registers::amount_eur(rng.random()) * region.per_euro();
    let mut lines = lines(rng, amount, months, region);
    let defect = rng.random_bool(DEFECTIVE).then(|| {
        let defects = [Defect::LongPaymentTerms, Defect::UnknownLegalEntity, Defect::NoRate, Defect::NoStart];
        (one(rng, &defects), rng.random_bool(REPAIRED))
    });
    let defect = defect.filter(|(defect, _)| *defect != Defect::NoRate || make_rateless(&mut lines));
    Deal {
        account,
        title: one(rng, titles).to_owned(),
        region,
        service_line,
        stages: stages(rng, outcome),
        outcome,
        months,
        starts_in_months: rng.random_range(1..=3),
        payment_terms_days: one(rng, &[14, 30, 30, 30, 45, 60]),
        purchase_order: rng.random_bool(0.85).then(|| format!("PO-{}", rng.random_range(100_000..999_999))),
        defect,
        lines,
    }
}

/// Takes the price from a role; whether there was one.
fn make_rateless(lines: &mut [Line]) -> bool {
    let line = lines.iter_mut().find(|line| line.product == "TM");
    line.map(|line| line.unit_cents = 0).is_some()
}

/// Stages over the year: a sales cycle of two to eight months that begins at any time.
fn stages(rng: &mut impl Rng, outcome: Outcome) -> Vec<(u32, &'static str)> {
    let cycle = rng.random_range(60..240_u32);
    let begin = match outcome {
        Outcome::Open => super::DAYS - rng.random_range(10..cycle),
        _ => rng.random_range(0..super::DAYS - cycle),
    };
    let first = rng.random_range(0..2);
    let reached = match outcome {
        Outcome::Won => PIPELINE.len(),
        Outcome::Lost | Outcome::Open => rng.random_range(first + 1..=PIPELINE.len()),
    };
    let steps = u32::try_from(PIPELINE.len()).unwrap_or(5) + 1;
    let mut stages: Vec<(u32, &'static str)> = Vec::new();
    for (place, stage) in (0..).zip(&PIPELINE[first..reached]) {
        let day = begin + cycle * place / steps;
        if day < super::DAYS {
            stages.push((day, stage));
        }
    }
    match outcome {
        Outcome::Won => stages.push((begin + cycle, "Closed Won")),
        Outcome::Lost => stages.push((begin + cycle, "Closed Lost")),
        Outcome::Open => {}
    }
    stages
}

fn lines(rng: &mut impl Rng, amount: f64, months: i32, region: Region) -> Vec<Line> {
    match rng.random_range(0..100) {
        0..30 => {
            let mut lines = time_and_materials(rng, amount, region);
            if rng.random_bool(0.3) {
                lines.push(expenses(amount * 0.08));
            }
            lines
        }
        30..45 => fixed(rng, amount, months, "Date"),
        45..60 => fixed(rng, amount, months, "Acceptance"),
        60..72 => vec![recurring(amount, months, "RT", "Retainer", "Monthly")],
        72..84 if months % 3 == 0 => vec![recurring(amount, months, "MS", "Managed Service", "Quarterly")],
        72..84 => vec![recurring(amount, months, "MS", "Managed Service", "Monthly")],
        _ => {
            let mut lines = fixed(rng, amount * 0.5, months, "Acceptance");
            lines.extend(time_and_materials(rng, amount * 0.42, region));
            lines.push(expenses(amount * 0.08));
            lines
        }
    }
}

fn line(product: &'static str, model: &'static str, description: impl Into<String>) -> Line {
    Line {
        product,
        model,
        description: description.into(),
        quantity: 1,
        unit_cents: 0,
        role: None,
        hours: None,
        due_months: None,
        period: None,
        trigger: None,
        cap_cents: None,
    }
}

fn cents(amount: f64) -> i64 {
    // Amounts are below ten million: nothing is cut off.
    (amount * 100.0).round() as i64
}

fn time_and_materials(rng: &mut impl Rng, amount: f64, region: Region) -> Vec<Line> {
    let first = rng.random_range(0..ROLES.len());
    let roles = &ROLES[first..(first + rng.random_range(1..=2)).min(ROLES.len())];
    let share = amount / roles.len() as f64;
    let sell = |(role, rate): &(&'static str, i64)| {
        let unit = ((*rate as f64) * region.per_euro()).round();
        let hours = ((share / unit).round() as i64).max(8);
        let cap = rng.random_bool(0.5).then(|| {
            let room = if rng.random_bool(0.05) { 0.9 } else { 1.1 };
            cents((hours as f64 * unit * room).ceil())
        });
        let mut line = line("TM", "Time and Materials", format!("{role}, by the hour"));
        line.quantity = hours;
        line.unit_cents = cents(unit);
        line.role = Some(role);
        line.hours = Some(hours);
        line.cap_cents = cap;
        line
    };
    roles.iter().map(sell).collect()
}

fn fixed(rng: &mut impl Rng, amount: f64, months: i32, trigger: &'static str) -> Vec<Line> {
    let parts = rng.random_range(1..=months.clamp(1, 6));
    let total = cents(amount);
    let each = total / i64::from(parts);
    (1..=parts)
        .map(|part| {
            let what = if trigger == "Date" { "Instalment" } else { "Milestone" };
            let mut line = line("FF", "Fixed Fee", format!("{what} {part} of {parts}"));
            // The last takes what is left.
            line.unit_cents = if part == parts { total - each * i64::from(parts - 1) } else { each };
            line.due_months = Some((months * part / parts).min(months - 1).max(0));
            line.trigger = Some(trigger);
            line
        })
        .collect()
}

fn recurring(
    amount: f64,
    months: i32,
    product: &'static str,
    model: &'static str,
    period: &'static str,
) -> Line {
    let periods = if period == "Quarterly" { months / 3 } else { months };
    let fee = cents((amount / f64::from(periods)).round());
    let mut line = line(product, model, format!("{model}, {}", period.to_lowercase()));
    line.quantity = i64::from(periods);
    line.unit_cents = fee;
    line.period = Some(period);
    line.hours = (product == "RT").then(|| (fee / 16_500).max(4));
    line
}

fn expenses(amount: f64) -> Line {
    let mut line = line("EX", "Expenses", "Travel and expenses at cost");
    line.unit_cents = cents(amount.round());
    line.cap_cents = Some(line.unit_cents);
    line
}

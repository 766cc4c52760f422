//! Billing arrangements of a contract become one schedule.
//!
//! Guarantees: the lines of a fixed price sum to it to the minor unit (B3), every amount is a whole number of minor
//! units, lines stand in order of their dates, and a line keeps its id when others come and go. Deliberately absent:
//! what is billed for recorded work (B1, B2), which no schedule made at activation can know.

mod fixed_fee;
mod managed_service;
mod retainer;
mod term;
mod time_and_materials;

use crate::decimal::NotADecimal;
use crate::{
    Amount, BillingArrangement, BillingSchedule, BillingScheduleId, ContractTerms, ContractVersion, Currency,
    Day, FixedFee, LineKind, LineTrigger, MilestoneId, ScheduleLine, ScheduleLineId, Trigger,
};

pub use term::{OPEN_TERM_MONTHS, Term};
pub(crate) use time_and_materials::estimate;

/// Lines of one schedule.
pub const LINES_MAX: usize = 2_400;
/// Id of the arrangement that stands for a contract which states a value and no way of billing it.
pub const IMPLIED: &str = "value";

/// Why a contract gives no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A fact is missing.
    #[error("the contract states no {0}")]
    Missing(&'static str),
    /// The term ends before it starts.
    #[error("the term ends on {end}, before it starts on {start}")]
    Reversed {
        /// First day.
        start: Day,
        /// Last day.
        end: Day,
    },
    /// Two arrangements have one id.
    #[error("two billing arrangements have the id {0:?}")]
    SameId(String),
    /// Instalments claim more than there is.
    #[error("the instalments of {arrangement:?} come to more than its price of {price}")]
    Overrun {
        /// The arrangement.
        arrangement: String,
        /// Its price.
        price: Amount,
    },
    /// An instalment depends on a milestone the contract does not have.
    #[error(
        "an instalment of {arrangement:?} depends on milestone {milestone:?}, which the contract does not have"
    )]
    UnknownMilestone {
        /// The arrangement.
        arrangement: String,
        /// The milestone.
        milestone: String,
    },
    /// There would be too many lines.
    #[error("the schedule would have more than {LINES_MAX} lines")]
    TooLong,
    /// An amount is absurd.
    #[error("an amount of {arrangement:?} is absurd")]
    Amount {
        /// The arrangement.
        arrangement: String,
        /// Why.
        #[source]
        source: NotADecimal,
    },
}

/// A line before it has a number and an id.
#[derive(Debug, Clone)]
struct Draft {
    /// What tells the line from others of its arrangement, for good.
    key: String,
    kind: LineKind,
    date: Day,
    period: Option<(Day, Day)>,
    amount: Amount,
    description: String,
    milestone: Option<MilestoneId>,
    trigger: LineTrigger,
}

/// What every arrangement of a contract shares.
struct Ground<'a> {
    contract: &'a ContractVersion,
    currency: Currency,
    term: Term,
}

/// The schedule of a contract version.
///
/// # Errors
/// See [`Error`].
pub fn translate(contract: &ContractVersion) -> Result<BillingSchedule, Error> {
    let terms = &contract.terms;
    let currency = terms.currency.ok_or(Error::Missing("currency"))?;
    let start = terms.start.ok_or(Error::Missing("start date"))?;
    let ground = Ground { contract, currency, term: Term::of(start, terms.end)? };
    let arrangements = arrangements(terms);
    let mut lines: Vec<(usize, &BillingArrangement, Draft)> = Vec::new();
    for (i, arrangement) in arrangements.iter().enumerate() {
        if arrangements[..i].iter().any(|a| a.id() == arrangement.id()) {
            return Err(Error::SameId(arrangement.id().to_owned()));
        }
        lines.extend(drafts(&ground, arrangement)?.into_iter().map(|d| (i, arrangement, d)));
        if lines.len() > LINES_MAX {
            return Err(Error::TooLong);
        }
    }
    lines.sort_by_key(|(i, _, draft)| (draft.date, *i));
    let lines: Vec<_> = lines
        .into_iter()
        .zip(1..)
        .map(|((_, arrangement, draft), number)| line(contract, arrangement.id(), number, draft))
        .collect();
    let whole = terms.end.is_some() || !arrangements.iter().any(recurs);
    let total = whole.then(|| Amount::sum(lines.iter().map(|l| l.amount))).transpose();
    Ok(BillingSchedule {
        id: schedule_id(contract),
        contract_id: contract.contract_id.clone(),
        version: contract.version,
        currency,
        total: total.map_err(|source| Error::Amount { arrangement: "all".to_owned(), source })?,
        lines,
    })
}

/// Id of a contract's schedule.
fn schedule_id(contract: &ContractVersion) -> BillingScheduleId {
    BillingScheduleId::of(&["billing-schedule", contract.contract_id.as_str()])
}

/// The arrangements of the terms; a value that no arrangement prices is a fixed price.
pub(crate) fn arrangements(terms: &ContractTerms) -> Vec<BillingArrangement> {
    let mut all = terms.billing.clone();
    if all.iter().all(|a| matches!(a, BillingArrangement::Expenses(_)))
        && let Some(price) = terms.value
    {
        let staged = !terms.milestones.is_empty() && fixed_fee::milestones_fit(terms, price);
        all.push(BillingArrangement::FixedFee(FixedFee {
            id: IMPLIED.to_owned(),
            description: terms.title.clone().unwrap_or_else(|| "Services".to_owned()),
            price,
            trigger: if staged { Trigger::Acceptance } else { Trigger::Date },
            installments: Vec::new(),
        }));
    }
    all
}

fn drafts(ground: &Ground<'_>, arrangement: &BillingArrangement) -> Result<Vec<Draft>, Error> {
    match arrangement {
        BillingArrangement::TimeAndMaterials(a) => time_and_materials::drafts(ground, a),
        BillingArrangement::FixedFee(a) => fixed_fee::drafts(ground, a),
        BillingArrangement::Retainer(a) => retainer::drafts(ground, a),
        BillingArrangement::ManagedService(a) => managed_service::drafts(ground, a),
        BillingArrangement::Expenses(_) => Ok(Vec::new()),
    }
}

fn recurs(arrangement: &BillingArrangement) -> bool {
    matches!(arrangement, BillingArrangement::Retainer(_) | BillingArrangement::ManagedService(_))
}

fn line(contract: &ContractVersion, arrangement: &str, number: u32, draft: Draft) -> ScheduleLine {
    ScheduleLine {
        id: ScheduleLineId::of(&["schedule-line", contract.contract_id.as_str(), arrangement, &draft.key]),
        number,
        arrangement: arrangement.to_owned(),
        kind: draft.kind,
        date: draft.date,
        period_start: draft.period.map(|p| p.0),
        period_end: draft.period.map(|p| p.1),
        amount: draft.amount,
        description: draft.description,
        milestone: draft.milestone,
        trigger: draft.trigger,
    }
}

/// Id of a contract's milestone.
pub fn milestone_id(contract: &ContractVersion, milestone: &str) -> MilestoneId {
    MilestoneId::of(&["milestone", contract.contract_id.as_str(), milestone])
}

/// A function that turns a number's refusal into an error of an arrangement.
fn absurd(arrangement: &str) -> impl Fn(NotADecimal) -> Error {
    move |source| Error::Amount { arrangement: arrangement.to_owned(), source }
}

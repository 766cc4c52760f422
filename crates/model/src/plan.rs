//! The project that delivers a contract, with its work breakdown.
//!
//! A fixed price becomes a deliverable, each role of time and materials a task, a retainer or a managed service one task
//! of the service line; expenses are no work. A milestone hangs under the deliverable whose instalment depends on it.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::billing::{self, milestone_id};
use crate::decimal::NotADecimal;
use crate::money::RoundingPoint;
use crate::{
    Amount, BillingArrangement, BillingSchedule, ContractVersion, Currency, CustomerId, Day, LegalEntity,
    Milestone, Project, ProjectId, WorkPackage, WorkPackageId, WorkPackageKind,
};

/// Why a contract gives no project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its schedule can't be made, so there is no budget.
    #[error("the contract can't be planned")]
    Billing(#[from] billing::Error),
    /// An amount is absurd.
    #[error("a budget is absurd")]
    Amount(#[from] NotADecimal),
}

/// The project of a contract.
///
/// # Errors
/// See [`Error`].
pub fn project(
    contract: &ContractVersion,
    customer: &CustomerId,
    entity: &LegalEntity,
) -> Result<Project, Error> {
    let schedule = billing::translate(contract)?;
    let terms = &contract.terms;
    let start = terms.start.ok_or(billing::Error::Missing("start date"))?;
    Ok(Project {
        id: ProjectId::of(&["project", contract.contract_id.as_str()]),
        contract_id: contract.contract_id.clone(),
        name: terms.title.clone().filter(|t| !t.trim().is_empty()).unwrap_or_else(|| contract.number.clone()),
        customer_id: customer.clone(),
        legal_entity: entity.code.clone(),
        currency: schedule.currency,
        budget: terms.value.or(schedule.total),
        start,
        end: terms.end,
        work_packages: packages(contract, &schedule)?,
    })
}

fn packages(contract: &ContractVersion, schedule: &BillingSchedule) -> Result<Vec<WorkPackage>, Error> {
    let terms = &contract.terms;
    let mut packages = Vec::new();
    for arrangement in billing::arrangements(terms) {
        let billed = schedule.lines.iter().filter(|l| l.arrangement == arrangement.id());
        let billed = Amount::sum(billed.map(|l| l.amount))?;
        match &arrangement {
            BillingArrangement::FixedFee(fee) => {
                packages.push(package(
                    contract,
                    fee.id.as_str(),
                    &fee.description,
                    WorkPackageKind::Deliverable,
                    terms.end,
                    Some(billed),
                ));
            }
            BillingArrangement::TimeAndMaterials(work) => {
                for rate in &work.rates {
                    let budget = match rate.estimated_hours {
                        Some(hours) => Some(labour(schedule.currency, hours.value(), rate.rate.value())?),
                        None if work.rates.len() == 1 => Some(billed).filter(|b| *b != Amount::ZERO),
                        None => None,
                    };
                    let key = format!("{}\u{1e}{}", work.id, rate.role);
                    let title = format!("{}: {}", work.description, rate.role);
                    packages.push(package(contract, &key, &title, WorkPackageKind::Task, terms.end, budget));
                }
            }
            BillingArrangement::Retainer(_) | BillingArrangement::ManagedService(_) => {
                let title = match &terms.service_line {
                    Some(line) => format!("{line}: {}", arrangement.description()),
                    None => arrangement.description().to_owned(),
                };
                let budget = schedule.total.map(|_| billed);
                packages.push(package(
                    contract,
                    arrangement.id(),
                    &title,
                    WorkPackageKind::Task,
                    terms.end,
                    budget,
                ));
            }
            BillingArrangement::Expenses(_) => {}
        }
    }
    for milestone in &terms.milestones {
        packages.push(milestone_package(contract, schedule, milestone)?);
    }
    // Registers repeat milestones, and two rates of one role are one task.
    let mut seen = BTreeSet::new();
    packages.retain(|p: &WorkPackage| seen.insert(p.id.clone()));
    Ok(packages)
}

fn package(
    contract: &ContractVersion,
    key: &str,
    title: &str,
    kind: WorkPackageKind,
    due: Option<Day>,
    budget: Option<Amount>,
) -> WorkPackage {
    let title = if title.trim().is_empty() { contract.number.clone() } else { title.to_owned() };
    WorkPackage { id: package_id(contract, key), title, kind, parent: None, due, budget }
}

fn package_id(contract: &ContractVersion, key: &str) -> String {
    WorkPackageId::of(&["work-package", contract.contract_id.as_str(), key]).to_string()
}

fn milestone_package(
    contract: &ContractVersion,
    schedule: &BillingSchedule,
    milestone: &Milestone,
) -> Result<WorkPackage, Error> {
    let id = milestone_id(contract, &milestone.id);
    let lines = || schedule.lines.iter().filter(|l| l.milestone.as_ref() == Some(&id));
    let billed = Amount::sum(lines().map(|l| l.amount))?;
    let parent = lines().next().map(|l| l.arrangement.clone()).or_else(|| only_deliverable(contract));
    let title =
        if milestone.title.trim().is_empty() { milestone.id.clone() } else { milestone.title.clone() };
    Ok(WorkPackage {
        id: id.to_string(),
        title,
        kind: WorkPackageKind::Milestone,
        parent: parent.map(|key| package_id(contract, &key)),
        due: milestone.due,
        budget: Some(billed).filter(|_| lines().next().is_some()).or(milestone.amount),
    })
}

/// The deliverable a milestone belongs to when no instalment says so: the only one there is.
fn only_deliverable(contract: &ContractVersion) -> Option<String> {
    let arrangements = billing::arrangements(&contract.terms);
    let mut fees = arrangements.iter().filter(|a| matches!(a, BillingArrangement::FixedFee(_)));
    match (fees.next(), fees.next()) {
        (Some(only), None) => Some(only.id().to_owned()),
        _ => None,
    }
}

fn labour(currency: Currency, hours: Decimal, rate: Decimal) -> Result<Amount, NotADecimal> {
    let cost = hours.checked_mul(rate).ok_or(NotADecimal::Range(Decimal::MAX))?;
    currency.round(cost, RoundingPoint::Budget)
}

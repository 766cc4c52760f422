//! Contracts: signatures, amendments, corrections and what was paid.

use serde_json::{Map, Value, json};
use throughline_model::{
    Amendment, AmendmentKind, ContractAmended, ContractId, ContractSigned, ContractTerms, Currency, Day,
    Document, Event, Milestone, Problem, TermsPatch,
};

use super::{Release, SOURCE, milestone, party, transaction};
use crate::import::event;
use crate::import::facts::At;

/// Everything a release says of one contract.
pub(super) fn says(release: &Release<'_>, at: &At<'_>) -> Vec<Result<Event, Problem>> {
    let number = match at.get("id").needed("a contract is known by it") {
        Ok(number) => number,
        Err(problem) => return vec![Err(problem)],
    };
    let id = ContractId::of(&[SOURCE, &release.ocid, &number]);
    let facts = Facts { release, at, id, number };
    let mut says = Vec::new();
    says.extend(facts.change());
    let currency = at.get("value").get("currency").currency().ok().flatten();
    says.extend(transaction::says(&facts.id, currency, &at.get("implementation").get("transactions")));
    says
}

struct Facts<'a, 'v> {
    release: &'a Release<'v>,
    at: &'a At<'v>,
    id: ContractId,
    number: String,
}

impl Facts<'_, '_> {
    /// What the release means to the contract itself. The strongest tag counts: a release may be tagged both `contract` and
    /// `contractAmendment`, and is the latter then.
    fn change(&self) -> Option<Result<Event, Problem>> {
        let release = self.release;
        if release.is("contractTermination") {
            return Some(self.terminated());
        }
        if release.is("contractAmendment") {
            return Some(self.amended(AmendmentKind::Amendment));
        }
        if release.is("contractUpdate") {
            return Some(self.amended(AmendmentKind::Correction));
        }
        if release.is("contract") || release.is("compiled") {
            return Some(self.signed());
        }
        self.milestones_published()
    }

    fn signed(&self) -> Result<Event, Problem> {
        let terms = self.terms()?;
        // "pending" has not been signed by all, whatever date stands there.
        let pending = self.at.get("status").text().as_deref() == Some("pending");
        let signed_date = self.at.get("dateSigned").day()?.filter(|_| !pending);
        let signed = ContractSigned {
            contract_id: self.id.clone(),
            number: self.number.clone(),
            signed_date,
            effective_date: None,
            terms: Some(terms),
            opportunity_id: None,
            clm: None,
        };
        Ok(event::signed(SOURCE, &signed))
    }

    fn terms(&self) -> Result<ContractTerms, Problem> {
        let title = self.title();
        let value = self.at.get("value").get("amount").worth()?;
        let end = self.period("endDate")?;
        let milestones = self.milestones()?;
        Ok(ContractTerms {
            customer: party::customer(self.release),
            currency: self.currency()?,
            value,
            start: self.period("startDate")?,
            end,
            billing: milestone::billing(&title, value, end, &milestones),
            milestones,
            documents: documents(&self.at.get("documents")),
            title: Some(title),
            ..ContractTerms::default()
        })
    }

    fn title(&self) -> String {
        let award = self.award();
        let stated = [self.at.get("title"), self.at.get("description")];
        let found = stated.iter().find_map(At::text).or_else(|| award?.get("title").text());
        found
            .or_else(|| self.release.at.get("tender").get("title").text())
            .unwrap_or_else(|| self.number.clone())
    }

    fn currency(&self) -> Result<Option<Currency>, Problem> {
        self.at.get("value").get("currency").currency()
    }

    /// The award the contract comes from.
    fn award(&self) -> Option<At<'_>> {
        let id = self.at.get("awardID").text()?;
        self.release.at.get("awards").each().find(|a| a.get("id").text().as_ref() == Some(&id))
    }

    /// A day of the contract's period; without one, of the period it was awarded for.
    fn period(&self, day: &str) -> Result<Option<Day>, Problem> {
        match self.at.get("period").get(day).day()? {
            Some(day) => Ok(Some(day)),
            None => self.award().map_or(Ok(None), |award| award.get("contractPeriod").get(day).day()),
        }
    }

    fn milestones(&self) -> Result<Vec<Milestone>, Problem> {
        milestone::all([self.at.get("milestones"), self.at.get("implementation").get("milestones")])
    }

    fn amended(&self, kind: AmendmentKind) -> Result<Event, Problem> {
        let stated = self.at.get("amendments").each().last();
        let text = |names: [&str; 2]| names.iter().find_map(|name| stated.as_ref()?.get(name).text());
        let date = match stated.as_ref() {
            Some(amendment) => amendment.get("date").day()?,
            None => None,
        };
        let id = match kind {
            AmendmentKind::Amendment => text(["id", "releaseID"]),
            AmendmentKind::Correction => None,
        };
        let amendment = Amendment {
            id: id.unwrap_or_else(|| self.release.id.clone()),
            version: None,
            kind,
            reason: text(["rationale", "description"]),
            signed_date: date.or(self.release.at.get("date").day()?),
            effective_date: None,
            changes: self.changes()?,
        };
        Ok(self.event(amendment))
    }

    /// The terms the release states anew. A new value replaces the instalments of the old one.
    fn changes(&self) -> Result<TermsPatch, Problem> {
        let mut changes = Map::new();
        let mut put =
            |name: &str, value: Option<Value>| drop(value.map(|v| changes.insert(name.to_owned(), v)));
        let value = self.at.get("value").get("amount").worth()?;
        let end = self.at.get("period").get("endDate").day()?;
        let milestones = self.milestones()?;
        put("title", self.at.get("title").text().map(Value::String));
        put("currency", self.currency()?.map(|c| json!(c)));
        put("value", value.map(|v| json!(v)));
        put("start", self.at.get("period").get("startDate").day()?.map(|d| json!(d)));
        put("end", end.map(|d| json!(d)));
        put("billing", value.map(|_| json!(milestone::billing(&self.title(), value, end, &milestones))));
        put("milestones", (!milestones.is_empty()).then(|| json!(milestones)));
        let documents = documents(&self.at.get("documents"));
        put("documents", (!documents.is_empty()).then(|| json!(documents)));
        Ok(TermsPatch(changes))
    }

    fn terminated(&self) -> Result<Event, Problem> {
        let date = self.release.at.get("date").day()?;
        let end = self.at.get("period").get("endDate").day()?;
        let end = end.into_iter().chain(date).min();
        let changes = end.map(|day| ("end".to_owned(), json!(day))).into_iter().collect();
        Ok(self.event(Amendment {
            id: self.release.id.clone(),
            version: None,
            kind: AmendmentKind::Amendment,
            reason: Some("terminated".to_owned()),
            signed_date: date,
            effective_date: end,
            changes: TermsPatch(changes),
        }))
    }

    /// Milestones that were published while the work went on: the record of the deal is mended, the deal is what it was.
    fn milestones_published(&self) -> Option<Result<Event, Problem>> {
        let milestones = match self.milestones() {
            Ok(milestones) if milestones.is_empty() => return None,
            Ok(milestones) => milestones,
            Err(problem) => return Some(Err(problem)),
        };
        let signed_date = self.release.at.get("date").day();
        Some(signed_date.map(|signed_date| {
            self.event(Amendment {
                id: self.release.id.clone(),
                version: None,
                kind: AmendmentKind::Correction,
                reason: Some("milestones published".to_owned()),
                signed_date,
                effective_date: None,
                changes: TermsPatch([("milestones".to_owned(), json!(milestones))].into_iter().collect()),
            })
        }))
    }

    fn event(&self, amendment: Amendment) -> Event {
        let (contract_id, number) = (self.id.clone(), self.number.clone());
        event::amended(SOURCE, &ContractAmended { contract_id, number, amendment })
    }
}

fn documents(place: &At<'_>) -> Vec<Document> {
    place
        .each()
        .filter_map(|document| {
            let type_ = document.get("documentType").text();
            let url = document.get("url").text();
            let title = document.get("title").text().or_else(|| type_.clone()).or_else(|| url.clone())?;
            Some(Document { title, url, hash: None, type_ })
        })
        .collect()
}

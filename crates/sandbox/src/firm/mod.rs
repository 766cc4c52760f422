//! A professional services firm and a year of its business, made from a seed.
//!
//! Amounts, durations and amendments follow real registers (see `registers.rs`); names are made up; the shares of what is
//! won, lost and badly recorded are assumptions. [`Sandbox::play`](crate::Sandbox::play) lets the year pass.

mod accounts;
mod deals;
mod names;
mod people;
mod play;
mod registers;

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use accounts::Account;
pub use deals::{Deal, Defect, Line, Outcome};
pub use play::Progress;

pub(crate) use people::unsettled;

/// The days of a year.
pub const DAYS: u32 = 365;

/// Where the firm sells, which decides the legal entity that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// EMEA, in euros.
    Germany,
    /// EMEA, in pounds.
    Britain,
    /// The Americas, in US dollars.
    Americas,
    /// Asia and the Pacific, in Singapore dollars.
    Asia,
}

impl Region {
    const ALL: [(Self, f64); 4] =
        [(Self::Germany, 0.30), (Self::Britain, 0.20), (Self::Americas, 0.35), (Self::Asia, 0.15)];

    /// The region's name in the CRM.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Germany | Self::Britain => "EMEA",
            Self::Americas => "AMER",
            Self::Asia => "APAC",
        }
    }

    /// The legal entity that signs.
    #[must_use]
    pub fn legal_entity(self) -> &'static str {
        match self {
            Self::Germany => "DE",
            Self::Britain => "UK",
            Self::Americas => "US",
            Self::Asia => "SG",
        }
    }

    /// The currency it sells in.
    #[must_use]
    pub fn currency(self) -> &'static str {
        match self {
            Self::Germany => "EUR",
            Self::Britain => "GBP",
            Self::Americas => "USD",
            Self::Asia => "SGD",
        }
    }

    /// What a euro of the registers is worth here, roughly.
    fn per_euro(self) -> f64 {
        match self {
            Self::Germany => 1.0,
            Self::Britain => 0.86,
            Self::Americas => 1.08,
            Self::Asia => 1.45,
        }
    }
}

/// A firm and what it sells in a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firm {
    /// What it was made from; the people of [`Sandbox::play`](crate::Sandbox::play) draw from it too.
    pub seed: u64,
    /// How long a day of the year takes to play.
    pub day: Duration,
    /// Its customers.
    pub accounts: Vec<Account>,
    /// Its opportunities.
    pub deals: Vec<Deal>,
}

const DAY: Duration = Duration::from_millis(50);
/// Opportunities for each account.
const DEALS_PER_ACCOUNT: usize = 3;

impl Firm {
    /// A firm with so many opportunities; the same seed gives the same firm.
    #[must_use]
    pub fn generate(seed: u64, opportunities: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut firm = Self { seed, day: DAY, accounts: Vec::new(), deals: Vec::new() };
        let mut ranges = Vec::new();
        for (region, share) in Region::ALL {
            let count = ((opportunities as f64 * share) as usize / DEALS_PER_ACCOUNT).max(1);
            let first = firm.accounts.len();
            firm.accounts.extend(accounts::generate(&mut rng, region, count));
            ranges.push((region, first..firm.accounts.len()));
        }
        while firm.deals.len() < opportunities {
            let (region, range) = &ranges[drawn(&mut rng)];
            // The square favours the first accounts: a few customers buy again and again.
            let place = rng.random::<f64>().powi(2) * range.len() as f64;
            let account = range.start + (place as usize).min(range.len() - 1);
            firm.deals.push(deals::generate(&mut rng, account, *region));
        }
        firm
    }
}

/// The place of a region, drawn by its share.
fn drawn(rng: &mut impl Rng) -> usize {
    let mut rest = rng.random::<f64>();
    for (place, (_, share)) in Region::ALL.iter().enumerate() {
        if rest < *share {
            return place;
        }
        rest -= share;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_firm_with_all_it_must_have() {
        let firm = Firm::generate(7, 600);
        assert_eq!(firm, Firm::generate(7, 600));
        assert_ne!(firm, Firm::generate(8, 600));
        assert_eq!(firm.deals.len(), 600);
        for (region, _) in Region::ALL {
            assert!(firm.deals.iter().any(|deal| deal.region == region), "{region:?}");
            assert!(firm.deals.iter().all(|deal| firm.accounts[deal.account].region == deal.region));
        }
        for product in ["TM", "FF", "RT", "MS", "EX"] {
            assert!(
                firm.deals.iter().any(|deal| deal.lines.iter().any(|line| line.product == product)),
                "{product}"
            );
        }
        for outcome in [Outcome::Won, Outcome::Lost, Outcome::Open] {
            assert!(firm.deals.iter().any(|deal| deal.outcome == outcome), "{outcome:?}");
        }
        for defect in [Defect::LongPaymentTerms, Defect::UnknownLegalEntity, Defect::NoRate, Defect::NoStart]
        {
            let has = |deal: &Deal| deal.defect.is_some_and(|(known, _)| known == defect);
            assert!(firm.deals.iter().any(has), "{defect:?}");
        }
        assert!(firm.accounts.iter().any(|account| account.tax_id.is_none() && account.duns.is_none()));
        let days = firm.deals.iter().flat_map(|deal| &deal.stages).map(|(day, _)| *day);
        assert!(days.clone().all(|day| day < DAYS) && days.max() > Some(330));
        let sorted = |deal: &Deal| deal.stages.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        assert!(firm.deals.iter().all(|deal| !deal.stages.is_empty() && sorted(deal)));
    }

    #[test]
    fn amounts_follow_the_register() {
        let firm = Firm::generate(3, 4_000);
        let euro = |deal: &&Deal| deal.region == Region::Germany && deal.defect.is_none();
        let value =
            |deal: &Deal| deal.lines.iter().map(|line| line.quantity * line.unit_cents).sum::<i64>() / 100;
        let mut amounts: Vec<i64> = firm.deals.iter().filter(euro).map(value).collect();
        amounts.sort_unstable();
        let median = amounts[amounts.len() / 2];
        assert!((50_000..80_000).contains(&median), "{median} for a register's 62,759");
    }
}

//! How large, how long and how often changed real contracts are: figures measured on public registers.
//!
//! - French essential data of public contracts (DECP) 2019, 6,127 contracts: amounts of the 6,062 that state one, durations of
//!   all. 97 contracts carry 104 modifications: 72 of the amount, 37 of the duration, 10 of the party.
//! - US federal contract actions (FPDS), February 2025, 1,131 actions, 940 of them modifications: 135 exercised options, 68
//!   supplemental agreements within scope, 8 change orders; ceiling changes of the 133 that state one and are no termination,
//!   49 of them downwards.

/// Points of a distribution: share of the population and the value that bounds it.
type Quantiles = [(f64, f64)];

/// DECP: contract amounts in EUR.
const AMOUNTS_EUR: &Quantiles = &[
    (0.00, 2_000.0),
    (0.05, 4_525.0),
    (0.10, 9_867.57),
    (0.25, 26_460.0),
    (0.50, 62_759.0),
    (0.75, 183_985.2),
    (0.90, 500_000.0),
    (0.95, 1_000_000.0),
    (1.00, 4_000_000.0),
];

/// DECP: durations in months.
const MONTHS: &Quantiles = &[
    (0.00, 2.0),
    (0.05, 2.0),
    (0.10, 3.0),
    (0.25, 8.0),
    (0.50, 12.0),
    (0.75, 36.0),
    (0.90, 48.0),
    (1.00, 60.0),
];

/// FPDS: change of a contract's ceiling as a share of what it was.
const VALUE_CHANGES: &Quantiles = &[
    (0.00, -0.64),
    (0.05, -0.64),
    (0.10, -0.43),
    (0.25, -0.08),
    (0.50, 0.02),
    (0.75, 0.30),
    (0.90, 0.95),
    (0.95, 1.13),
    (1.00, 1.13),
];

/// FPDS: actions that change a deal's scope (options, supplemental agreements, change orders) among all actions.
pub(super) const AMENDED: f64 = (135.0 + 68.0 + 8.0) / 1_131.0;
/// DECP: modifications beyond the first, a modified contract.
pub(super) const AMENDED_AGAIN: f64 = (104.0 - 97.0) / 97.0;
/// DECP: modifications that change the amount.
pub(super) const CHANGES_VALUE: f64 = 72.0 / 104.0;
/// DECP: modifications that change the duration.
pub(super) const CHANGES_TERM: f64 = 37.0 / 104.0;
/// DECP: modifications that change the party.
pub(super) const CHANGES_PARTY: f64 = 10.0 / 104.0;

/// The amount at a share of the population.
pub(super) fn amount_eur(share: f64) -> f64 {
    between(AMOUNTS_EUR, share, |low, high, part| low * (high / low).powf(part))
}

/// The months at a share of the population.
pub(super) fn months(share: f64) -> i32 {
    // A whole number between 2 and 60: nothing is cut off.
    between(MONTHS, share, |low, high, part| low + (high - low) * part).round() as i32
}

/// The change of a value at a share of the population.
pub(super) fn value_change(share: f64) -> f64 {
    between(VALUE_CHANGES, share, |low, high, part| low + (high - low) * part)
}

fn between(points: &Quantiles, share: f64, blend: impl Fn(f64, f64, f64) -> f64) -> f64 {
    for pair in points.windows(2) {
        let ((from, low), (until, high)) = (pair[0], pair[1]);
        if share <= until {
            return blend(low, high, if until > from { (share - from) / (until - from) } else { 0.0 });
        }
    }
    points.last().map_or(0.0, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_points_are_met() {
        for (share, expected) in [(0.25, 26_460.0), (0.5, 62_759.0), (0.9, 500_000.0)] {
            assert!((amount_eur(share) - expected).abs() < 1.0, "{share}");
        }
        for (share, expected) in [(0.25, 8), (0.5, 12), (0.75, 36), (0.9, 48)] {
            assert_eq!(months(share), expected, "{share}");
        }
        assert!((value_change(0.75) - 0.30).abs() < 1e-9);
    }
}

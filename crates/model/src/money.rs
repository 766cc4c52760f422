//! Money: decimal, in an ISO 4217 currency, rounded half up to the minor unit at named points only.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Amount;
use crate::decimal::NotADecimal;

/// A currency of ISO 4217 that has a minor unit; neither a metal nor a unit of account.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// A code that is no currency one can pay in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no currency of ISO 4217; expected a code the like of \"EUR\"")]
pub struct NotACurrency(String);

impl Currency {
    /// The code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }

    /// One minor unit.
    pub fn minor_unit(self) -> Decimal {
        Decimal::new(1, self.decimals())
    }

    /// Rounds half up (away from zero) to the minor unit, at a named point.
    ///
    /// # Errors
    /// When the amount is absurdly large.
    pub fn round(self, value: Decimal, _at: RoundingPoint) -> Result<Amount, NotADecimal> {
        let mut rounded = Amount::of(value)?
            .value()
            .round_dp_with_strategy(self.decimals(), RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(self.decimals());
        Amount::of(rounded)
    }

    /// Whether an amount is a whole number of minor units.
    pub fn holds(self, amount: Amount) -> bool {
        amount.value().normalize().scale() <= self.decimals()
    }
}

/// The points at which money is rounded. Anywhere else it keeps its full precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundingPoint {
    /// Hours of one role times its rate.
    Labour,
    /// An instalment of a fixed price; the last one is the remainder and is not rounded.
    Installment,
    /// A month's share of an estimate; the last one is the remainder.
    Estimate,
    /// The fee of a period, after indexation and proration.
    Period,
    /// A stated price or fee.
    Price,
    /// What a package of work may cost.
    Budget,
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(code)
            .filter(|c| c.exponent().is_some() && !c.is_special())
            .map(Self)
            .ok_or_else(|| NotACurrency(code.chars().take(12).collect()))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code" })
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_up_to_the_currency_s_minor_unit() {
        let check = |code: &str, value: &str, want: &str| {
            let currency: Currency = code.parse().unwrap();
            let rounded = currency.round(value.parse().unwrap(), RoundingPoint::Price).unwrap();
            assert_eq!(rounded.to_string(), want, "{value} {code}");
        };
        check("EUR", "1.005", "1.01");
        check("EUR", "1.0049999", "1.00");
        check("EUR", "-1.005", "-1.01");
        check("EUR", "2", "2.00");
        check("JPY", "1234.5", "1235");
        check("KWD", "0.0005", "0.001");
        check("CLF", "1.00005", "1.0001");
    }

    #[test]
    fn only_currencies_one_can_pay_in() {
        for good in ["EUR", "USD", "GBP", "JPY", "MXN", "KWD", "CHF"] {
            assert_eq!(good.parse::<Currency>().map(Currency::code), Ok(good));
        }
        for wrong in ["", "eur", "EURO", "XXX", "XTS", "XAU", "ABC", "€", "BTC"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}

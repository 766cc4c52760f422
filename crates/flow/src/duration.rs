//! Durations: `{minutes: 5}`, `PT5M`, or an expression that gives one of these.

use jaq_json::Val;
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};

use crate::expression::{Bindings, Expression};
use crate::{Error, data};

/// A duration as written.
#[derive(Debug)]
pub(crate) enum Duration {
    Fixed(Span),
    Expression(Expression),
}

/// Names of the parts, and their limits: a century is long enough for a flow.
const PARTS: [(&str, i64); 5] = [
    ("days", 36_500),
    ("hours", 876_000),
    ("minutes", 52_560_000),
    ("seconds", 3_153_600_000),
    ("milliseconds", 3_153_600_000_000),
];

/// Names of the parts of a duration.
pub(crate) fn parts() -> impl Iterator<Item = &'static str> {
    PARTS.into_iter().map(|(name, _)| name)
}

/// Adds a part to a span.
pub(crate) fn with_part(span: Span, name: &str, amount: i64) -> Result<Span, String> {
    let Some((_, most)) = PARTS.iter().find(|(n, _)| *n == name) else {
        return Err(format!("a duration has no {name:?}"));
    };
    if !(0..=*most).contains(&amount) {
        return Err(format!("{name} has to be between 0 and {most}"));
    }
    Ok(match name {
        "days" => span.days(amount),
        "hours" => span.hours(amount),
        "minutes" => span.minutes(amount),
        "seconds" => span.seconds(amount),
        _ => span.milliseconds(amount),
    })
}

/// Parses an ISO 8601 duration.
pub(crate) fn parse(text: &str) -> Result<Span, String> {
    let text = text.trim();
    if !text.starts_with('P') {
        return Err(format!("{text:?} is not an ISO 8601 duration such as PT15M"));
    }
    let span: Span =
        text.parse().map_err(|_| format!("{text:?} is not an ISO 8601 duration such as PT15M"))?;
    if span.is_negative() {
        return Err(format!("{text:?} is negative"));
    }
    Ok(span)
}

impl Duration {
    /// How long it is, counted from now.
    pub(crate) fn length(&self, input: &Val, bindings: &dyn Bindings) -> Result<SignedDuration, Error> {
        let span = match self {
            Self::Fixed(span) => *span,
            Self::Expression(expression) => {
                let value = expression.eval(input, bindings)?;
                evaluated(&value)
                    .map_err(|e| Error::expression(format!("{e}, in ${{ {} }}", expression.text())))?
            }
        };
        let now = bindings.now().to_zoned(TimeZone::UTC);
        span.to_duration(&now).map_err(|e| Error::expression(format!("a duration out of range: {e}")))
    }

    /// When it is over, counted from now.
    pub(crate) fn due(&self, input: &Val, bindings: &dyn Bindings) -> Result<Timestamp, Error> {
        let length = self.length(input, bindings)?;
        after(bindings.now(), length)
    }
}

/// The instant a duration after another.
pub(crate) fn after(at: Timestamp, length: SignedDuration) -> Result<Timestamp, Error> {
    at.checked_add(length).map_err(|e| Error::expression(format!("a duration out of range: {e}")))
}

fn evaluated(value: &Val) -> Result<Span, String> {
    if let Some(text) = data::as_text(value) {
        return parse(text);
    }
    let Val::Obj(fields) = value else { return Err(format!("{value} is not a duration")) };
    let mut span = Span::new();
    for (name, amount) in fields.iter() {
        let name = data::as_text(name).unwrap_or_default();
        let amount = data::to_json(amount).as_i64().ok_or_else(|| format!("{name} is not a whole number"))?;
        span = with_part(span, name, amount)?;
    }
    Ok(span)
}

//! The term of a contract, cut into months and quarters.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

use super::{Error, LINES_MAX};
use crate::{Day, Period};

/// A contract without an end gets the lines of so many months; later ones follow when these run out.
pub const OPEN_TERM_MONTHS: i32 = 12;

/// First and last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// First day.
    pub start: Day,
    /// Last day; of an open term, the last day that is planned.
    pub end: Day,
    /// The last day, if the contract states one.
    pub stated_end: Option<Day>,
}

/// A run of days, both included, within a whole period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: Date,
    pub(super) last: Date,
    /// First day of the whole period.
    pub(super) period: Date,
    /// First day after the whole period.
    pub(super) next_period: Date,
}

impl Term {
    /// A term.
    ///
    /// # Errors
    /// [`Error::Reversed`].
    pub fn of(start: Day, end: Option<Day>) -> Result<Self, Error> {
        if let Some(end) = end.filter(|e| *e < start) {
            return Err(Error::Reversed { start, end });
        }
        let planned = start.date().saturating_add(OPEN_TERM_MONTHS.months()).saturating_sub(1.day());
        let end_or_planned = end.unwrap_or_else(|| clamped(planned));
        Ok(Self { start, end: end_or_planned, stated_end: end })
    }

    /// The calendar's months or quarters that the term touches.
    pub(super) fn calendar(self, period: Period) -> Result<Vec<Stretch>, Error> {
        let start = self.start.date();
        let month = (start.month() - 1) / period.months() as i8 * period.months() as i8 + 1;
        let anchor = date(start.year(), month, 1);
        self.cut(anchor, period)
    }

    /// The months or quarters counted from the term's first day.
    pub(super) fn anniversaries(self, period: Period) -> Result<Vec<Stretch>, Error> {
        self.cut(self.start.date(), period)
    }

    /// Counted from the anchor each time, so that a 31st does not become a 28th for good.
    fn cut(self, anchor: Date, period: Period) -> Result<Vec<Stretch>, Error> {
        let (start, end) = (self.start.date(), self.end.date());
        let at = |i: usize| -> Date { anchor.saturating_add(months(i as i32 * period.months())) };
        let mut stretches = Vec::new();
        for i in 0.. {
            let (this, next) = (at(i), at(i + 1));
            if this > end || this == next {
                break;
            }
            if stretches.len() == LINES_MAX {
                return Err(Error::TooLong);
            }
            let last = next.saturating_sub(1.day()).min(end);
            stretches.push(Stretch { first: this.max(start), last, period: this, next_period: next });
        }
        Ok(stretches)
    }
}

fn months(n: i32) -> Span {
    n.months()
}

/// A date as a day; one beyond the range of days is the last of them.
pub(super) fn clamped(date: Date) -> Day {
    Day::of(date)
        .unwrap_or_else(|_| Day::of(jiff::civil::date(crate::YEAR_MAX, 12, 31)).expect("within range"))
}

impl Stretch {
    pub(super) fn days(self) -> (Day, Day) {
        (clamped(self.first), clamped(self.last))
    }
}

/// Days from one date to another, the second not counted.
pub(super) fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

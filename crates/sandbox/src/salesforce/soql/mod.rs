//! SOQL, as far as integrations use it: fields through relationships, one level of sub-selects, conditions, order, limits,
//! counting. Absent: aggregates other than COUNT, GROUP BY, semi-joins, TYPEOF.

mod parser;
mod run;
mod test;
mod words;

pub(super) use parser::parse;
pub(super) use run::{matches, project};

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub(super) select: Vec<Item>,
    pub(super) from: String,
    pub(super) condition: Option<Condition>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

impl Query {
    /// Whether it only counts: `SELECT COUNT() FROM ...`.
    pub(super) fn counts(&self) -> bool {
        self.select == [Item::Count]
    }
}

/// One thing selected.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Count,
    Path(Path),
    Children(Box<Query>),
}

/// A field, through relationships: `Account.Owner.Name`. The column is where it stands, for messages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub(super) parts: Vec<String>,
    pub(super) column: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Path, Operator, Vec<Literal>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
    Date(jiff::civil::Date),
    Moment(jiff::Timestamp),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) path: Path,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

//! Pages of lists: how many, and where the next one begins.

use crate::{Kind, Problem, Refusal};

/// Entries of a page when the caller does not say.
const PAGE: usize = 50;
/// The most entries of a page.
pub(crate) const PAGE_MAX: usize = 500;

/// Entries of a page.
pub(crate) fn limit(asked: Option<usize>) -> Result<usize, Refusal> {
    match asked {
        None => Ok(PAGE),
        Some(n) if (1..=PAGE_MAX).contains(&n) => Ok(n),
        Some(n) => {
            Err(Problem::new(Kind::Malformed, format!("limit is {n}; a page holds 1 to {PAGE_MAX} entries")))
        }
    }
}

/// Cuts a list that was read with one entry too many; the cursor of the next page is that of the last entry kept.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Option<String> {
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(cursor)
}

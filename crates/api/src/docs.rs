//! `/docs/errors/{code}`: the pages that problem types name, served by the address that answered with the problem.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::{Problem, Refusal};

/// Where the pages stand.
pub(crate) const PREFIX: &str = "/docs/errors/";

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*]
    };
}

const PAGES: &[(&str, &str)] = pages![
    "T1001", "T1002", "T1003", "T1004", "T1005", "T1006", "T1007", "T1008", "T1009", "T1010", "T1011",
    "T1012", "T1013", "T1014",
];

/// The page of an error code, in Markdown.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(c, _)| *c == code).map(|(_, text)| *text)
}

pub(crate) async fn show(Path(code): Path<String>) -> Result<Response, Refusal> {
    let text = page(&code).ok_or_else(|| Problem::no("page", format_args!("explains {code:?}")))?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}

#[cfg(test)]
mod tests {
    use crate::Kind;

    #[test]
    fn every_kind_has_a_page_that_bears_its_title() {
        for kind in Kind::ALL {
            let page = super::page(kind.code()).unwrap_or_else(|| panic!("{} has no page", kind.code()));
            let heading = page.lines().next().unwrap_or_default();
            assert_eq!(heading, format!("# {}: {}", kind.code(), kind.title()));
        }
    }
}

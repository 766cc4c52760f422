//! Every code an operator may meet has a page.

use std::path::PathBuf;

use throughline_model::screening::Code;

#[test]
fn each_code_has_its_page() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in Code::ALL {
        let path = folder.join(format!("{code}.md"));
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            page.starts_with(&format!("# {code}")),
            "docs/errors/{code}.md is missing or has another title"
        );
        for heading in ["## What it means", "## What to do"] {
            assert!(page.contains(heading), "docs/errors/{code}.md lacks {heading:?}");
        }
    }
}

//! The committed schemas are those of the types. `THROUGHLINE_BLESS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use throughline_model::schema;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

#[test]
fn committed_schemas_are_fresh() {
    let bless = std::env::var_os("THROUGHLINE_BLESS").is_some();
    let mut expected = BTreeSet::new();
    for (name, schema) in schema::files() {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = folder().join(&name);
        if bless {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "schemas/{name} is not what the types say; run the test with THROUGHLINE_BLESS=1"
        );
        expected.insert(name);
    }
    let found: BTreeSet<_> =
        std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let strays: Vec<_> = found.iter().filter(|n| n.ends_with(".json") && !expected.contains(*n)).collect();
    assert!(strays.is_empty(), "schemas of no type: {strays:?}");
}

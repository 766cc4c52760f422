//! Readers as pure functions.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Any JSON, with the field names of the registers among the keys.
fn any_json() -> impl Strategy<Value = Value> {
    let names = "ocid|id|tag|releases|records|contracts|value|amount|currency|dateSigned|acheteur|montant|modifications|date";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| serde_json::json!(n)),
        any::<i64>().prop_map(Value::from),
        "contract|tender|EUR|2024-01-01|\\\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((names, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_a_reader_panic(value in any_json()) {
        assert!(!ocds::records(value.clone()).is_empty());
        assert!(!decp::records(value).is_empty());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        std::fs::write(&path, &bytes).unwrap();
        for format in Format::ALL {
            let mut records = 0;
            let _ = read::read(format, &path, &mut |record| {
                records += 1;
                !record.says.is_empty()
            });
        }
    }
}

//! `import`, with and without a hub that runs.

use serde_json::{Value, json};

use crate::installation::Installation;

/// A release with one contract.
fn release(id: &str, amount: &str) -> Value {
    json!({
        "ocid": format!("ocds-test-{id}"), "id": id, "date": "2024-03-01T00:00:00Z", "tag": ["contract"],
        "initiationType": "tender",
        "buyer": {"id": "b", "name": "City"},
        "parties": [{"id": "s", "name": "Acme Ltd", "roles": ["supplier"], "identifier": {"scheme": "GB-COH", "id": "123"}}],
        "awards": [{"id": "a", "suppliers": [{"id": "s", "name": "Acme Ltd"}]}],
        "contracts": [{"id": "c", "awardID": "a", "title": "Audit", "status": "active", "dateSigned": "2024-02-28T00:00:00Z",
                       "period": {"startDate": "2024-03-01T00:00:00Z", "endDate": "2024-12-31T00:00:00Z"},
                       "value": {"amount": amount.parse::<f64>().unwrap(), "currency": "GBP"}}],
    })
}

fn counts(report: &Value) -> [u64; 5] {
    ["records", "accepted", "duplicate", "held", "rejected"].map(|name| report[0][name].as_u64().unwrap())
}

#[test]
fn a_file_is_taken_once_whoever_takes_it() {
    let installation = Installation::new();
    let good = format!("{}\n{}\n", release("1", "1000"), release("2", "2500.50"));
    installation.write("good.ndjson", &good);
    installation.write("mixed.ndjson", &format!("{}\n{{\"id\": 3}}\n", release("4", "1")));
    installation.write("wrong.ndjson", "{\"id\": 5}\n");

    // No hub runs: the command takes the file itself.
    let first = installation.run(&["import", "ocds", "good.ndjson", "--json"]).with(0).json();
    let [records, accepted, duplicate, held, rejected] = counts(&first);
    assert_eq!((records, accepted + held, duplicate, rejected), (2, 2, 0, 0), "{first}");
    assert!(first[0]["events"].as_u64().unwrap() >= 2);

    let up = installation.up();
    // A hub runs: it is sent the file, and knows it.
    let again = installation.run(&["import", "ocds", "good.ndjson", "--json"]).with(0).json();
    assert_eq!(counts(&again), [2, 0, 2, 0, 0], "{again}");
    let mixed = installation.run(&["import", "ocds", "mixed.ndjson"]).with(5).out;
    assert!(mixed.contains("mixed.ndjson:2 rejected: "), "{mixed}");
    installation.run(&["import", "ocds", "wrong.ndjson"]).with(1);
    installation.run(&["import", "ocds", "nothing.ndjson"]).with(1);
    installation.run(&["import", "xml", "good.ndjson"]).with(2);

    // What was taken before the hub came up goes on in it.
    let runs = ["runs", "--flow", "contract-activation", "--json"];
    installation.until(&runs, |list| list["runs"].as_array().unwrap().len() == 3);
    let kept = installation.run(&["rejected", "list", "--json"]).with(0).json();
    let places: Vec<(&Value, &Value)> =
        kept["rejected"].as_array().unwrap().iter().map(|r| (&r["file"], &r["record"])).collect();
    assert_eq!(places, [(&json!("wrong.ndjson"), &json!(1)), (&json!("mixed.ndjson"), &json!(2))]);
    assert_eq!(up.stop(), 0);
}

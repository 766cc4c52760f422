//! `POST /v1/imports/{format}`.

use serde_json::{Value, json};

use crate::running::Running;

/// Two releases: one that can be read, one without what makes it a release.
fn releases() -> String {
    let good = json!({
        "ocid": "ocds-test-1", "id": "1", "date": "2024-03-01T00:00:00Z", "tag": ["contract"], "initiationType": "tender",
        "buyer": {"id": "b", "name": "City"},
        "parties": [{"id": "s", "name": "Acme Ltd", "roles": ["supplier"], "identifier": {"scheme": "GB-COH", "id": "123"}}],
        "awards": [{"id": "a", "suppliers": [{"id": "s", "name": "Acme Ltd"}]}],
        "contracts": [{"id": "c", "awardID": "a", "title": "Audit", "status": "active", "dateSigned": "2024-02-28T00:00:00Z",
                       "period": {"startDate": "2024-03-01T00:00:00Z", "endDate": "2024-12-31T00:00:00Z"},
                       "value": {"amount": 1000, "currency": "GBP"}}],
    });
    format!("{good}\n{}\n", json!({"id": "2"}))
}

fn counts_add_up(report: &Value) {
    let count = |name: &str| report[name].as_u64().unwrap();
    let all: u64 = ["accepted", "duplicate", "held", "rejected"].iter().map(|n| count(n)).sum();
    assert_eq!(all, count("records"), "{report}");
}

#[tokio::test]
async fn a_file_is_taken_record_by_record_and_again_without_effect() {
    let running = Running::start().await;
    let path = "/v1/imports/ocds?file=../releases.ndjson";
    let first = running.post(path, &[], releases()).await;
    assert_eq!(first.status.as_u16(), 200, "{}", String::from_utf8_lossy(&first.bytes));
    let first = first.json();
    counts_add_up(&first);
    assert_eq!(
        (&first["records"], &first["rejected"], &first["file"]),
        (&json!(2), &json!(1), &json!("releases.ndjson"))
    );
    assert!(
        first["events"].as_u64().unwrap() > 0 && !first["remarks"].as_array().unwrap().is_empty(),
        "{first}"
    );
    let kept = running.get("/v1/rejected").await.json()["rejected"][0].clone();
    assert_eq!((&kept["file"], &kept["record"]), (&json!("releases.ndjson"), &json!(2)));
    let again = running.post(path, &[], releases()).await.json();
    counts_add_up(&again);
    assert_eq!((&again["duplicate"], &again["events"]), (&json!(1), &json!(0)));
    let left = std::fs::read_dir(running.hub.store().folder().join("imports")).unwrap().count();
    assert_eq!(left, 0, "the files are removed");
}

#[tokio::test]
async fn files_of_other_kinds_are_refused() {
    let running = Running::start().await;
    running.post("/v1/imports/csv", &[], "").await.problem(404);
    running.post("/v1/imports/fpds", &[], "a,b\n1,2\n").await.problem(400);
    running.post("/v1/imports/ocds?fiel=x", &[], "").await.problem(400);
}

//! Small files written for these tests.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use throughline_hub::import::{Format, ImportReport, Outcome};

use crate::Intake;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/samples").join(name)
}

/// The report and the log, as a person would read them.
async fn shown(intake: &Intake, report: &ImportReport) -> String {
    let mut text = String::new();
    writeln!(
        text,
        "{} records: {} accepted, {} duplicate, {} held, {} rejected; {} events",
        report.records, report.accepted, report.duplicate, report.held, report.rejected, report.events
    )
    .unwrap();
    for remark in &report.remarks {
        let outcome = if remark.outcome == Outcome::Held { "held" } else { "rejected" };
        writeln!(text, "{} {outcome} {}: {}", remark.record, remark.field, remark.reason).unwrap();
    }
    for event in intake.events().await {
        let body: Value = serde_json::from_slice(&event.body).unwrap();
        writeln!(text, "\n{} {} {}", event.type_, event.source, event.id).unwrap();
        writeln!(text, "{}", serde_json::to_string_pretty(&body["data"]).unwrap()).unwrap();
    }
    text
}

async fn check(format: Format, name: &str) {
    let intake = Intake::open().await;
    let first = intake.import(format, &sample(name)).await;
    insta::assert_snapshot!(name, shown(&intake, &first).await);
    let (events, rejections) = (intake.events().await.len(), intake.rejections().await);
    let second = intake.import(format, &sample(name)).await;
    assert_eq!((second.accepted, second.held, second.events), (0, 0, 0), "a second import changes nothing");
    assert_eq!((second.records, second.rejected), (first.records, first.rejected));
    assert_eq!((intake.events().await.len(), intake.rejections().await), (events, rejections));
    intake.close().await;
}

#[tokio::test]
async fn ocds_releases() {
    check(Format::Ocds, "releases.json").await;
}

#[tokio::test]
async fn ocds_records() {
    check(Format::Ocds, "records.json").await;
}

#[tokio::test]
async fn decp_contracts() {
    check(Format::Decp, "marches.json").await;
}

#[tokio::test]
async fn fpds_actions() {
    check(Format::Fpds, "actions.csv").await;
}

#[tokio::test]
async fn a_broken_record_spoils_no_other() {
    let release = |n: u32| {
        format!(
            r#"{{"ocid":"o{n}","id":"{n}","tag":["tender"],"tender":{{"title":"T"}},"buyer":{{"name":"B"}}}}"#
        )
    };
    let (one, two, deep) =
        (release(1), release(2), format!("{{\"ocid\":\"o\",\"x\":{}1{}}}", "[".repeat(500), "]".repeat(500)));
    let intake = Intake::open().await;
    let check = async |name: &str, text: Vec<u8>, said: &str| {
        let report = intake.text(Format::Ocds, name, text).await;
        let taken = report.accepted + report.duplicate;
        assert_eq!((taken, report.rejected), (2, 1), "{name}: {report:?}");
        assert!(
            report.remarks[0].reason.contains(said) && report.remarks[0].record == 2,
            "{:?}",
            report.remarks
        );
    };
    let lines = |middle: &[u8]| [one.as_bytes(), b"\n", middle, b"\n", two.as_bytes()].concat();
    let array = |middle: &[u8]| [b"[", one.as_bytes(), b",", middle, b",\n", two.as_bytes(), b"]"].concat();
    check("cut.ndjson", lines(b"{\"ocid\": \"x\", "), "ends in the middle").await;
    check("latin1.ndjson", lines(b"{\"ocid\": \"caf\xe9\"}"), "not UTF-8 from byte 14").await;
    check("deep.ndjson", lines(deep.as_bytes()), "not JSON: recursion limit").await;
    check("text.ndjson", lines(b"hello"), "not a JSON object").await;
    check("latin1.json", array(b"{\"ocid\": \"caf\xe9\"}"), "not UTF-8").await;
    check("number.json", array(b"12"), "not a JSON object").await;
    check("list.json", array(b"[1]"), "not a JSON object").await;
    check("bare.json", array(b"{\"ocid\": nope}"), "not JSON").await;
    check("nested.json", array(b"{\"releases\":[]}"), "holds no release").await;
    intake.close().await;
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_as_a_whole() {
    let intake = Intake::open().await;
    let path = intake.folder.path().join("other.csv");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    let error = intake.hub.import(Format::Fpds, &path, "default", |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("names no column \"award_procurement_id\""), "{error}");
    let gone = intake
        .hub
        .import(Format::Ocds, Path::new("/no/such"), "default", |_| ())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(gone, "/no/such: can't be read");
    for name in ["empty.json", "blank.ndjson"] {
        assert_eq!(intake.text(Format::Ocds, name, "\n \n").await.records, 0);
    }
    intake.close().await;
}

#[tokio::test]
async fn a_package_on_each_line_and_a_mark_in_front() {
    let intake = Intake::open().await;
    let release = |n: u32| {
        format!(
            r#"{{"ocid":"o{n}","id":"{n}","tag":["tender"],"tender":{{"title":"T"}},"buyer":{{"name":"B"}}}}"#
        )
    };
    let package = |n: u32| format!("{{\"uri\":\"x\",\"releases\":[{},{}]}}\n", release(n), release(n + 1));
    let report =
        intake.text(Format::Ocds, "packages.txt", format!("\u{feff}{}{}", package(1), package(3))).await;
    assert_eq!((report.records, report.accepted), (4, 4), "{report:?}");
    let nested = format!("[{},{}]", package(1), package(5));
    let report = intake.text(Format::Ocds, "nested.json", nested).await;
    assert_eq!((report.records, report.accepted, report.duplicate), (4, 2, 2), "{report:?}");
    intake.close().await;
}

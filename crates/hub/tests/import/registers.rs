//! The whole of the shared data: nothing panics, counts add up, a second import changes nothing.

use std::path::{Path, PathBuf};

use throughline_hub::import::{Format, ImportReport, Outcome};

use crate::{Intake, shared};

/// Imports a file twice; the second time nothing is new.
async fn twice(intake: &Intake, format: Format, file: &Path) -> ImportReport {
    let first = intake.import(format, file).await;
    let (events, rejections) = (intake.events().await.len(), intake.rejections().await);
    let second = intake.import(format, file).await;
    let name = file.display();
    assert_eq!((second.records, second.rejected), (first.records, first.rejected), "{name}");
    assert_eq!((second.accepted, second.held, second.events), (0, 0, 0), "{name}");
    assert_eq!((intake.events().await.len(), intake.rejections().await), (events, rejections), "{name}");
    println!(
        "{name}: {} records, {} accepted, {} held, {} duplicate, {} rejected",
        first.records, first.accepted, first.held, first.duplicate, first.rejected
    );
    first
}

fn files(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, into);
        } else if path.extension().is_some_and(|e| e == extension) {
            into.push(path);
        }
    }
    into.sort();
}

#[tokio::test]
async fn the_airport_of_mexico_city() {
    let Some(data) = shared() else { return };
    let intake = Intake::open().await;
    let report =
        twice(&intake, Format::Ocds, &data.join("ocds_samples/real/mexico_gacm/releases.ndjson")).await;
    assert_eq!(report.records, 302);
    let events = intake.events().await;
    let of = |type_: &str| events.iter().filter(|e| e.type_ == type_).count();
    println!(
        "{} signed, {} invoices",
        of("throughline.contract.signed.v1"),
        of("throughline.invoice.recorded.v1")
    );
    assert_eq!(of("throughline.contract.signed.v1"), 292, "ten contracts stand in the file twice");
    assert!(of("throughline.invoice.recorded.v1") > 250);
    intake.close().await;
}

#[tokio::test]
async fn every_ocds_example() {
    let Some(data) = shared() else { return };
    let mut all = Vec::new();
    files(&data.join("ocds_samples"), "json", &mut all);
    assert!(all.len() > 25);
    for file in all {
        let intake = Intake::open().await;
        let report = twice(&intake, Format::Ocds, &file).await;
        assert!(report.records > 0, "{}", file.display());
        intake.close().await;
    }
}

#[tokio::test]
async fn french_contracts() {
    let Some(data) = shared() else { return };
    let intake = Intake::open().await;
    let check = async |name: &str, records: u64| {
        let report = twice(&intake, Format::Decp, &data.join("decp_fr_2019").join(name)).await;
        assert_eq!(report.records, records, "{name}");
        report
    };
    let with_modifications = check("with_modifications_only.json", 97).await;
    assert_eq!(with_modifications.rejected, 0, "{:?}", with_modifications.remarks);
    assert_eq!(with_modifications.events, 97 + 104);
    check("e-marchespublics.json", 470).await;
    check("data.gouv.fr_pes.json", 1_148).await;
    let large = check("marches-publics.info.json", 4_509).await;
    let absurd = large.remarks.iter().filter(|r| r.field == "/dateNotification").count();
    assert_eq!(absurd, 2, "two contracts of the year 218");
    intake.close().await;
}

#[tokio::test]
async fn us_contract_actions() {
    let Some(data) = shared() else { return };
    let intake = Intake::open().await;
    let report =
        twice(&intake, Format::Fpds, &data.join("fpds_contract_mods/fpds_contract_actions_2025-02.csv"))
            .await;
    assert_eq!(report.records, 1_131);
    let numberless = report.remarks.iter().filter(|r| r.field == "/award_procurement_id").count();
    assert_eq!(numberless, 7);
    let gaps = report.remarks.iter().filter(|r| r.outcome == Outcome::Held && r.field == "version").count();
    assert!(gaps > 900, "most modifications stand there without their award: {gaps}");
    intake.close().await;
}

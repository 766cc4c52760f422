//! Real registers' identifiers: what a register gave out has to pass. Skips, and says so, where the data is absent.

#![expect(clippy::print_stdout, reason = "a test says what it skips")]

use std::path::PathBuf;

use serde_json::Value;
use throughline_model::{Identifier, golden};

fn data(file: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("THROUGHLINE_SHARED").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(shared.join("data").join(file)).ok();
    if text.is_none() {
        println!("skipped: {file} of the shared data is absent");
    }
    text
}

/// Holds identifiers against their scheme; at most so many in a thousand may fail, which are the register's own dirt.
#[track_caller]
fn check(scheme: &str, ids: impl Iterator<Item = String>, dirt_per_mille: usize) {
    let (mut all, mut failed) = (0, Vec::new());
    for id in ids {
        all += 1;
        if let Err(invalid) = golden::normalised(&Identifier { scheme: scheme.to_owned(), id }) {
            failed.push(invalid.id);
        }
    }
    println!("{scheme}: {all} identifiers, {} not valid", failed.len());
    assert!(all > 50, "{scheme}: only {all} identifiers");
    assert!(failed.len() * 1_000 <= all * dirt_per_mille, "{scheme}: {failed:?}");
}

#[test]
fn gleif_gives_out_valid_leis() {
    let Some(text) = data("gleif_sample/gleif_lei_sample_20k.csv") else { return };
    // Two of the 20,000 (39120001HYGH..., 39120001NUMD...) fail the check of ISO 7064; the register has them so.
    check("LEI", text.lines().skip(1).filter_map(|l| l.split(',').next()).map(str::to_owned), 1);
}

#[test]
fn french_buyers_and_suppliers_have_valid_sirets() {
    let files = ["data.gouv.fr_pes.json", "marches-publics.info.json", "with_modifications_only.json"];
    let mut sirets = Vec::new();
    let mut vats = Vec::new();
    for file in files {
        let Some(text) = data(&format!("decp_fr_2019/{file}")) else { return };
        let value: Value = serde_json::from_str(&text).unwrap();
        for contract in value["marches"].as_array().unwrap() {
            sirets.extend(contract["acheteur"]["id"].as_str().map(str::to_owned));
            for supplier in contract["titulaires"].as_array().into_iter().flatten() {
                let id = supplier["id"].as_str().map(str::to_owned);
                match supplier["typeIdentifiant"].as_str() {
                    Some("SIRET") => sirets.extend(id),
                    Some("TVA") => vats.extend(id),
                    _ => {}
                }
            }
        }
    }
    check("SIRET", sirets.into_iter(), 30);
    let valid = vats
        .iter()
        .filter(|id| golden::normalised(&Identifier { scheme: "VAT".into(), id: (*id).clone() }).is_ok());
    println!("VAT: {} of {} valid: {vats:?}", valid.count(), vats.len());
}

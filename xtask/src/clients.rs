//! The vendors' own client libraries, installed into `target/clients` for the tests that drive the simulators with them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::shell::{has, program, root};

/// Where the clients stand.
pub(crate) struct Clients {
    /// Python interpreter with the Python clients.
    pub(crate) python: PathBuf,
    /// Folder that holds `node_modules` with the Node clients.
    pub(crate) node: PathBuf,
}

/// Installs what is missing or out of date.
pub(crate) fn prepare() -> anyhow::Result<Clients> {
    let recipes = root().join("tests/clients");
    let home = root().join("target/clients");
    std::fs::create_dir_all(&home)?;
    Ok(Clients { python: python(&recipes, &home)?, node: node(&recipes, &home)? })
}

fn python(recipes: &Path, home: &Path) -> anyhow::Result<PathBuf> {
    let python = venv(home)?;
    let wanted = recipes.join("requirements.txt");
    if stamp_differs(&wanted, &home.join("requirements.installed"))? {
        program(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .args([&wanted])
            .run()?;
        std::fs::copy(&wanted, home.join("requirements.installed"))?;
    }
    Ok(python)
}

/// A virtual environment in a folder; returns its interpreter.
pub(crate) fn venv(home: &Path) -> anyhow::Result<PathBuf> {
    let folder = home.join("venv");
    let python = folder.join("bin/python");
    if !python.exists() {
        if !has("python3") {
            apt(&["python3", "python3-venv"])?;
        }
        let made = program("python3").args(["-m", "venv"]).args([&folder]).run();
        if made.is_err() {
            apt(&["python3-venv"])?;
            program("python3").args(["-m", "venv", "--clear"]).args([&folder]).run()?;
        }
    }
    Ok(python)
}

fn node(recipes: &Path, home: &Path) -> anyhow::Result<PathBuf> {
    if !has("npm") {
        apt(&["nodejs", "npm"])?;
    }
    let folder = home.join("node");
    std::fs::create_dir_all(&folder)?;
    let lock = recipes.join("package-lock.json");
    if stamp_differs(&lock, &folder.join("package-lock.json"))? {
        std::fs::copy(recipes.join("package.json"), folder.join("package.json"))?;
        std::fs::copy(&lock, folder.join("package-lock.json"))?;
        let installed =
            program("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).within(&folder).run();
        if installed.is_err() {
            let _ = std::fs::remove_file(folder.join("package-lock.json"));
        }
        installed?;
    }
    Ok(folder)
}

/// Whether what was installed is not what is wanted now.
fn stamp_differs(wanted: &Path, installed: &Path) -> anyhow::Result<bool> {
    let want = std::fs::read(wanted).with_context(|| format!("{}: can't be read", wanted.display()))?;
    Ok(std::fs::read(installed).ok() != Some(want))
}

fn apt(packages: &[&str]) -> anyhow::Result<()> {
    println!("installing {} with apt-get", packages.join(", "));
    program("apt-get").args(["update", "--quiet=2"]).run()?;
    program("apt-get")
        .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
        .args(packages)
        .run()
        .with_context(|| {
            format!("{} could not be installed; install it by hand and run this again", packages.join(", "))
        })
}

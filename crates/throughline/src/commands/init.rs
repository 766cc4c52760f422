//! `throughline init DIR`: the catalog and a commented configuration, to start from.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use throughline_hub::catalog::Catalog;
use throughline_hub::config::FILE_NAME;

use crate::arguments::Global;
use crate::failure::Outcome;
use crate::screen;

/// The configuration a new installation starts from.
const CONFIGURATION: &str = include_str!("init.yaml");

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder; files that exist are left as they are
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Outcome {
    let folder = &arguments.folder;
    let context = || format!("{} can't be written", folder.display());
    let mut written = Catalog::write(&folder.join("catalog")).with_context(context)?;
    let configuration = folder.join(FILE_NAME);
    if !configuration.exists() {
        std::fs::write(&configuration, CONFIGURATION).with_context(context)?;
        written.push(configuration.clone());
    }
    if global.json {
        return screen::json(&json!({ "written": written }));
    }
    let mut text = format!("{} files written; files that were there are as they were\n", written.len());
    let name = configuration.display();
    let _ = write!(text, "\nnext:\n  throughline -C {name} check\n  throughline -C {name} up\n");
    screen::print(&text)
}

#[cfg(test)]
mod tests {
    use throughline_hub::config::{Config, FILE_NAME};

    #[test]
    fn the_configuration_reads_and_says_what_the_defaults_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, super::CONFIGURATION).unwrap();
        let (read, default) = (Config::read(&path).unwrap(), Config::default());
        assert_eq!(read.listen, default.listen);
        assert_eq!(read.tenant, default.tenant);
        assert_eq!(read.data, folder.path().join(default.data));
        assert_eq!(read.engine.runs_active_max, default.engine.runs_active_max);
        assert_eq!(read.engine.stop_grace_seconds, default.engine.stop_grace_seconds);
        assert!(read.systems.is_empty() && !read.allow_remote);
    }
}

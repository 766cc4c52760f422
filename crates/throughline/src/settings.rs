//! The configuration and catalog a command works with.

use std::path::PathBuf;

use throughline_hub::catalog::Catalog;
use throughline_hub::config::{Config, ConfigError, FILE_NAME};
use throughline_hub::flow::Diagnostic;

use crate::arguments::Global;
use crate::failure::{Exit, Failure};

/// Where the configuration file is.
pub(crate) fn path(global: &Global) -> PathBuf {
    global.config.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME))
}

/// Reads the configuration file.
pub(crate) fn config(global: &Global) -> Result<Config, Failure> {
    let path = path(global);
    Config::read(&path).map_err(|error| {
        let advice = match &error {
            ConfigError::Unreadable { .. } => "`throughline init DIR` writes one; -C FILE names another",
            ConfigError::Shape { .. } => "`throughline init DIR` writes a commented example",
        };
        Failure::from(anyhow::Error::new(error)).advise(advice)
    })
}

/// Reads the catalog that the configuration names.
pub(crate) fn catalog(config: &Config) -> Result<Catalog, Failure> {
    Catalog::of(config).map_err(|problems| broken(&problems))
}

/// A catalog that can't be used.
pub(crate) fn broken(problems: &[Diagnostic]) -> Failure {
    let first = problems
        .first()
        .map(|p| format!("{}:{}:{}: {}", p.file, p.line, p.column, p.message))
        .unwrap_or_default();
    let sentence = match problems.len() {
        1 => format!("the catalog has a problem: {first}"),
        n => format!("the catalog has {n} problems, of which the first is: {first}"),
    };
    Failure::said(sentence).exit(Exit::Problems).advise("`throughline check` lists all of them")
}

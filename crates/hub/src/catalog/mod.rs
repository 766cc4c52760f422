//! The catalog: what an integrator edits. Flows, adapters, routes and policies, as files in one folder.
//!
//! One copy is built into the binary; `throughline init` writes it out for editing. Loading reads everything and reports
//! every problem at once, each with file, line and column.

mod adapters;
mod check;
mod files;
mod legal_entities;
mod places;
pub mod report;
mod routes;
mod schemas;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use throughline_flow::{self as flow, Diagnostic};

pub use adapters::{Adapter, AdapterFunction, FunctionLink, Repeat};
pub use files::Files;
pub(crate) use files::unreadable;
pub use legal_entities::{LegalEntities, LegalEntityEntry, LegalEntityRule};
pub use routes::{OneOrMany, Route, Routes};
pub use schemas::EventSchemas;

use crate::config::Config;

/// Everything an integrator edits, read and checked.
pub struct Catalog {
    /// Flows by name.
    pub flows: BTreeMap<String, LoadedFlow>,
    /// Adapters by product.
    pub adapters: BTreeMap<String, Adapter>,
    /// Which system answers for a capability.
    pub routes: Routes,
    /// Our own legal entities.
    pub legal_entities: LegalEntities,
    /// Schemas of the event types we know.
    pub schemas: EventSchemas,
    files: Files,
}

/// A flow and where it was read from.
pub struct LoadedFlow {
    /// File, relative to the catalog.
    pub file: String,
    /// The compiled definition.
    pub definition: std::sync::Arc<flow::Definition>,
}

impl Catalog {
    /// The catalog built into the binary.
    ///
    /// # Errors
    /// Never for a released binary: a test loads it. The diagnostics otherwise.
    pub fn embedded() -> Result<Self, Vec<Diagnostic>> {
        Self::from_files(&Files::embedded())
    }

    /// The catalog in a folder.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn load(folder: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::from_files(&Self::read(folder)?)
    }

    /// The catalog a configuration names, or the built-in one.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn of(config: &Config) -> Result<Self, Vec<Diagnostic>> {
        Self::from_files(&Self::files_of(config)?)
    }

    /// The files of the catalog a configuration names, or of the built-in one; for reports on a catalog that is broken.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn files_of(config: &Config) -> Result<Files, Vec<Diagnostic>> {
        match &config.catalog {
            Some(folder) => Self::read(folder),
            None => Ok(Files::embedded()),
        }
    }

    fn read(folder: &Path) -> Result<Files, Vec<Diagnostic>> {
        Files::read(folder).map_err(|error| {
            let said = format!("the catalog can't be read: {error}");
            report::located(vec![files::problem(&folder.display().to_string(), said)], |_| None)
        })
    }

    /// Reads and checks a set of files.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn from_files(files: &Files) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut flows = BTreeMap::new();
        for (path, text) in files.under("flows") {
            if !files::is_document(path) {
                continue;
            }
            match flow::parse(text, path) {
                Ok(definition) => {
                    let name = definition.name().to_owned();
                    let loaded =
                        LoadedFlow { file: path.to_owned(), definition: std::sync::Arc::new(definition) };
                    if let Some(first) = flows.insert(name.clone(), loaded) {
                        let said = format!(
                            "flow {name:?} is defined in {} as well; give one another name",
                            first.file
                        );
                        problems.push(files::problem_at(path, "/document/name", said));
                    }
                }
                Err(all) => problems.extend(all),
            }
        }
        let adapters = adapters::read(files, &mut problems);
        let routes = files.parse("routes.yaml", &mut problems).unwrap_or_default();
        let legal_entities = files.parse("legal-entities.yaml", &mut problems).unwrap_or_default();
        if !problems.is_empty() {
            return Err(report::located(problems, |file| files.get(file).map(str::to_owned)));
        }
        let (schemas, files) = (EventSchemas::known(), files.clone());
        Ok(Self { flows, adapters, routes, legal_entities, schemas, files })
    }

    /// The text of one of its files.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.files.get(file)
    }

    /// A capability's function in an adapter.
    pub fn function(&self, adapter: &str, capability: &str) -> Option<&AdapterFunction> {
        self.adapters.get(adapter)?.functions.get(capability)
    }

    /// The capabilities of all adapters.
    pub fn capabilities(&self) -> impl Iterator<Item = &str> {
        self.adapters.values().flat_map(|a| a.functions.keys().map(String::as_str))
    }

    /// Writes the built-in catalog into a folder, leaving files that exist as they are; returns what was written.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        Files::embedded().write(folder)
    }
}

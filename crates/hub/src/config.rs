//! `throughline.yaml`: what an operator sets for one installation.
//!
//! Read in two steps: the file's shape (serde, with line and column), then its meaning (every problem at once).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use throughline_adapter::{LimitsOverride, SecretRef, SystemConfig};
use throughline_flow::Diagnostic;

/// The name `throughline init` gives the file.
pub const FILE_NAME: &str = "throughline.yaml";
/// Where the API listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8700";
/// The tenant of everything that names none.
pub const DEFAULT_TENANT: &str = "default";

/// Configuration of one installation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Folder that holds the embedded store. Relative to the configuration file.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// Address the API listens on.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The API asks nobody who they are yet, so an address other than loopback is refused unless this says `true`.
    #[serde(default)]
    pub allow_remote: bool,
    /// Folder with the catalog; absent: the catalog built into the binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<PathBuf>,
    /// PEM files of certificate authorities trusted besides the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<PathBuf>,
    /// Tenant of everything that names none.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// The systems that are joined, by name.
    #[serde(default)]
    pub systems: BTreeMap<String, SystemEntry>,
    /// Secrets that flows declare in `use.secrets`, by reference. One that is a JSON object is that object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretRef>,
    /// Limits of the engine.
    #[serde(default)]
    pub engine: EngineLimits,
}

/// One configured system: an instance of an adapter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SystemEntry {
    /// Adapter (folder name under catalog/adapters).
    pub adapter: String,
    /// Tenant it belongs to; absent: the default tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Settings, as the adapter's schema describes them.
    #[serde(default)]
    pub settings: serde_json::Value,
    /// Credentials by reference: environment variable, file or value.
    #[serde(default)]
    pub credentials: BTreeMap<String, SecretRef>,
    /// Turns the system's polls off, for a system that another installation polls.
    #[serde(default = "yes")]
    pub poll: bool,
    /// Seconds between polls; absent: as the adapter says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_seconds: Option<u32>,
    /// Limits that differ from the adapter's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsOverride>,
}

/// Limits of the engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct EngineLimits {
    /// Runs held in memory at once.
    pub runs_active_max: usize,
    /// Seconds a stop waits for calls under way.
    pub stop_grace_seconds: u64,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self { runs_active_max: 4096, stop_grace_seconds: 10 }
    }
}

fn default_data() -> PathBuf {
    PathBuf::from("data")
}
fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8700))
}
fn default_tenant() -> String {
    DEFAULT_TENANT.to_owned()
}
fn yes() -> bool {
    true
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: default_data(),
            listen: default_listen(),
            allow_remote: false,
            catalog: None,
            ca_files: Vec::new(),
            tenant: default_tenant(),
            systems: BTreeMap::new(),
            secrets: BTreeMap::new(),
            engine: EngineLimits::default(),
        }
    }
}

/// What is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: can't be read; `throughline init DIR` writes one to start from", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("{}:{}:{}: {}", path.display(), problem.line, problem.column, problem.message)]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: Box<Diagnostic>,
    },
}

impl Config {
    /// Reads a configuration file; relative paths in it are taken from its folder.
    ///
    /// # Errors
    /// When the file can't be read or its shape is wrong, naming line and field.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut config: Self = serde_saphyr::from_str(&text).map_err(|error| ConfigError::Shape {
            path: path.to_owned(),
            problem: Box::new(crate::catalog::unreadable(FILE_NAME, &error)),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.anchor(folder);
        Ok(config)
    }

    /// What is wrong with the address the API is to listen on.
    pub fn listen_problem(&self) -> Option<String> {
        if self.listen.ip().is_loopback() || self.allow_remote {
            return None;
        }
        let said = "is not loopback, and the API asks nobody who they are; put `allowRemote: true` into throughline.yaml \
                    when something in front of it does";
        Some(format!("listen address {} {said}", self.listen))
    }

    fn anchor(&mut self, folder: &Path) {
        let anchor = |p: &mut PathBuf| {
            if p.is_relative() {
                *p = folder.join(&*p);
            }
        };
        anchor(&mut self.data);
        self.catalog.iter_mut().for_each(anchor);
        self.ca_files.iter_mut().for_each(anchor);
        let credentials = self.systems.values_mut().flat_map(|system| system.credentials.values_mut());
        credentials.chain(self.secrets.values_mut()).for_each(|secret| secret.anchor(folder));
    }

    /// The adapter crate's view of one system.
    pub(crate) fn system(&self, name: &str, entry: &SystemEntry) -> SystemConfig {
        SystemConfig {
            name: name.to_owned(),
            adapter: entry.adapter.clone(),
            tenant: entry.tenant.clone().unwrap_or_else(|| self.tenant.clone()),
            settings: entry.settings.clone(),
            credentials: entry.credentials.clone(),
            limits: entry.limits.clone(),
        }
    }
}

//! A configuration that joins every simulated system.

use std::path::Path;

use throughline_hub::adapter::SecretRef;
use throughline_hub::config::{Config, SystemEntry};
use throughline_sandbox::Sandbox;

pub(crate) fn config(folder: &Path, sandbox: &Sandbox) -> Config {
    let mut config =
        Config { data: folder.join("data"), ca_files: vec![sandbox.ca_file()], ..Config::default() };
    for system in sandbox.systems() {
        let mut settings = system.settings;
        settings["baseUrl"] = system.base_url.into();
        let credentials =
            system.credentials.into_iter().map(|(name, text)| (name, SecretRef::Value(text))).collect();
        let entry = SystemEntry {
            adapter: system.product,
            tenant: None,
            settings,
            credentials,
            poll: true,
            poll_seconds: None,
            limits: None,
        };
        config.systems.insert(system.name, entry);
    }
    config
}

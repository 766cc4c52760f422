//! A configuration that joins the simulated vendors.

use serde_json::Value;
use throughline_hub::adapter::SecretRef;
use throughline_hub::config::{Config, SystemEntry};
use throughline_sandbox::{Sandbox, SimulatedSystem};

/// The adapter whose webhooks have to be told where the hub is.
const CALLS_BACK: &str = "docusign";
/// Its webhook.
const WEBHOOK: &str = "connect";

/// Adds every simulated vendor to a configuration.
pub(crate) fn join(config: &mut Config, sandbox: &Sandbox) {
    config.ca_files.push(sandbox.ca_file());
    for system in sandbox.systems() {
        config.systems.insert(system.name.clone(), entry(system));
    }
}

fn entry(system: SimulatedSystem) -> SystemEntry {
    let mut settings = system.settings;
    if let Value::Object(fields) = &mut settings
        && !fields.contains_key("baseUrl")
    {
        fields.insert("baseUrl".to_owned(), Value::String(system.base_url));
    }
    SystemEntry {
        adapter: system.product,
        tenant: None,
        settings,
        // Made by the sandbox and worth nothing elsewhere, so they may stand in the file.
        credentials: system
            .credentials
            .into_iter()
            .map(|(name, text)| (name, SecretRef::Value(text)))
            .collect(),
        poll: true,
        poll_seconds: None,
        limits: None,
    }
}

/// Tells the simulated vendors that call back where the hub is.
pub(crate) fn call_back(sandbox: &Sandbox, hub: &str) -> anyhow::Result<()> {
    let Some(system) = sandbox.systems().into_iter().find(|s| s.product == CALLS_BACK) else { return Ok(()) };
    let key = system.credentials.get("connectKey").cloned().unwrap_or_default();
    let url = format!("http://{hub}/v1/webhooks/{}/{WEBHOOK}", system.name);
    sandbox.connect_docusign(url, &key)?;
    Ok(())
}

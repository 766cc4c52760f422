//! `adapter.yaml`: what one vendor's systems are like.

mod auth;
mod faults;
mod intake;
mod limits;
mod pattern;
mod template;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use auth::{Assertion, AuthSpec, ClientSecretIn, InstanceUrl, SigningAlgorithm};
pub use faults::{Codes, FaultRule, FaultSpec};
pub use intake::{Encoding, Handshake, PollSpec, VerifySpec, WebhookSpec};
pub use limits::{Limits, LimitsOverride, Rate, ResetHeader, ResetUnit, Throttle, UsageHeader};
pub use pattern::{Pattern, Pointer, StatusSet};
pub use template::Template;

/// What one vendor's systems are like.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdapterSpec {
    /// Product; the adapter folder's name.
    pub product: String,
    /// Its name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// What kind of system it is.
    pub kind: AdapterKind,
    /// JSON Schema (2020-12) of a system's settings. `default`s of its properties are filled in.
    #[serde(default = "any_settings")]
    pub settings: Value,
    /// Base URL; absent: the setting `baseUrl`.
    #[serde(default)]
    pub base_url: Option<Template>,
    /// How it is signed in to.
    pub auth: AuthSpec,
    /// Headers of every request; a request's own win.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Header that carries a request's idempotency key, for vendors that heed one.
    #[serde(default)]
    pub idempotency_header: Option<String>,
    /// Hosts besides the base URL's that requests may go to.
    #[serde(default)]
    pub hosts: Vec<HostSpec>,
    /// What it bears.
    #[serde(default)]
    pub limits: Limits,
    /// How it says that it is too much.
    #[serde(default)]
    pub throttle: Throttle,
    /// What its refusals mean.
    #[serde(default)]
    pub faults: FaultSpec,
    /// Webhooks it calls.
    #[serde(default)]
    pub webhooks: Vec<WebhookSpec>,
    /// How it is polled.
    #[serde(default)]
    pub polls: Vec<PollSpec>,
}

fn any_settings() -> Value {
    serde_json::json!({ "type": "object" })
}

/// Kind of a system; the first part of its capabilities' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdapterKind {
    /// Customers and opportunities.
    Crm,
    /// Contracts and signatures.
    Clm,
    /// Finance.
    Erp,
    /// Delivery.
    Psa,
    /// Documents.
    Docs,
}

impl AdapterKind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Clm => "clm",
            Self::Erp => "erp",
            Self::Psa => "psa",
            Self::Docs => "docs",
        }
    }
}

/// A host besides the base URL's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostSpec {
    /// `*.sharepoint.com` or a whole name.
    pub host: String,
    /// Whether the system's credentials go there too. Upload addresses that carry their own permission need none.
    #[serde(default)]
    pub credentials: bool,
}

/// What is wrong with an `adapter.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SpecError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl AdapterSpec {
    /// Reads an `adapter.yaml`; `file` is for messages.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, SpecError> {
        let spec: Self = serde_saphyr::from_str(text).map_err(|error| {
            let at = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
            SpecError {
                file: file.to_owned(),
                line: place(at.line()),
                column: place(at.column()),
                message: message(&error),
            }
        })?;
        spec.check().map_err(|(field, message)| {
            let line = line_of(text, field);
            SpecError { file: file.to_owned(), line, column: 1, message }
        })?;
        Ok(spec)
    }

    /// Names of the credentials a system of this adapter can't do without.
    pub fn required_credentials(&self) -> Vec<String> {
        let mut names = self.auth.credentials();
        names.extend(self.headers.values().flat_map(Template::credentials).map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    /// What no single value shows: names given twice, limits of zero, names that are no header's. With the top-level
    /// field at fault.
    fn check(&self) -> Result<(), (&'static str, String)> {
        self.limits.check().map_err(|said| ("limits", said))?;
        self.auth.check().map_err(|said| ("auth", said))?;
        for webhook in &self.webhooks {
            webhook
                .verify
                .check()
                .map_err(|said| ("webhooks", format!("webhook {:?}: {said}", webhook.name)))?;
        }
        unique(self.webhooks.iter().map(|w| w.name.as_str())).map_err(|said| ("webhooks", said))?;
        unique(self.polls.iter().map(|p| p.name.as_str())).map_err(|said| ("polls", said))?;
        for name in self.headers.keys() {
            http::HeaderName::try_from(name.as_str())
                .map_err(|_| ("headers", format!("{name:?} is no header name")))?;
        }
        Ok(())
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("two are named {name:?}"));
        }
    }
    Ok(())
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(1).max(1)
}

/// The error's own words, without the excerpt of the file that the caller shows in its own way.
fn message(error: &serde_saphyr::Error) -> String {
    error.without_snippet().to_string()
}

fn line_of(text: &str, field: &str) -> usize {
    let key = format!("{field}:");
    text.lines().position(|line| line.starts_with(&key)).map_or(1, |i| i + 1)
}

#[cfg(test)]
mod tests;

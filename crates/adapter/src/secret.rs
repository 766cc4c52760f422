//! Credentials: where they are kept, and how they are kept out of sight.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// Where a credential is found: an environment variable, a file, or in place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum SecretRef {
    /// Name of an environment variable.
    Env(String),
    /// Path of a file; the trailing line end is not part of the credential.
    File(PathBuf),
    /// The credential itself. For tests and sandboxes.
    Value(String),
}

/// Why a credential can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The environment variable is not set, or not UTF-8.
    #[error("environment variable {0} is not set")]
    NotSet(String),
    /// The file can't be read.
    #[error("{}: can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is there and empty.
    #[error("it is empty")]
    Empty,
}

impl SecretRef {
    /// Takes a relative file path from `folder`.
    pub fn anchor(&mut self, folder: &Path) {
        if let Self::File(path) = self
            && path.is_relative()
        {
            *path = folder.join(&*path);
        }
    }

    /// Fetches the credential.
    ///
    /// # Errors
    /// When it is not there.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::NotSet(name.clone()))?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|source| SecretError::Unreadable { path: path.clone(), source })?
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
            Self::Value(value) => value.clone(),
        };
        if text.is_empty() { Err(SecretError::Empty) } else { Ok(Secret(text.into())) }
    }
}

impl std::fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Value(_) => f.write_str("value ***"),
        }
    }
}

/// A credential. Shows itself to nobody who does not ask by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The credential.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The credentials of one system. Read at the start, and again when the system refuses them: they may have been rotated.
#[derive(Debug)]
pub(crate) struct Credentials {
    refs: BTreeMap<String, SecretRef>,
    values: RwLock<BTreeMap<String, Secret>>,
}

impl Credentials {
    /// Fetches all of them.
    pub(crate) fn read(refs: BTreeMap<String, SecretRef>) -> Result<Self, (String, SecretError)> {
        let mut values = BTreeMap::new();
        for (name, reference) in &refs {
            let value = reference.resolve().map_err(|error| (name.clone(), error))?;
            values.insert(name.clone(), value);
        }
        Ok(Self { refs, values: RwLock::new(values) })
    }

    /// Fetches those anew that can still be had; the others keep their value. `true`: one has changed.
    pub(crate) fn reload(&self) -> bool {
        let fresh: Vec<_> =
            self.refs.iter().filter_map(|(name, r)| Some((name.clone(), r.resolve().ok()?))).collect();
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let changed = fresh.iter().any(|(name, value)| values.get(name) != Some(value));
        values.extend(fresh);
        changed
    }

    pub(crate) fn get(&self, name: &str) -> Option<Secret> {
        self.values.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let value = SecretRef::Value("hunter2".to_owned());
        let credentials = Credentials::read(BTreeMap::from([("password".to_owned(), value)])).unwrap();
        let shown = format!("{credentials:?} {:?}", credentials.get("password"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_file_is_read_without_its_line_end_and_read_again_after_rotation() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "one\r\n").unwrap();
        let mut reference: SecretRef = serde_json::from_str(r#"{"file":"key"}"#).unwrap();
        reference.anchor(folder.path());
        let credentials = Credentials::read(BTreeMap::from([("key".to_owned(), reference)])).unwrap();
        assert_eq!(credentials.get("key").unwrap().reveal(), "one");
        std::fs::write(folder.path().join("key"), "two\n").unwrap();
        assert!(credentials.reload());
        assert_eq!(credentials.get("key").unwrap().reveal(), "two");
        assert!(!credentials.reload());
        std::fs::remove_file(folder.path().join("key")).unwrap();
        assert!(!credentials.reload());
        assert_eq!(credentials.get("key").unwrap().reveal(), "two");
    }

    #[test]
    fn what_is_absent_is_named() {
        let check =
            |reference: SecretRef, said: &str| assert_eq!(reference.resolve().unwrap_err().to_string(), said);
        check(
            SecretRef::Env("THROUGHLINE_NO_SUCH".to_owned()),
            "environment variable THROUGHLINE_NO_SUCH is not set",
        );
        check(SecretRef::File("/no/such".into()), "/no/such: can't be read");
        check(SecretRef::Value(String::new()), "it is empty");
    }
}

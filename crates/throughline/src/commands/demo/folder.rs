//! The demo's folder: the hub's data, the vendors' state, the configuration, and what the firm was made from.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use throughline_hub::config::{Config, FILE_NAME};

use crate::failure::Failure;

/// The file that says what the folder was begun with.
const MADE_FROM: &str = "demo.json";

/// What a demo was begun with; going on with other figures would tell two stories in one ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct MadeFrom {
    seed: u64,
    opportunities: usize,
}

/// The demo's folder.
pub(super) struct Folder {
    root: PathBuf,
    /// A demo was begun here before.
    pub(super) used: bool,
}

impl Folder {
    /// Makes the folder, or takes up one that a demo with the same figures has begun.
    pub(super) fn open(root: &Path, seed: u64, opportunities: usize) -> Result<Self, Failure> {
        let root = std::path::absolute(root).with_context(|| format!("{} is no path", root.display()))?;
        let wanted = MadeFrom { seed, opportunities };
        let file = root.join(MADE_FROM);
        match std::fs::read(&file) {
            Ok(text) => {
                let found: MadeFrom = serde_json::from_slice(&text)
                    .with_context(|| format!("{} does not read back", file.display()))?;
                if found != wanted {
                    let said = format!(
                        "{} holds a demo with --seed {} --opportunities {}",
                        root.display(),
                        found.seed,
                        found.opportunities
                    );
                    return Err(Failure::said(said)
                        .advise("go on with those, name another folder with --data, or remove this one"));
                }
                Ok(Self { root, used: true })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if std::fs::read_dir(&root).is_ok_and(|mut entries| entries.next().is_some()) {
                    let said = format!("{} is not empty and holds no demo", root.display());
                    return Err(Failure::said(said).advise("name another folder with --data"));
                }
                std::fs::create_dir_all(&root)
                    .with_context(|| format!("{} can't be made", root.display()))?;
                let text =
                    serde_json::to_vec_pretty(&wanted).context("the demo's figures can't be written")?;
                std::fs::write(&file, text)
                    .with_context(|| format!("{} can't be written", file.display()))?;
                Ok(Self { root, used: false })
            }
            Err(error) => {
                Err(anyhow::Error::new(error).context(format!("{} can't be read", file.display())).into())
            }
        }
    }

    /// The folder, for people.
    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.root.display()
    }

    /// Where the hub keeps its data.
    pub(super) fn hub(&self) -> PathBuf {
        self.root.join("hub")
    }

    /// Where the vendors keep theirs.
    pub(super) fn sandbox(&self) -> PathBuf {
        self.root.join("sandbox")
    }

    /// The configuration that other commands can be given.
    pub(super) fn config(&self) -> PathBuf {
        self.root.join(FILE_NAME)
    }

    /// Writes that configuration.
    pub(super) fn write_config(&self, config: &Config) -> anyhow::Result<()> {
        let text = serde_saphyr::to_string(config).context("the configuration can't be written")?;
        let text = format!(
            "# Written by `throughline demo`. The credentials in it are worth nothing elsewhere.\n{text}"
        );
        std::fs::write(self.config(), text)
            .with_context(|| format!("{} can't be written", self.config().display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_gone_on_with_by_the_same_figures_only() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("demo");
        assert!(!Folder::open(&root, 1, 10).unwrap().used);
        assert!(Folder::open(&root, 1, 10).unwrap().used);
        assert!(Folder::open(&root, 2, 10).is_err());
        let strange = parent.path().join("strange");
        std::fs::create_dir(&strange).unwrap();
        std::fs::write(strange.join("somebody's work"), "").unwrap();
        assert!(Folder::open(&strange, 1, 10).is_err());
    }
}

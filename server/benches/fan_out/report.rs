//! What a bench leaves behind: a file from which all else can be made again.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{error::BoxError, figures::Run, machine::Machine};

/// Everything that was measured, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) runs: Vec<Run>,
}

impl Report {
    pub(crate) fn read(path: &Path) -> Result<Self, BoxError> {
        let file = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(serde_json::from_str(&file)?)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), BoxError> {
        let mut file = serde_json::to_string_pretty(self)?;
        file.push('\n');
        fs::write(path, file).map_err(|e| format!("{}: {e}", path.display()).into())
    }
}

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
        // A line for each run: short enough to keep, long enough to compare.
        let runs = self.runs.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let machine = serde_json::to_string(&self.machine)?;
        let runs = runs.join(",\n    ");
        let file = format!("{{\n  \"machine\": {machine},\n  \"runs\": [\n    {runs}\n  ]\n}}\n");
        fs::write(path, file).map_err(|e| format!("{}: {e}", path.display()).into())
    }
}

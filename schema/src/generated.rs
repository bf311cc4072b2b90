//! Files that are made from a contract and committed beside it: the OpenRPC and OpenAPI documents, the types as a JSON Schema, examples.
//!
//! ```no_run
//! use tidings_contract::{OpenRpc, generated::Files};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = OpenRpc::new("Shop", "1.0.0").into_document()?;
//! let files = Files::new(&document);
//! for path in files.write(std::path::Path::new("contract"))? {
//!     println!("written: {}", path.display());
//! }
//! # Ok(())
//! # }
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::openapi;

/// The folder of the examples.
const EXAMPLES: &str = "examples";

/// Generated files: their paths below some folder, and their content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(Vec<(PathBuf, String)>);

impl Files {
    /// `openrpc.json`, `openapi.json` and `schema.json` of a document.
    pub fn new(document: &Value) -> Self {
        Self(vec![
            ("openrpc.json".into(), pretty(document)),
            ("openapi.json".into(), pretty(&openapi::document(document))),
            ("schema.json".into(), pretty(&schema(document))),
        ])
    }

    /// Adds `examples/NAME.json`.
    #[must_use]
    pub fn example(mut self, name: &str, message: &Value) -> Self {
        self.0.push((Path::new(EXAMPLES).join(format!("{name}.json")), pretty(message)));
        self
    }

    /// Writes the files that differ, removes examples that are no longer made, and answers the paths of both.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, written or removed.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let stale = self.stale(folder)?;
        fs::create_dir_all(folder.join(EXAMPLES))?;
        for path in &stale {
            match self.0.iter().find(|(known, _)| known == path) {
                Some((_, content)) => fs::write(folder.join(path), content)?,
                None => fs::remove_file(folder.join(path))?,
            }
        }
        Ok(stale)
    }

    /// The paths of the files below `folder` that [`Files::write`] would change.
    ///
    /// # Errors
    ///
    /// When the folder of the examples cannot be read.
    pub fn stale(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let differs = |(path, content): &(PathBuf, String)| {
            let same = fs::read_to_string(folder.join(path)).ok().as_ref() == Some(content);
            (!same).then(|| path.clone())
        };
        let mut stale: Vec<_> = self.0.iter().filter_map(differs).collect();
        if folder.join(EXAMPLES).is_dir() {
            for entry in fs::read_dir(folder.join(EXAMPLES))? {
                let path = Path::new(EXAMPLES).join(entry?.file_name());
                if !self.0.iter().any(|(known, _)| *known == path) {
                    stale.push(path);
                }
            }
        }
        Ok(stale)
    }
}

/// The named types on their own, for tools that know JSON Schema but not OpenRPC.
fn schema(document: &Value) -> Value {
    let definitions = document["components"]["schemas"].to_string();
    let definitions = definitions.replace("#/components/schemas/", "#/definitions/");
    let definitions: Value = serde_json::from_str(&definitions).expect("it was JSON before");
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": document["info"]["title"],
        "definitions": definitions,
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

//! The files that are made from the Rust types and committed beside them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{contract, examples::examples};

/// The command that brings every generated file up to date.
pub const GENERATE: &str = "cargo run -p tidings-schema -- generate";

/// Every generated file: its path below the crate's folder, and its content.
pub fn files() -> Vec<(PathBuf, String)> {
    let document = contract().into_document();
    let mut files = vec![
        ("openrpc.json".into(), pretty(&document)),
        ("schema.json".into(), pretty(&schema(&document))),
    ];
    for (name, message) in examples() {
        files.push((format!("examples/{name}.json").into(), pretty(&message)));
    }
    files
}

/// Writes every generated file below `folder`, and removes examples that are no longer made.
///
/// # Errors
///
/// When a file cannot be read, written or removed.
pub fn generate(folder: &Path) -> io::Result<()> {
    for stale in leftovers(folder)? {
        fs::remove_file(folder.join(stale))?;
    }
    fs::create_dir_all(folder.join("examples"))?;
    files().into_iter().try_for_each(|(path, content)| fs::write(folder.join(path), content))
}

/// The files below `folder` that differ from what [`generate`] would leave there.
///
/// # Errors
///
/// When the folder of the examples cannot be read.
pub fn stale(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let changed = |(path, content): (PathBuf, String)| {
        (fs::read_to_string(folder.join(&path)).ok().as_ref() != Some(&content)).then_some(path)
    };
    let mut stale: Vec<_> = files().into_iter().filter_map(changed).collect();
    stale.extend(leftovers(folder)?);
    Ok(stale)
}

/// Examples that no longer exist in Rust.
fn leftovers(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let current: Vec<_> = files().into_iter().map(|(path, _)| path).collect();
    let mut leftovers = Vec::new();
    if folder.join("examples").is_dir() {
        for entry in fs::read_dir(folder.join("examples"))? {
            let path = Path::new("examples").join(entry?.file_name());
            if !current.contains(&path) {
                leftovers.push(path);
            }
        }
    }
    Ok(leftovers)
}

/// The named types on their own, for tools that know JSON Schema but not OpenRPC.
fn schema(document: &Value) -> Value {
    let definitions = document["components"]["schemas"].to_string();
    let definitions = definitions.replace("#/components/schemas/", "#/definitions/");
    let definitions: Value = serde_json::from_str(&definitions).expect("it was JSON before");
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The types of Tidings",
        "definitions": definitions,
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

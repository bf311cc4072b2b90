//! The framework does not depend on the demo: its sources contain no name of the demo's contract.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tidings::{OnInstances, OpenRpc};

/// The folders with the framework's sources.
const SOURCES: &[&str] = &[
    "schema/src",
    "server/src",
    "server/cli/src",
    "server/cli/template",
    "client-ts/client/src",
    "client-ts/codegen/src",
];

/// The demo's names that its document does not contain.
const MORE: &[&str] = &["list-1", "tidings_demo", "tidings-demo", "tidings_demo_contract"];

#[test]
fn the_framework_contains_no_name_of_the_demos_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in SOURCES {
        let before = files.len();
        read(&root.join(folder), &mut files);
        assert!(files.len() > before, "{folder} has no files");
    }
    let names = names();
    for name in ["User", "AllUsers", "allUsers", "SetBioInput", "onBio", "OnBio", "bioTooLong"] {
        assert!(names.contains(name), "{name} is a name of the demo: {names:?}");
    }
    for name in ["onInstances", "OnInstances", "Instance", "EventId", "Channel", "notFound"] {
        assert!(!names.contains(name), "{name} is the framework's");
    }
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (line, text) in (1..).zip(text.lines()) {
            for name in names.iter().filter(|name| has_word(text, name)) {
                found.push(format!("{}:{line}: {name}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "names of the demo:\n{}", found.join("\n"));
}

/// The demo's procedures, their types, its errors, and what it is called.
fn names() -> BTreeSet<String> {
    let contract = tidings_demo_contract::contract();
    let procedures: BTreeSet<_> = contract.method_names().into_iter().map(str::to_owned).collect();
    let own = OpenRpc::new("", "").subscription::<OnInstances>().publishable::<OnInstances>();
    let of_framework: BTreeSet<_> = own.method_names().into_iter().map(str::to_owned).collect();
    let types: BTreeSet<_> = procedures.iter().map(|name| pascal(name)).collect();
    let (demo, own) = (contract.into_document().unwrap(), own.into_document().unwrap());
    let components = |document: &Value| -> BTreeSet<String> {
        let components = &document["components"];
        let names = [&components["schemas"], &components["errors"]];
        names.iter().flat_map(|names| names.as_object().unwrap().keys().cloned()).collect()
    };
    let mut names: BTreeSet<_> = components(&demo).difference(&components(&own)).cloned().collect();
    // The framework's, but its own document has no procedure whose input is a channel.
    names.remove("Channel");
    names.extend(procedures.difference(&of_framework).cloned());
    names
        .extend(types.difference(&of_framework.iter().map(|name| pascal(name)).collect()).cloned());
    names.extend(MORE.iter().map(|name| (*name).to_owned()));
    names
}

fn pascal(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// Whether a text contains a name that is not part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(behind.chars().next())
    })
}

fn read(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder);
    for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { read(&path, files) } else { files.push(path) }
    }
}

#[test]
fn a_part_of_a_longer_word_does_not_count() {
    assert!(has_word("pub struct User;", "User"));
    assert!(has_word("`User`, and", "User"));
    assert!(!has_word("UserAgent SuperUser User_", "User"));
    assert!(has_word("such as list-1.", "list-1"));
    assert!(!has_word("list-12", "list-1"));
}

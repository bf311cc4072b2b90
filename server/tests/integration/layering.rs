//! Imports go down, never up: between the rooms of the framework, and between crates.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The rooms of `src/`, from top to bottom. A room may use those below it.
const ROOMS: &[&str] = &[
    "lib",
    "server",
    "leaving",
    "monitor",
    "http",
    "router",
    "service",
    "ingress",
    "subscription",
    "instance",
    "engine",
    "handler",
    "context",
    "publisher",
    "input",
    "readiness",
    "hub",
    "resume",
    "socket",
    "envelope",
    "metrics",
    "telemetry",
    "health",
    "config",
    "broker",
    "sample",
    "platform",
    "error",
    "json_path",
    "log_limit",
];

/// Libraries that only some rooms may use.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("redis", &["broker", "config", "publisher", "platform"]),
    ("socket2", &["http", "socket", "platform"]),
    ("tokio::signal", &["platform"]),
    ("std::os", &["platform"]),
    ("metrics_exporter_prometheus", &["metrics"]),
];

/// Markers of code for one operating system, besides the calls that clippy.toml lists.
const OF_ONE_SYSTEM: &[&str] = &["target_os", "(unix", "(windows", "unix,", "windows,", "/proc/"];

/// The one file of each program that knows operating systems.
const KNOW_SYSTEMS: &[(&str, &str)] =
    &[("server/src", "platform"), ("server/demo/src", "none"), ("server/cli/src", "reader")];

/// Which of this repository's crates each may use, tests apart.
const CRATES: &[(&str, &str, &[&str])] = &[
    ("tidings-contract", "schema", &[]),
    ("tidings-demo-contract", "schema/demo", &["tidings-contract"]),
    ("tidings", "server", &["tidings-contract"]),
    ("tidings-demo", "server/demo", &["tidings", "tidings-demo-contract"]),
    ("tidings-cli", "server/cli", &["tidings"]),
    ("tidings-testkit", "server/testkit", &["tidings-contract", "tidings-demo-contract"]),
];

#[test]
fn imports_flow_one_way() {
    let files = rooms("server/src");
    for room in ROOMS {
        assert!(files.contains_key(*room), "there is no room {room} any more");
    }
    let position = |room: &str| {
        let at = ROOMS.iter().position(|r| *r == room);
        at.unwrap_or_else(|| panic!("{room} has no place in the list of rooms"))
    };
    let mut faults = Vec::new();
    for (room, text) in &files {
        for used in uses(text) {
            if position(room) > position(&used) {
                faults.push(format!("{room} uses {used}"));
            }
        }
    }
    assert!(faults.is_empty(), "imports against the flow: {faults:?}");
}

#[test]
fn a_library_is_used_where_it_belongs() {
    let mut faults = Vec::new();
    for (room, text) in rooms("server/src") {
        for (library, may) in LIBRARIES {
            if !may.contains(&room.as_str()) && text.contains(&format!("{library}::")) {
                faults.push(format!("{room} uses {library}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
}

/// Linux compiles and tests the fallbacks of `platform.rs`, and only those.
#[test]
fn one_file_of_each_program_knows_operating_systems() {
    let clippy = fs::read_to_string(root().join("clippy.toml")).unwrap();
    let paths = clippy.split("path = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let calls: Vec<_> =
        paths.map(|path| format!("{}(", path.rsplit("::").next().unwrap())).collect();
    assert!(calls.len() >= 5, "clippy.toml lists them: {calls:?}");
    let mut faults = Vec::new();
    for (folder, file) in KNOW_SYSTEMS {
        for (room, text) in rooms(folder).iter().filter(|(room, _)| room != file) {
            let calls = calls.iter().map(String::as_str).chain(OF_ONE_SYSTEM.iter().copied());
            let found = calls.filter(|call| text.contains(call));
            faults.extend(found.map(|call| format!("{folder}, {room}: {call}")));
        }
    }
    assert!(faults.is_empty(), "these belong into the file that knows: {faults:?}");
}

#[test]
fn crates_flow_one_way() {
    let ours: BTreeSet<_> = CRATES.iter().map(|(name, ..)| *name).collect();
    let mut faults = Vec::new();
    for (name, folder, may) in CRATES {
        let Ok(manifest) = fs::read_to_string(root().join(folder).join("Cargo.toml")) else {
            panic!("there is no {folder}");
        };
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{folder} is not {name}");
        let used = dependencies(&manifest);
        let against = used.iter().filter(|used| ours.contains(used.as_str()));
        let against = against.filter(|used| !may.contains(&used.as_str()));
        faults.extend(against.map(|used| format!("{name} uses {used}")));
    }
    assert!(faults.is_empty(), "dependencies against the flow: {faults:?}");
}

/// The names under `[dependencies]`, and those that are there on some systems only.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // `[dependencies.name]`
            if let Some(("", name)) = section.split_once("dependencies.") {
                names.push(name.to_owned());
            }
        } else if (section == "dependencies" || section.ends_with(".dependencies"))
            && let Some((name, _)) = line.split_once(['.', '=', ' '])
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[test]
fn dependencies_are_read_and_those_of_tests_are_not() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n\
        [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dependencies.d]\npath = \"d\"\n\
        [dev-dependencies]\ne = \"1\"\n[build-dependencies]\nf = \"1\"\n";
    assert_eq!(dependencies(manifest), ["a", "b", "c", "d"]);
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of each room below a folder.
fn rooms(folder: &str) -> BTreeMap<String, String> {
    let src = root().join(folder);
    let mut files = BTreeMap::new();
    if src.is_dir() {
        read(&src, &src, &mut files);
    }
    files
}

fn read(src: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(src, &path, files);
            continue;
        }
        let below = path.strip_prefix(src).unwrap();
        let room = below.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let text = fs::read_to_string(&path).unwrap();
        files.entry(room.to_owned()).or_default().push_str(&text);
    }
}

/// The rooms that a text names after `crate::`, alone or in braces.
fn uses(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        match rest.strip_prefix('{') {
            None => used.push(name(rest)),
            Some(list) => {
                let mut depth = 1;
                let mut start = 0;
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if (c == ',' && depth == 1) || depth == 0 {
                        used.push(name(list[start..at].trim()));
                        start = at + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
        }
    }
    // A comment may refer to a type at the root of the crate.
    used.retain(|name: &String| name.starts_with(|c: char| c.is_ascii_lowercase()));
    used
}

//! Imports go down this list, never up.

use std::{collections::BTreeMap, fs, path::Path};

/// The rooms of `src/`, from top to bottom. A room may use those below it.
const ROOMS: &[&str] = &[
    "main",
    "lib",
    "run",
    "commands",
    "http",
    "procedures",
    "router",
    "subscription",
    "instance",
    "app",
    "input",
    "user_directory",
    "readiness",
    "hub",
    "resume",
    "socket",
    "metrics",
    "telemetry",
    "config",
    "broker",
    "error",
    "shutdown",
];

#[test]
fn imports_flow_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    read(&src, &src, &mut files);
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

/// The text of each room.
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
    used.retain(|name: &String| !name.is_empty());
    used
}

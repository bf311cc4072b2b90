//! Where in a JSON value something is, as JavaScript would write it: `[0].name`.

use jsonschema::paths::{Location, LocationSegment};

/// The path or, for the whole value, what that is called.
pub(crate) fn subject(what: &str, at: &Location) -> String {
    let path = path(at);
    if path.is_empty() { format!("{what} as a whole") } else { path }
}

/// The path; empty for the whole value.
pub(crate) fn path(at: &Location) -> String {
    at.iter().fold(String::new(), |path, segment| match segment {
        LocationSegment::Index(index) => format!("{path}[{index}]"),
        LocationSegment::Property(name) => member(&path, &name),
    })
}

/// The path of a member of the value at `path`.
pub(crate) fn member(path: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
    match (plain, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}

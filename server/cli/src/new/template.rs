//! The files of a new project.

use super::{File, packages::Packages};
use crate::failure::{Failure, Result};

/// The command that builds the page.
pub(crate) const BUILD_PAGE: &str = "npm --prefix client run setup";
/// The command that runs the service.
pub(crate) const RUN: &str = "cargo run";

/// The files in `template/`.
const TEMPLATE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/template.rs"));

/// The files of a project called `name`, except for `vendor/`.
pub(crate) fn files(name: &str, packages: &Packages) -> Result<Vec<File>> {
    let values = [
        ("{{name}}", name),
        ("{{version}}", packages.version()),
        ("{{client}}", packages.tarball("tidings-client")),
        ("{{codegen}}", packages.tarball("tidings-codegen")),
    ];
    let mut files = Vec::new();
    for (path, content) in TEMPLATE {
        files.push((path_in_project(path), fill(path, content, &values)?));
    }
    if let Some(lock) = packages.lock_file() {
        files.push(("Cargo.lock".to_owned(), lock.to_vec()));
    }
    Ok(files)
}

/// Removes the ending `.template`, which hides a file from tools that work on this repository.
fn path_in_project(path: &str) -> String {
    let path = path.strip_suffix(".template").unwrap_or(path);
    match path {
        "gitignore" | "dockerignore" => format!(".{path}"),
        _ => path.to_owned(),
    }
}

fn fill(path: &str, content: &[u8], values: &[(&str, &str)]) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(content)
        .map_err(|error| Failure::new(format!("the template {path} is no text: {error}")))?;
    Ok(values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value)).into())
}

#[cfg(test)]
mod tests {
    use super::{TEMPLATE, fill, path_in_project};

    #[test]
    fn every_placeholder_has_a_value() {
        let values =
            [("{{name}}", "a"), ("{{version}}", "1"), ("{{client}}", "c"), ("{{codegen}}", "g")];
        assert!(!TEMPLATE.is_empty());
        for (path, content) in TEMPLATE {
            let text = String::from_utf8(fill(path, content, &values).unwrap()).unwrap();
            // JSX writes a style as {{ … }}, with a space or a line break behind the braces.
            let left = text
                .match_indices("{{")
                .find(|(at, _)| text[at + 2..].starts_with(|c: char| c.is_ascii_lowercase()));
            assert_eq!(left, None, "{path}");
        }
    }

    #[test]
    fn files_that_tools_would_read_have_another_name_here() {
        assert_eq!(path_in_project("Cargo.toml.template"), "Cargo.toml");
        assert_eq!(path_in_project("gitignore.template"), ".gitignore");
        assert_eq!(path_in_project("src/main.rs"), "src/main.rs");
    }
}

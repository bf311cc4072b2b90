//! The configuration files of proxies that this repository ships, with other numbers in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// After how many seconds without traffic every shipped proxy closes a connection, if it has such a limit.
pub(crate) const IDLE_SECONDS: u32 = 75;

/// The folder of the files.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../nginx");

/// A file of `nginx/`.
pub(crate) fn shipped(name: &str) -> Result<String> {
    let path = Path::new(SHIPPED).join(name);
    fs::read_to_string(&path).map_err(Error::io(path.to_string_lossy()))
}

/// A file of `nginx/` with other numbers: each `(from, to)` replaces every whole number `from`, such as a port or the
/// `75` of `75s`.
///
/// # Errors
///
/// When the file cannot be read or has no such number: it would not be tested as it is meant.
pub(crate) fn with_numbers(name: &str, numbers: &[(u32, u32)]) -> Result<String> {
    let text = shipped(name)?;
    for (from, _) in numbers {
        if !runs(&text).any(|run| run == from.to_string()) {
            return Err(Error::Failed {
                command: format!("reading nginx/{name}"),
                output: format!("there is no {from}, which is to be replaced"),
            });
        }
    }
    let replaced = runs(&text).map(|run| {
        let to = numbers.iter().find(|(from, _)| run == from.to_string());
        to.map_or_else(|| run.to_owned(), |(_, to)| to.to_string())
    });
    Ok(replaced.collect())
}

/// The text in pieces, each of them digits only or without any.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    // Digits are characters of one byte, so the text is never cut within one.
    pieces.map(|piece| std::str::from_utf8(piece).unwrap_or_default())
}

/// Writes a file of this name into a folder, and answers where it is.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::io(path.to_string_lossy()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::with_numbers;

    #[test]
    fn replaces_whole_numbers_only() {
        let text = with_numbers("proxies/haproxy.cfg", &[(3000, 3001), (3001, 5)]).unwrap();
        assert!(text.contains("127.0.0.1:3001\n") && text.contains("127.0.0.1:5\n"), "{text}");
        assert!(text.contains("maxconn 8000"), "{text}");
    }

    #[test]
    fn a_number_that_is_not_there_is_an_error() {
        let error = with_numbers("proxies/haproxy.cfg", &[(800, 1)]).unwrap_err().to_string();
        assert!(error.contains("there is no 800"), "{error}");
    }
}

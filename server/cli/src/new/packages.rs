//! Tidings' own packages, which a new project carries in `vendor/` until they are in the registries.

use std::{
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;

use super::File;
use crate::failure::{Failure, Result};

/// The crates and the npm packages that a project needs.
const CRATES: [&str; 2] = ["tidings-contract", "tidings"];
const NPM: [&str; 2] = ["tidings-client", "tidings-codegen"];

/// The packages that this program was built with: empty unless TIDINGS_PACKAGES was set.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/packages.rs"));

/// The largest file that a crate may hold: bytes. Tidings' own files have some kB.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Tidings' own packages.
#[derive(Debug)]
pub(crate) struct Packages {
    /// Each crate with its version and its files.
    crates: Vec<(&'static str, String, Vec<File>)>,
    /// Each npm package with its file's name and content.
    npm: Vec<(&'static str, File)>,
}

/// Finds the packages: in `folder` if it is given, else those that this program was built with, else in the folder
/// `packages` beside the folder of this program.
pub(crate) fn find(folder: Option<&Path>) -> Result<Packages> {
    if let Some(folder) = folder {
        return read(folder);
    }
    if !EMBEDDED.is_empty() {
        let file = |(name, content): &(&str, &[u8])| ((*name).to_owned(), content.to_vec());
        let files: Vec<_> = EMBEDDED.iter().map(file).collect();
        return Packages::from_files(&files, "this program");
    }
    match beside_the_program().filter(|folder| folder.is_dir()) {
        Some(folder) => read(&folder),
        None => Err(Failure::new(
            "Tidings' packages are not in the registries yet, and this program was built without them: \
             run `make packages` in Tidings' repository, then add --packages FOLDER (target/packages there)",
        )),
    }
}

fn beside_the_program() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.parent()?.join("packages"))
}

fn read(folder: &Path) -> Result<Packages> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} cannot be read: {error}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".crate") || name.ends_with(".tgz") {
            files.push((name, fs::read(entry.path()).map_err(failed)?));
        }
    }
    Packages::from_files(&files, &folder.display().to_string())
}

impl Packages {
    /// Picks the packages from the files of `source`.
    fn from_files(files: &[File], source: &str) -> Result<Self> {
        let one = |name: &str, ending: &str| {
            let mut found = files.iter().filter_map(|(file, content)| {
                let version = file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(ending)?;
                // Not `tidings-contract-0.1.0.crate` for `tidings`.
                version
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some((file, version, content))
            });
            match (found.next(), found.next()) {
                (Some(package), None) => Ok(package),
                (None, _) => Err(Failure::new(format!(
                    "{source} has no {name}-VERSION{ending}: `make packages` in Tidings' repository makes it"
                ))),
                (Some(_), Some(_)) => Err(Failure::new(format!(
                    "{source} has more than one version of {name}: leave one, or run `make packages` again"
                ))),
            }
        };
        let mut crates = Vec::new();
        for name in CRATES {
            let (file, version, content) = one(name, ".crate")?;
            let files = unpack(content, LARGEST).map_err(|error| {
                Failure::new(format!("{file} of {source} cannot be unpacked: {error}"))
            })?;
            crates.push((name, version.to_owned(), files));
        }
        let mut npm = Vec::new();
        for name in NPM {
            let (file, _, content) = one(name, ".tgz")?;
            npm.push((name, (file.clone(), content.clone())));
        }
        Ok(Self { crates, npm })
    }

    /// The version of the crate `tidings`.
    pub(crate) fn version(&self) -> &str {
        self.crates
            .iter()
            .find(|(name, ..)| *name == "tidings")
            .map_or("", |(_, version, _)| version)
    }

    /// The file name of this npm package.
    pub(crate) fn tarball(&self, package: &str) -> &str {
        self.npm.iter().find(|(name, _)| *name == package).map_or("", |(_, (file, _))| file)
    }

    /// The `Cargo.lock` in the crate `tidings`: versions of all crates that work together.
    pub(crate) fn lock_file(&self) -> Option<&[u8]> {
        let (.., files) = self.crates.iter().find(|(name, ..)| *name == "tidings")?;
        let (_, content) = files.iter().find(|(path, _)| path == "Cargo.lock")?;
        Some(content)
    }

    /// All files, below `vendor/`.
    pub(crate) fn into_files(self) -> impl Iterator<Item = File> {
        let crates = self.crates.into_iter().flat_map(|(name, _, files)| {
            files.into_iter().map(move |(path, content)| (format!("vendor/{name}/{path}"), content))
        });
        let npm =
            self.npm.into_iter().map(|(_, (file, content))| (format!("vendor/{file}"), content));
        crates.chain(npm)
    }
}

/// The files of a crate, with paths below its top folder.
///
/// # Errors
///
/// When the archive is damaged, or holds a path outside of it or a file of more than `largest` bytes.
fn unpack(archive: &[u8], largest: u64) -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries()? {
        let entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let parts: Vec<_> = path.iter().skip(1).map(|part| part.to_string_lossy()).collect();
        // A manipulated archive must not write outside of the project.
        if parts.iter().any(|part| part == "..") {
            return Err(std::io::Error::other(format!("{} leads out of it", path.display())));
        }
        let mut content = Vec::new();
        // The size in the header may be wrong.
        if entry.take(largest + 1).read_to_end(&mut content)? as u64 > largest {
            return Err(std::io::Error::other(format!(
                "{} has more than {largest} bytes",
                path.display()
            )));
        }
        files.push((parts.join("/"), content));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::unpack;

    fn crate_with(path: &str, content: &[u8]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content).unwrap();
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_and_not_cut() {
        let archive = crate_with("tidings-1.2.3/src/lib.rs", b"12345678");
        let expected = ("src/lib.rs".to_owned(), b"12345678".to_vec());
        assert_eq!(unpack(&archive, 8).unwrap(), [expected]);
        assert_eq!(
            unpack(&archive, 7).unwrap_err().to_string(),
            "tidings-1.2.3/src/lib.rs has more than 7 bytes"
        );
    }
}

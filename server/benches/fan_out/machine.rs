//! Where a bench ran, and with what.

use std::{fs, path::Path, process::Command};

use serde::{Deserialize, Serialize};

use crate::{
    error::BoxError,
    server::{self, Programs},
};

/// What a reader has to know of the machine. No name, no path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// The kernel's version: the first two numbers.
    pub(crate) kernel: String,
    /// Name and version of each program.
    pub(crate) programs: Vec<(String, String)>,
}

impl Machine {
    pub(crate) fn read(others: &Programs) -> Result<Self, BoxError> {
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let field = |name: &str| {
            processors.lines().find_map(|line| Some(line.strip_prefix(name)?.split_once(": ")?.1))
        };
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let kernel = release.split('.').take(2).collect::<Vec<_>>().join(".");
        let mut programs = vec![
            ("Tidings".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("Valkey".to_owned(), version("valkey-server".as_ref(), "--version")),
            ("Node.js".to_owned(), version("node".as_ref(), "--version")),
        ];
        if let Some(program) = &others.centrifugo {
            programs.push(("Centrifugo".to_owned(), version(program, "version")));
        }
        programs.extend(peers()?);
        Ok(Self {
            processor: field("model name").unwrap_or("unknown").to_owned(),
            cores: processors.lines().filter(|line| line.starts_with("processor")).count(),
            kernel: format!("Linux {kernel}"),
            programs,
        })
    }
}

/// The first word of what a program says of its version that looks like one.
fn version(program: &Path, question: &str) -> String {
    let output = Command::new(program).arg(question).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let words = text.split_whitespace().map(|word| word.trim_start_matches(['v', '=']));
    let number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    words.into_iter().find(number).unwrap_or("none").to_owned()
}

/// What package.json pins.
fn peers() -> Result<Vec<(String, String)>, BoxError> {
    let file = fs::read_to_string(Path::new(server::PEERS).join("package.json"))?;
    let package = serde_json::from_str::<serde_json::Value>(&file)?;
    let pinned = package["dependencies"].as_object().ok_or("package.json has no dependencies")?;
    let pinned = pinned.iter().filter_map(|(name, v)| Some((name.clone(), v.as_str()?.to_owned())));
    Ok(pinned.collect())
}

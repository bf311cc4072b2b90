//! The programs of other people that the fixtures run.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Where `tool` is.
///
/// Looks in `PATH`, then where Debian keeps daemons, which is not in every user's `PATH`.
pub(crate) fn find(tool: &'static str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(tool))
        .find(|file| file.is_file())
        .ok_or_else(|| Error::MissingTool { tool, run: installer(tool) })
}

/// The command that installs `tool`.
fn installer(tool: &str) -> &'static str {
    match tool {
        "caddy" | "apache2" | "envoy" | "varnishd" | "h2o" | "lighttpd" => "make test-proxies",
        _ => ".ci/install",
    }
}

/// Checks that the `tidings-demo` binary was built.
pub(crate) fn built(tidings: &Path) -> Result<&Path> {
    if tidings.is_file() {
        Ok(tidings)
    } else {
        Err(Error::MissingBinary { path: tidings.display().to_string() })
    }
}

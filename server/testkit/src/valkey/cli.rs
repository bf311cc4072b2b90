//! `valkey-cli`, against a Valkey or a Sentinel.

use std::ffi::OsStr;

use super::Certificates;
use crate::{
    Error, Process, Result,
    process::{self},
    tool,
};

/// Runs `valkey-cli` against `process`, which listens on `port` of 127.0.0.1, and answers what that printed, without
/// the last line's end.
pub(super) async fn run(
    process: &Process,
    port: u16,
    tls: Option<&Certificates>,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<String> {
    let mut cli = tokio::process::Command::new(tool::find("valkey-cli")?);
    cli.args(["-h", "127.0.0.1", "-e", "-p", &port.to_string()]);
    if let Some(certificates) = tls {
        cli.arg("--tls").arg("--cacert").arg(certificates.authority());
        cli.arg("--cert").arg(certificates.client_certificate());
        cli.arg("--key").arg(certificates.client_key());
    }
    cli.args(arguments);
    cli.kill_on_drop(true);
    let command = format!("{:?}", cli.as_std());
    let output = tokio::time::timeout(process::READY, cli.output())
        .await
        .map_err(|_| process.timed_out(&command, process::READY))?
        .map_err(Error::io(&command))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let output = format!("{} {}", text(&output.stdout), text(&output.stderr));
        Err(Error::Failed { command, output })
    }
}

//! Certificates for a Valkey with TLS and for its clients.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use crate::{Error, Result, tool};

/// What `openssl req` reads. Its own default would make every certificate an authority.
const EXTENSIONS: &str = "
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth,clientAuth
[client]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = clientAuth
";

/// A certificate authority, and the certificates that it has issued to a server on this machine and to a client.
///
/// They are PEM files in a folder of their own, which is removed with the last clone. They are valid for two days.
#[derive(Clone, Debug)]
pub struct Certificates {
    folder: Arc<TempDir>,
}

/// What a Valkey with TLS asks of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// A certificate of the same authority. Others are disconnected.
    Required,
    /// Nothing.
    NotRequired,
}

impl Certificates {
    /// Makes an authority and lets it issue both certificates. Two calls make two authorities, and neither trusts the
    /// other.
    ///
    /// # Errors
    ///
    /// When `openssl` is not installed.
    pub fn issue() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tidings-certificates-")
            .tempdir()
            .map_err(Error::io("no temporary folder for certificates"))?;
        let certificates = Self { folder: Arc::new(folder) };
        fs::write(certificates.file("extensions.cnf"), EXTENSIONS)
            .map_err(Error::io("a temporary file cannot be written"))?;
        for name in ["authority", "server", "client"] {
            certificates.request(name)?;
        }
        Ok(certificates)
    }

    /// The authority's certificate: what both sides trust.
    pub fn authority(&self) -> PathBuf {
        self.file("authority.crt")
    }

    /// The server's certificate, for `127.0.0.1` and `localhost`.
    pub fn server_certificate(&self) -> PathBuf {
        self.file("server.crt")
    }

    /// The server's private key.
    pub fn server_key(&self) -> PathBuf {
        self.file("server.key")
    }

    /// The client's certificate. Its common name is `client`.
    pub fn client_certificate(&self) -> PathBuf {
        self.file("client.crt")
    }

    /// The client's private key.
    pub fn client_key(&self) -> PathBuf {
        self.file("client.key")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `name.crt` and `name.key`, signed by the authority, or by itself when it is the authority.
    fn request(&self, name: &str) -> Result<()> {
        let mut openssl = Command::new(tool::find("openssl")?);
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        openssl.args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")]);
        openssl.arg("-config").arg(self.file("extensions.cnf")).args(["-extensions", name]);
        if name != "authority" {
            openssl.arg("-CA").arg(self.authority()).arg("-CAkey").arg(self.file("authority.key"));
        }
        openssl.arg("-keyout").arg(self.file(&format!("{name}.key")));
        openssl.arg("-out").arg(self.file(&format!("{name}.crt")));
        run(openssl)
    }

    /// The arguments of a Valkey that listens with TLS on `port`, and nowhere else.
    pub(super) fn server_arguments(
        &self,
        port: u16,
        clients: ClientCertificates,
    ) -> Vec<std::ffi::OsString> {
        let auth = if clients == ClientCertificates::Required { "yes" } else { "no" };
        let port = port.to_string();
        let mut arguments = [
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-auth-clients",
            auth,
            "--tls-replication",
            "yes",
        ]
        .map(Into::into)
        .to_vec();
        let files = [
            ("--tls-ca-cert-file", self.authority()),
            ("--tls-cert-file", self.server_certificate()),
            ("--tls-key-file", self.server_key()),
        ];
        for (name, file) in files {
            arguments.extend([name.into(), file.into_os_string()]);
        }
        arguments
    }

    /// The folder with all of it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn run(mut command: Command) -> Result<()> {
    let text = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(Error::io(&text))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(Error::Failed { command: text, output })
}

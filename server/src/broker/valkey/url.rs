//! Reads a Valkey URL.
//!
//! | URL | where Valkey is |
//! |---|---|
//! | `redis://[user:password@]host[:port]` | one server; `valkey://` works, too |
//! | `rediss://…` | the same with TLS; `valkeys://` works, too |
//! | `valkey+sentinel://[user:password@]host[:port],host[:port]/primary` | wherever Sentinel says that the primary is |
//! | `valkeys+sentinel://…` | the same with TLS, to Sentinel and to Valkey |
//! | `unix:///path.sock[?user=…&pass=…]` | one server on this machine |
//!
//! | parameter | meaning |
//! |---|---|
//! | `ca` | with TLS: a PEM file with the authorities that may sign Valkey's certificate |
//! | `cert`, `key` | with TLS: PEM files with the certificate and the key that this client shows |
//! | `sentinel_user`, `sentinel_password` | what Sentinel asks for, if anything |
//! | `sentinel_tls` | with TLS: `no` where Sentinel itself has none |
//!
//! No error shows a part of the URL but the paths of files: with a mistake in it, a part of the password can be anywhere.

use std::{collections::HashMap, fs, str::FromStr};

use redis::{
    ClientTlsConfig, ConnectionInfo, IntoConnectionInfo, TlsCertificates, parse_redis_url,
};

use super::{
    sentinel::Sentinels,
    server::{Place, Server},
};

/// What is wrong with a Valkey URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidUrl(String);

const SENTINEL_PORT: u16 = 26379;

const PARAMETERS: [&str; 6] =
    ["ca", "cert", "key", "sentinel_user", "sentinel_password", "sentinel_tls"];

impl FromStr for Server {
    type Err = InvalidUrl;

    fn from_str(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or_else(unreadable)?;
        if scheme == "unix" || scheme.ends_with("+unix") {
            let info = url.into_connection_info().map_err(|_| unreadable())?;
            return Ok(Self::new(Place::Node { info: checked(info)?, certificates: None }));
        }
        if rest.contains('#') {
            return invalid("the Valkey URL must not contain a `#`; write it as %23 in a password");
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = Parameters::read(query)?;
        let (base, through_sentinel) = match scheme.strip_suffix("+sentinel") {
            Some(base) => (base, true),
            None => (scheme, false),
        };
        let tls = match base {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(unreadable()),
        };
        let certificates = parameters.certificates(tls)?;
        let place = if through_sentinel {
            Place::Sentinels(sentinels(base, rest, &parameters, tls, certificates)?)
        } else {
            if parameters.0.keys().any(|name| name.starts_with("sentinel_")) {
                return invalid(
                    "the Valkey URL has parameters of Sentinel; write valkey+sentinel:// for Sentinel",
                );
            }
            Place::Node { info: node(base, rest)?, certificates }
        };
        Ok(Self::new(place))
    }
}

/// `[user:password@]host[:port][/0]`
fn node(base: &str, rest: &str) -> Result<ConnectionInfo, InvalidUrl> {
    let info = format!("{base}://{rest}").into_connection_info().map_err(|_| unreadable())?;
    checked(info)
}

/// Valkey's publish/subscribe knows no databases: two fleets on two of them would hear each other's events.
fn checked(info: ConnectionInfo) -> Result<ConnectionInfo, InvalidUrl> {
    if info.redis_settings().db() == 0 {
        return Ok(info);
    }
    invalid(
        "the Valkey URL names a database, and only 0 can be used: events go to subscribers of all databases; to keep \
         several systems on one Valkey apart, give each its own --key-prefix",
    )
}

/// `[user:password@]host[:port],host[:port]/primary[/0]`
fn sentinels(
    base: &str,
    rest: &str,
    parameters: &Parameters,
    tls: bool,
    certificates: Option<TlsCertificates>,
) -> Result<Sentinels, InvalidUrl> {
    let unreadable = || {
        InvalidUrl(
            "the Valkey URL cannot be read; with Sentinel it looks like \
             valkey+sentinel://[user:password@]host:26379,host:26379/name-of-the-primary"
                .to_owned(),
        )
    };
    let (authority, path) = rest.split_once('/').ok_or_else(unreadable)?;
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let (primary, database) = path.split_once('/').unwrap_or((path, ""));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if primary.is_empty() || !primary.chars().all(is_name) {
        return Err(unreadable());
    }
    let tls_to_sentinel = match parameters.get("sentinel_tls") {
        None | Some("yes") => tls,
        Some("no") if tls => false,
        Some(_) => {
            return invalid(
                "sentinel_tls in the Valkey URL must be `yes` or `no`, and needs valkeys+sentinel://",
            );
        }
    };
    let mut nodes = Vec::new();
    let mut settings = None;
    for host in hosts.split(',') {
        // Also reads the user and the password, which belong to the nodes.
        let info = node(base, &format!("{user}{host}/{database}"))
            .map_err(|error| if database.is_empty() { unreadable() } else { error })?;
        let scheme = if tls_to_sentinel { "rediss" } else { "redis" };
        let mut sentinel = parse_redis_url(&format!("{scheme}://{host}")).ok_or_else(unreadable)?;
        if sentinel.port().is_none() {
            sentinel.set_port(Some(SENTINEL_PORT)).map_err(|()| unreadable())?;
        }
        let sentinel = sentinel.into_connection_info().map_err(|_| unreadable())?;
        let mut login = sentinel.redis_settings().clone();
        if let Some(user) = parameters.get("sentinel_user") {
            login = login.set_username(user);
        }
        if let Some(password) = parameters.get("sentinel_password") {
            login = login.set_password(password);
        }
        nodes.push(sentinel.set_redis_settings(login));
        settings = Some(info.redis_settings().clone());
    }
    let settings = settings.ok_or_else(unreadable)?;
    Ok(Sentinels { nodes, primary: primary.to_owned(), settings, tls, certificates })
}

/// What stands behind the `?`.
struct Parameters(HashMap<String, String>);

impl Parameters {
    fn read(query: &str) -> Result<Self, InvalidUrl> {
        let url = parse_redis_url(&format!("redis://localhost/?{query}")).ok_or_else(unreadable)?;
        let mut parameters = HashMap::new();
        for (name, value) in url.query_pairs() {
            // What redis-rs takes, and what is used in any case.
            if name == "protocol" && matches!(&*value, "3" | "resp3") {
                continue;
            }
            if !PARAMETERS.contains(&&*name) {
                return invalid(format!(
                    "the Valkey URL has an unknown parameter; there are {} (write a `?` in a password as %3F)",
                    PARAMETERS.join(", ")
                ));
            }
            parameters.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self(parameters))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn certificates(&self, tls: bool) -> Result<Option<TlsCertificates>, InvalidUrl> {
        let (ca, cert, key) = (self.get("ca"), self.get("cert"), self.get("key"));
        if !tls && (ca.is_some() || cert.is_some() || key.is_some()) {
            return invalid(
                "the Valkey URL names certificates, which need TLS: write rediss:// or valkeys://",
            );
        }
        let client_tls = match (cert, key) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some(ClientTlsConfig {
                client_cert: read_pem(cert, "CERTIFICATE-----")?,
                client_key: read_pem(key, "PRIVATE KEY-----")?,
            }),
            _ => return invalid("the Valkey URL needs both `cert` and `key`, or none of them"),
        };
        let root_cert = ca.map(|ca| read_pem(ca, "CERTIFICATE-----")).transpose()?;
        let any = client_tls.is_some() || root_cert.is_some();
        Ok(any.then_some(TlsCertificates { client_tls, root_cert }))
    }
}

fn read_pem(path: &str, what: &str) -> Result<Vec<u8>, InvalidUrl> {
    let pem = fs::read(path).map_err(|error| {
        InvalidUrl(format!("{path}, which the Valkey URL names, cannot be read: {error}"))
    })?;
    if !String::from_utf8_lossy(&pem).contains(what) {
        let what = what.trim_end_matches('-').to_lowercase();
        return invalid(format!("{path}, which the Valkey URL names, has no {what} in PEM format"));
    }
    Ok(pem)
}

fn unreadable() -> InvalidUrl {
    InvalidUrl(
        "the Valkey URL cannot be read; it looks like redis://[user:password@]host:port (valkey:// works, too; with TLS \
         rediss:// or valkeys://; write a `/` or `@` in a password as %2F or %40)"
            .to_owned(),
    )
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, InvalidUrl> {
    Err(InvalidUrl(reason.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> String {
        url.parse::<Server>().unwrap().address()
    }

    fn refusal(url: &str) -> String {
        let reason = url.parse::<Server>().unwrap_err().to_string();
        assert!(!reason.contains("hun") && !reason.contains("ter2"), "{reason}");
        reason
    }

    #[test]
    fn every_form_is_read() {
        for url in [
            "redis://127.0.0.1:7000",
            "valkey://ada:hun%2Fter2@127.0.0.1:7000/",
            "redis://:hunter2@127.0.0.1:7000/0?protocol=resp3",
            "rediss://127.0.0.1:7000",
            "valkeys://ada:hunter2@127.0.0.1:7000",
        ] {
            assert_eq!(address(url), "127.0.0.1:7000", "{url}");
        }
        assert_eq!(address("redis://valkey"), "valkey:6379");
        assert_eq!(address("redis://[::1]:7000"), "::1:7000");
        assert_eq!(address("unix:///run/valkey.sock"), "/run/valkey.sock");
        for url in [
            "valkey+sentinel://ada:hunter2@one,two:7000/main",
            "redis+sentinel://one:26379,two:7000/main/0?sentinel_user=ada&sentinel_password=x",
            "rediss+sentinel://one,two:7000/main?sentinel_tls=no",
        ] {
            assert_eq!(address(url), "one:26379,two:7000 (main of Sentinel)", "{url}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_read_is_explained_and_not_shown() {
        for url in [
            "localhost:6379",
            "http://:hunter2@localhost",
            "redis://:hun/ter2@localhost",
            "redis://",
        ] {
            let reason = refusal(url);
            assert!(reason.contains("redis://[user:password@]host:port"), "{reason}");
        }
        for url in [
            "valkey+sentinel://:hunter2@one",
            "valkey+sentinel://:hun/ter2@one/main",
            "valkey+sentinel://one,:7000/main",
            "valkey+sentinel://one,/main",
            "valkey+sentinel://one/",
        ] {
            let reason = refusal(url);
            assert!(reason.contains("valkey+sentinel://[user:password@]host:26379"), "{reason}");
        }
        assert!(refusal("redis://:hunter2@localhost#insecure").contains("must not contain a `#`"));
    }

    #[test]
    fn a_database_is_refused() {
        for url in [
            "redis://:hunter2@localhost/1",
            "unix:///run/valkey.sock?db=1",
            "valkey+sentinel://one,two/main/1",
        ] {
            assert!(refusal(url).contains("--key-prefix"), "{url}");
        }
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        let cases = [
            ("redis://:hun?ter2@localhost", "unknown parameter"),
            ("redis://localhost?protocol=2", "unknown parameter"),
            ("redis://localhost?ca=/ca.pem", "need TLS"),
            ("rediss://localhost?cert=/cert.pem", "both `cert` and `key`"),
            ("rediss://localhost?ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("rediss://localhost?ca=/dev/null", "has no certificate in PEM format"),
            ("redis://localhost?sentinel_user=ada", "valkey+sentinel://"),
            ("redis+sentinel://one/main?sentinel_tls=no", "sentinel_tls"),
        ];
        for (url, expected) in cases {
            let reason = refusal(url);
            assert!(reason.contains(expected), "{url}: {reason}");
        }
    }

    #[test]
    fn no_form_of_a_server_shows_a_password() {
        for url in [
            "redis://ada:hunter2@localhost",
            "redis+sentinel://:hunter2@one/main?sentinel_password=hunter2",
        ] {
            let server: Server = url.parse().unwrap();
            assert!(!format!("{server:?}").contains("hunter2"));
        }
    }
}

//! The address of a service.

use std::{fmt, str::FromStr};

use hyper::Uri;

/// The default of `--url`.
pub(crate) const DEFAULT: &str = "http://127.0.0.1:3000";

/// The address of a service, read from a URL such as `http://127.0.0.1:3000` or `ws://127.0.0.1:3000/rpc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As in the URL: a name, an IPv4 address, or an IPv6 address in brackets.
    host: String,
    port: u16,
    /// The path before `/rpc`: empty, or for example `/api`.
    prefix: String,
}

impl Address {
    /// `HOST:PORT`.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The path of this endpoint on the server.
    pub(crate) fn path(&self, endpoint: &str) -> String {
        format!("{}{endpoint}", self.prefix)
    }

    /// The URL of this endpoint.
    pub(crate) fn url(&self, endpoint: &str) -> String {
        format!("{self}{endpoint}")
    }

    /// Whether it is the default address.
    pub(crate) fn is_default(&self) -> bool {
        self.to_string() == DEFAULT
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.prefix)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let unreadable =
            || format!("it looks like {DEFAULT} (a /rpc at the end is fine, and so is ws://)");
        // `localhost:3000` alone would be read as the scheme `localhost`.
        let uri = match url.split_once("://") {
            Some(_) => url.parse::<Uri>(),
            None => format!("http://{url}").parse(),
        };
        let uri = uri.map_err(|_| unreadable())?;
        match uri.scheme_str() {
            Some("http" | "ws") => {}
            Some("https" | "wss") => {
                return Err(format!(
                    "TLS is for a proxy in front; give the service's own address, such as {DEFAULT}"
                ));
            }
            _ => return Err(unreadable()),
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(unreadable)?.to_owned();
        let path = uri.path().trim_end_matches('/');
        let prefix = ["/rpc", "/readyz", "/openrpc.json"]
            .iter()
            .find_map(|endpoint| path.strip_suffix(endpoint))
            .unwrap_or(path)
            .to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(80), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, DEFAULT};

    fn address(url: &str) -> Address {
        url.parse().unwrap()
    }

    #[test]
    fn every_way_to_write_a_service_means_the_same() {
        for url in [
            "http://127.0.0.1:3000",
            "http://127.0.0.1:3000/",
            "http://127.0.0.1:3000/rpc",
            "ws://127.0.0.1:3000/rpc",
            "ws://127.0.0.1:3000",
            "127.0.0.1:3000",
            "http://127.0.0.1:3000/readyz",
        ] {
            assert_eq!(address(url).to_string(), DEFAULT, "{url}");
            assert!(address(url).is_default());
        }
    }

    #[test]
    fn a_service_may_be_behind_a_path_and_on_another_port() {
        let api = address("ws://example.test/api/rpc");
        assert_eq!(api.url("/readyz"), "http://example.test:80/api/readyz");
        assert_eq!(
            (api.authority().as_str(), api.path("/rpc").as_str()),
            ("example.test:80", "/api/rpc")
        );
        assert_eq!(address("http://[::1]:3001").authority(), "[::1]:3001");
    }

    #[test]
    fn an_unreadable_address_is_refused_with_an_example() {
        for url in ["", "http://", "ftp://example.test", "http://a b"] {
            let error = url.parse::<Address>().unwrap_err();
            assert!(error.starts_with("it looks like http://127.0.0.1:3000"), "{url}: {error}");
        }
        assert!("https://example.test".parse::<Address>().unwrap_err().contains("TLS"));
    }
}

//! A service's OpenRPC document, as far as the commands need it.

use std::{fmt, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    address::Address,
    connection,
    failure::{Failure, Result},
    subscription::Subscription,
};

/// The path of a service's document.
const ENDPOINT: &str = "/openrpc.json";
/// Similarity from which a name is suggested as a correction: 0 to 1.
const ALIKE: f64 = 0.8;

/// A service's OpenRPC document.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    /// The service's name and version.
    pub(crate) info: Info,
    /// Its procedures.
    pub(crate) methods: Vec<Procedure>,
    /// The schemas that `$ref` refers to.
    #[serde(default)]
    pub(crate) components: Components,
}

/// The service's name and version.
#[derive(Debug, Deserialize)]
pub(crate) struct Info {
    pub(crate) title: String,
    pub(crate) version: String,
}

/// The targets of `$ref`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Components {
    #[serde(default)]
    pub(crate) schemas: Map<String, Value>,
}

/// One procedure.
#[derive(Debug, Deserialize)]
pub(crate) struct Procedure {
    pub(crate) name: String,
    /// May have several lines.
    #[serde(default)]
    pub(crate) description: String,
    /// The members of its input.
    #[serde(default)]
    params: Vec<Member>,
    #[serde(rename = "x-kind")]
    pub(crate) kind: Kind,
    /// For a subscription.
    #[serde(default, rename = "x-subscription")]
    pub(crate) subscription: Option<Subscription>,
}

/// A member of a procedure's input.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) schema: Value,
}

/// The kind of a procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        })
    }
}

impl Document {
    /// Asks the service for its document.
    pub(crate) async fn of(address: &Address) -> Result<Self> {
        let answer = connection::get(address, ENDPOINT).await?;
        let url = address.url(ENDPOINT);
        if answer.status.is_success() && answer.body.trim_ascii_start().starts_with(b"{") {
            return Self::parse(&answer.body, &url);
        }
        // A proxy in front may pass `/rpc` only.
        match connection::call(address, "rpc.discover", &Value::Object(Map::new())).await {
            Ok(document) => Self::parse(document.to_string().as_bytes(), "rpc.discover"),
            Err(_) => Err(Failure::new(format!("{url} is no OpenRPC document: {}", answer.line()))),
        }
    }

    /// Reads the document from a file.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let name = file.display().to_string();
        let json = std::fs::read(file)
            .map_err(|error| Failure::new(format!("{name} cannot be read: {error}")))?;
        Self::parse(&json, &name)
    }

    /// From the file if there is one, else from the service.
    pub(crate) async fn from(file: Option<&Path>, address: &Address) -> Result<Self> {
        match file {
            Some(file) => Self::read(file),
            None => Self::of(address).await,
        }
    }

    fn parse(json: &[u8], source: &str) -> Result<Self> {
        serde_json::from_slice(json).map_err(|error| {
            Failure::new(format!("{source} is no OpenRPC document of a Tidings service: {error}"))
        })
    }

    /// The procedure of this name.
    pub(crate) fn procedure(&self, name: &str) -> Result<&Procedure> {
        if let Some(procedure) = self.methods.iter().find(|procedure| procedure.name == name) {
            return Ok(procedure);
        }
        let alike = |procedure: &&Procedure| {
            let (wanted, has) = (name.to_lowercase(), procedure.name.to_lowercase());
            // `onPrice` for `prices.onPrice`, too.
            has.rsplit('.').next() == Some(&wanted) || strsim::jaro_winkler(&wanted, &has) >= ALIKE
        };
        let title = &self.info.title;
        Err(Failure::new(match self.methods.iter().find(alike) {
            Some(other) => {
                format!("{title} has no procedure `{name}`; did you mean `{}`?", other.name)
            }
            None => format!("{title} has no procedure `{name}`; `tidings list` shows what it has"),
        }))
    }
}

impl Procedure {
    /// The members of its input that its author declared: without `lastEventId`, which Tidings adds.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        let resumable = self.subscription.as_ref().is_some_and(Subscription::resumable);
        self.params.iter().filter(move |member| !(resumable && member.name == "lastEventId"))
    }

    /// The `x-subscription` member; for a query or a mutation, an error that names the right command.
    pub(crate) fn as_subscription(&self) -> Result<&Subscription> {
        let Self { name, kind, .. } = self;
        self.subscription.as_ref().ok_or_else(|| {
            Failure::new(format!(
                "`{name}` is a {kind}, not a subscription: use `tidings call {name}`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Document, Kind};
    use crate::subscription::Feed;

    fn document() -> Document {
        let json = json!({
            "openrpc": "1.3.2",
            "info": {"title": "Shop", "version": "1.0.0"},
            "methods": [
                {"name": "getPrice", "params": [], "x-kind": "query"},
                {
                    "name": "prices.onPrice",
                    "params": [{"name": "symbol", "required": true}, {"name": "lastEventId"}],
                    "x-kind": "subscription",
                    "x-subscription": {"feed": "log", "resumable": true, "namespace": "prices"},
                },
            ],
        });
        Document::parse(json.to_string().as_bytes(), "it").unwrap()
    }

    fn refusal(name: &str) -> String {
        match document().procedure(name) {
            Err(super::Failure::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_procedure_is_found_by_its_name() {
        let document = document();
        let procedure = document.procedure("prices.onPrice").unwrap();
        assert_eq!(
            (procedure.kind, &procedure.subscription.as_ref().unwrap().feed),
            (Kind::Subscription, &Feed::Log)
        );
        let members: Vec<_> = procedure.members().map(|member| member.name.as_str()).collect();
        assert_eq!(members, ["symbol"], "lastEventId is Tidings' own");
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_most_similar_one() {
        assert_eq!(
            refusal("getPrize"),
            "Shop has no procedure `getPrize`; did you mean `getPrice`?"
        );
        assert_eq!(
            refusal("onPrice"),
            "Shop has no procedure `onPrice`; did you mean `prices.onPrice`?"
        );
        assert_eq!(refusal("xyz"), "Shop has no procedure `xyz`; `tidings list` shows what it has");
    }

    #[test]
    fn a_query_is_no_subscription() {
        let document = document();
        let Err(super::Failure::Text(text)) =
            document.procedure("getPrice").unwrap().as_subscription()
        else {
            panic!("it is a query");
        };
        assert_eq!(text, "`getPrice` is a query, not a subscription: use `tidings call getPrice`");
    }

    #[test]
    fn a_document_of_something_else_is_refused() {
        let Err(super::Failure::Text(text)) = Document::parse(b"{\"openrpc\":\"1.3.2\"}", "x.json")
        else {
            panic!("it has no methods");
        };
        assert!(
            text.starts_with("x.json is no OpenRPC document of a Tidings service: missing field"),
            "{text}"
        );
    }
}

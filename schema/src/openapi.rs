//! The OpenAPI document of a service's HTTP paths, made from its OpenRPC document.

use serde_json::{Map, Value, json};

use crate::openrpc::MAX_IDEMPOTENCY_KEY;

/// The schema of an error.
const ERROR: &str = "TidingsError";

/// The events of a batch, where clients may publish.
const EVENT: &str = "TidingsPublishEvent";

/// The responses with an error: the name of each, its status, and what it means. The document lists those that a path may answer.
const REFUSALS: [(&str, &str, &str); 9] = [
    ("Malformed", "400", "The body is not JSON, or the request is not well formed."),
    ("Forbidden", "403", "The caller may not do this."),
    ("NotFound", "404", "There is no such procedure or channel."),
    ("TooLarge", "413", "The request is larger than the server takes."),
    ("NotJson", "415", "The request has no `Content-Type: application/json`."),
    (
        "Unfit",
        "422",
        "An event does not fit its type, or its idempotency key was used with another payload. `data.path` is the JSON pointer to \
         what is wrong in the body.",
    ),
    ("Busy", "429", "The server has too much to do. Try again after `Retry-After` seconds."),
    ("Failed", "500", "The server failed; its log says why."),
    (
        "Unavailable",
        "503",
        "The broker is out of reach. Try again with the same idempotency keys after `Retry-After` seconds. `data.details.ids` has \
         the ids of the events of a batch that were published, and `null` for the others.",
    ),
];

/// The OpenAPI 3.1 document of the service that this OpenRPC document describes.
///
/// ```
/// use tidings_contract::{OpenRpc, openapi};
///
/// let document = OpenRpc::new("Shop", "1.0.0").into_document()?;
/// assert_eq!(openapi::document(&document)["openapi"], "3.1.0");
/// # Ok::<(), tidings_contract::InvalidContract>(())
/// ```
pub fn document(openrpc: &Value) -> Value {
    let methods = openrpc["methods"].as_array().map(Vec::as_slice).unwrap_or_default();
    let subscriptions: Vec<&Value> =
        methods.iter().filter(|method| method["x-subscription"].is_object()).collect();
    let mut paths = Map::new();
    if openrpc["components"]["schemas"][EVENT].is_object() {
        paths.insert("/publish".to_owned(), json!({ "post": publish_batch() }));
    }
    for method in &subscriptions {
        let name = text(&method["name"]);
        if method["x-subscription"]["publishable"] == true {
            let path = format!("/publish/{name}/{{channel}}");
            paths.insert(path, json!({ "post": publish(name, &method["x-subscription"]) }));
        }
    }
    for transport in [Transport::Sse, Transport::Poll] {
        if !subscriptions.is_empty() {
            let path = format!("/{}", transport.name());
            paths.insert(path, json!({ "post": transport.follow_many() }));
        }
        for method in &subscriptions {
            let path = format!("/{}/{}", transport.name(), text(&method["name"]));
            paths.insert(path, json!({ "get": transport.follow(method) }));
        }
    }
    paths.extend(framework_paths());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": openrpc["info"]["title"],
            "description": "The HTTP paths of a Tidings service. PROTOCOL.md of Tidings describes them, and /openrpc.json the calls at /rpc.",
            "version": openrpc["info"]["version"],
        },
        "paths": paths,
        "components": { "schemas": schemas(openrpc), "responses": refusals() },
    })
}

fn publish(name: &str, subscription: &Value) -> Value {
    json!({
        "operationId": format!("publish.{name}"),
        "summary": format!("Publishes an event of {name}."),
        "parameters": [
            {
                "name": "channel",
                "in": "path",
                "required": true,
                "description": "The channel to publish to.",
                "schema": modern(&subscription["channel"]),
            },
            idempotency_key("Publishing to the channel with the same key again publishes nothing, and answers the same id."),
        ],
        "requestBody": body(&subscription["data"]),
        "responses": answers("The event was published.", &json!({
            "type": "object",
            "properties": { "id": { "$ref": "#/components/schemas/EventId" } },
            "required": ["id"],
        }), &REFUSALS),
    })
}

fn publish_batch() -> Value {
    json!({
        "operationId": "publish",
        "summary": "Publishes events, in order: all of them, or none where one of them is refused.",
        "parameters": [idempotency_key(
            "The events without a key of their own have this one, with `:` and their index behind it.",
        )],
        "requestBody": body(&json!({
            "type": "array",
            "items": { "$ref": format!("#/components/schemas/{EVENT}") },
        })),
        "responses": answers("All events were published.", &json!({
            "$ref": "#/components/schemas/TidingsPublishOutput",
        }), &REFUSALS),
    })
}

fn idempotency_key(description: &str) -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": description,
        "schema": { "type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY },
    })
}

/// The transports for clients without a WebSocket.
#[derive(Clone, Copy)]
enum Transport {
    Sse,
    Poll,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Poll => "poll",
        }
    }

    fn follow(self, method: &Value) -> Value {
        let name = text(&method["name"]);
        let mut parameters = vec![
            json!({
                "name": "input",
                "in": "query",
                "description": "The input of the subscription, as JSON. Without it, `{}`.",
                "content": { "application/json": { "schema": modern(&method["x-input"]) } },
            }),
            json!({
                "name": "lastEventId",
                "in": "query",
                "description": "The last event that the client has: the stream goes on after it.",
                "schema": { "$ref": "#/components/schemas/EventId" },
            }),
        ];
        match self {
            Self::Sse => parameters.push(json!({
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The same. Browsers send it when they connect again.",
                "schema": { "$ref": "#/components/schemas/EventId" },
            })),
            Self::Poll => parameters.push(wait()),
        }
        json!({
            "operationId": format!("{}.{name}", self.name()),
            "summary": format!("Follows {name}."),
            "description": method["description"],
            "parameters": parameters,
            "responses": self.answers(&method["x-subscription"]["event"]),
        })
    }

    fn follow_many(self) -> Value {
        let parameters = match self {
            Self::Sse => json!([]),
            Self::Poll => json!([wait()]),
        };
        json!({
            "operationId": self.name(),
            "summary": "Follows several subscriptions together.",
            "parameters": parameters,
            "requestBody": body(&json!({
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "procedure": { "type": "string" },
                        "input": { "type": "object" },
                        "lastEventId": { "$ref": "#/components/schemas/EventId" },
                    },
                    "required": ["procedure"],
                },
            })),
            "responses": match self {
                Self::Sse => self.answers(&json!({ "type": "object" })),
                Self::Poll => {
                    answers("What has happened, for each subscription in order.", &json!({
                        "type": "array",
                        "items": polled(&json!({ "type": "object" })),
                    }), &follow_refusals())
                }
            },
        })
    }

    fn answers(self, event: &Value) -> Value {
        match self {
            Self::Sse => {
                let mut answers =
                    answers("The events, as they come.", &json!({}), &follow_refusals());
                answers["200"]["content"] =
                    json!({ "text/event-stream": { "schema": { "type": "string" } } });
                answers
            }
            Self::Poll => answers("What has happened.", &polled(event), &follow_refusals()),
        }
    }
}

fn wait() -> Value {
    json!({
        "name": "waitMs",
        "in": "query",
        "description": "How long to wait for an event, in milliseconds.",
        "schema": { "type": "integer", "minimum": 0 },
    })
}

/// What a poll answers for one subscription.
fn polled(event: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "lastEventId": { "$ref": "#/components/schemas/EventId" },
            "events": { "type": "array", "items": modern(event) },
        },
        "required": ["events"],
    })
}

/// Nothing is published: nothing can be unfit for its type.
fn follow_refusals() -> Vec<(&'static str, &'static str, &'static str)> {
    REFUSALS.into_iter().filter(|(name, ..)| *name != "Unfit").collect()
}

/// The paths that every service has.
fn framework_paths() -> Map<String, Value> {
    let text = |description: &str| {
        json!({
            "description": description,
            "content": { "text/plain": { "schema": { "type": "string" } } },
        })
    };
    let json = |description: &str| {
        json!({
            "description": description,
            "content": { "application/json": { "schema": { "type": "object" } } },
        })
    };
    let get = |id: &str, summary: &str, responses: Value| json!({ "get": { "operationId": id, "summary": summary, "responses": responses } });
    let paths = [
        (
            "/healthz",
            get("healthz", "Answers while the process runs.", json!({ "200": text("It runs.") })),
        ),
        (
            "/readyz",
            get(
                "readyz",
                "Answers whether the replica should be given clients.",
                json!({
                    "200": text("It should."),
                    "503": text("It should not, and why."),
                }),
            ),
        ),
        (
            "/openrpc.json",
            get("openrpc", "The OpenRPC document.", json!({ "200": json("The document.") })),
        ),
        (
            "/openapi.json",
            get("openapi", "This document.", json!({ "200": json("The document.") })),
        ),
    ];
    paths.into_iter().map(|(path, item)| (path.to_owned(), item)).collect()
}

fn body(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": modern(schema) } } })
}

/// The answers of a path: one of success, and refusals.
fn answers(description: &str, schema: &Value, refusals: &[(&str, &str, &str)]) -> Value {
    let mut answers = Map::new();
    let content = json!({ "application/json": { "schema": schema } });
    answers.insert("200".to_owned(), json!({ "description": description, "content": content }));
    for (name, status, _) in refusals {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        answers.insert((*status).to_owned(), reference);
    }
    answers.into()
}

fn refusals() -> Map<String, Value> {
    let refusal = |(name, status, description): (&str, &str, &str)| {
        let schema = json!({ "$ref": format!("#/components/schemas/{ERROR}") });
        let mut response = json!({
            "description": description,
            "content": { "application/json": { "schema": schema } },
        });
        if matches!(status, "429" | "503") {
            response["headers"] = json!({
                "Retry-After": { "description": "Seconds.", "schema": { "type": "integer" } },
            });
        }
        (name.to_owned(), response)
    };
    REFUSALS.into_iter().map(refusal).collect()
}

fn schemas(openrpc: &Value) -> Map<String, Value> {
    let named = openrpc["components"]["schemas"].as_object();
    let mut schemas: Map<_, _> =
        named.into_iter().flatten().map(|(name, schema)| (name.clone(), modern(schema))).collect();
    schemas.entry("EventId").or_insert_with(|| json!({ "type": "string" }));
    schemas.insert(
        ERROR.to_owned(),
        json!({
            "description": "An error. Programs compare `data.name`.",
            "type": "object",
            "properties": {
                "code": { "type": "integer" },
                "message": { "type": "string" },
                "data": { "$ref": "#/components/schemas/ErrorData" },
            },
            "required": ["code", "message", "data"],
        }),
    );
    schemas
}

/// A schema of draft-07, which OpenRPC has, as one of draft 2020-12, which OpenAPI 3.1 has: an array whose elements have a schema
/// each is written in another way.
fn modern(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: Map<_, _> =
                members.iter().map(|(name, member)| (name.clone(), modern(member))).collect();
            if members.get("items").is_some_and(Value::is_array) {
                let elements = members.remove("items").unwrap_or_default();
                members.insert("prefixItems".to_owned(), elements);
                if let Some(others) = members.remove("additionalItems") {
                    members.insert("items".to_owned(), others);
                }
            }
            members.into()
        }
        Value::Array(elements) => elements.iter().map(modern).collect(),
        other => other.clone(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

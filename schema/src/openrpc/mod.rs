//! The OpenRPC document of a service.
//!
//! OpenRPC 1.3 has no subscriptions: the document describes one as a method that returns the subscription's id, and
//! adds the rest as `x-subscription`. `x-kind` tells queries, mutations and subscriptions apart, `x-input` refers to
//! the input as one type, and `x-errors` is the table of [`ErrorKind`]s.

use std::{any::TypeId, collections::BTreeMap};

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};

mod checks;
mod optional;
mod publish;

use optional::{nullable_is_optional, relax};
pub use publish::{MAX_IDEMPOTENCY_KEY, PUBLISH, PUBLISH_ERRORS};

use crate::{
    Channel, ErrorKind, Event, EventId, Feed, Mutation, NoInput, Query, Subscription,
    SubscriptionId,
};

const DEFINITIONS: &str = "#/components/schemas/";

/// The errors that any subscribe call can meet.
const SUBSCRIBE_ERRORS: [ErrorKind; 2] =
    [ErrorKind::BROKER_UNAVAILABLE, ErrorKind::TOO_MANY_SUBSCRIPTIONS];

/// The mistakes of a contract: each one is a sentence that names the procedure, type or error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the contract is not valid: {}", .0.join("; "))]
pub struct InvalidContract(pub Vec<String>);

/// Collects procedures and writes the document.
///
/// Members come in a fixed order and schemas sorted by name: the same procedures give the same bytes.
///
/// ```
/// # use schemars::JsonSchema;
/// # use tidings_contract::{InvalidContract, NoInput, OpenRpc, Query};
/// /// Answers the server's clock: milliseconds since 1970.
/// #[derive(JsonSchema)]
/// struct Now;
///
/// impl Query for Now {
///     const NAME: &'static str = "clock.now";
///     type Input = NoInput;
///     type Output = u64;
/// }
///
/// let document = OpenRpc::new("Clock", "1.0.0").query::<Now>().into_document()?;
/// assert_eq!(document["methods"][0]["name"], "clock.now");
/// # Ok::<(), InvalidContract>(())
/// ```
#[derive(Debug)]
pub struct OpenRpc {
    title: String,
    version: String,
    methods: Vec<Value>,
    names: Vec<&'static str>,
    namespaces: Vec<(&'static str, &'static str)>,
    errors: Vec<ErrorKind>,
    /// The schemas of subscriptions' events and of publishing, by name. They join the others last: schemars does not know
    /// their names.
    events: BTreeMap<String, Schema>,
    /// The schema of an event to publish, for each subscription that clients may publish to.
    publishable: Vec<Value>,
    faults: Vec<String>,
    /// Schemas as clients send them: absent members have defaults.
    inputs: SchemaGenerator,
    /// Schemas as the server sends them.
    outputs: SchemaGenerator,
}

impl OpenRpc {
    /// A document without procedures. Title and version are the service's.
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        // OpenRPC's own meta-schema is draft-07, and so must the schemas in a document be.
        let settings = || {
            SchemaSettings::draft07().with(|s| {
                s.definitions_path = "/components/schemas".into();
                s.meta_schema = None;
                s.transforms.push(Box::new(RecursiveTransform(nullable_is_optional)));
            })
        };
        let (mut inputs, mut outputs) = (
            settings().for_deserialize().into_generator(),
            settings().for_serialize().into_generator(),
        );
        // First, so that these have their names, and a service's type of the same name gets another one.
        for schemas in [&mut inputs, &mut outputs] {
            schemas.subschema_for::<NoInput>();
            schemas.subschema_for::<EventId>();
            schemas.subschema_for::<SubscriptionId>();
            schemas.subschema_for::<crate::ErrorData>();
        }
        Self {
            title: title.into(),
            version: version.into(),
            methods: Vec::new(),
            names: Vec::new(),
            namespaces: Vec::new(),
            errors: ErrorKind::TIDINGS.to_vec(),
            events: BTreeMap::new(),
            publishable: Vec::new(),
            faults: Vec::new(),
            inputs,
            outputs,
        }
    }

    /// The service's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Adds a query.
    #[must_use]
    pub fn query<P: Query>(mut self) -> Self {
        let result = self.result::<P::Output>();
        let method = self.method::<P, P::Input>(P::NAME, "query", P::ERRORS, &result);
        self.methods.push(method);
        self
    }

    /// Adds a mutation.
    #[must_use]
    pub fn mutation<P: Mutation>(mut self) -> Self {
        let result = self.result::<P::Output>();
        let method = self.method::<P, P::Input>(P::NAME, "mutation", P::ERRORS, &result);
        self.methods.push(method);
        self
    }

    /// Adds a subscription.
    #[must_use]
    pub fn subscription<P: Subscription>(mut self) -> Self {
        self.check_namespace::<P>();
        let result = json!({
            "name": "subscription",
            "description": "Names the subscription within its connection.",
            "schema": self.outputs.subschema_for::<SubscriptionId>(),
        });
        let errors: Vec<_> = SUBSCRIBE_ERRORS.iter().chain(P::ERRORS).copied().collect();
        let mut method = self.method::<P, P::Input>(P::NAME, "subscription", &errors, &result);
        if P::FEED.is_resumable() {
            self.add_cursor(P::NAME, &mut method);
        }
        // `Event<T>` is generic, so each subscription gets its own schema name.
        let event = format!("{}Event", pascal(P::NAME));
        let schema = <Event<P::Event>>::json_schema(&mut self.outputs);
        if self.events.insert(event.clone(), schema).is_some() {
            self.faults.push(format!(
                "the events of {} are called {event}, as those of another subscription; rename one of them",
                P::NAME
            ));
        }
        self.check_times::<P>();
        let mut subscription = json!({
            "notification": P::NAME,
            "unsubscribe": unsubscribe_name(P::NAME),
            "event": { "$ref": format!("{DEFINITIONS}{event}") },
            "data": schema_for::<P::Event>(&mut self.outputs),
            "feed": P::FEED,
            "resumable": P::FEED.is_resumable(),
            "namespace": P::NAMESPACE,
            "channel": channel_schema::<P>(),
        });
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match P::FEED {
            Feed::Log => {}
            Feed::State => subscription["stateRetentionMs"] = ms(P::STATE_RETENTION).into(),
            Feed::Members => subscription["memberTtlMs"] = ms(P::MEMBER_TTL).into(),
        }
        method["x-subscription"] = subscription;
        self.methods.push(method);
        self
    }

    /// The names of all methods that a server of this document answers, unsubscribing included.
    pub fn method_names(&self) -> Vec<&str> {
        let publish = (!self.publishable.is_empty()).then_some(PUBLISH);
        let names = |m| -> [Option<&str>; 2] {
            let method: &Value = m;
            [method["name"].as_str(), method["x-subscription"]["unsubscribe"].as_str()]
        };
        self.methods.iter().flat_map(names).flatten().chain(publish).collect()
    }

    /// The document.
    ///
    /// # Errors
    ///
    /// All mistakes of the contract: names that are taken or not well formed, error codes that are reserved or
    /// taken, two subscriptions with one namespace, a type that clients and server would write in two forms.
    pub fn into_document(mut self) -> Result<Value, InvalidContract> {
        self.add_publish();
        let mut errors = Map::new();
        let mut table = Vec::new();
        for kind in std::mem::take(&mut self.errors) {
            let (name, code, meaning) = (kind.name(), kind.code(), kind.meaning());
            let error = json!({ "code": code, "message": meaning });
            let mut row = json!({ "name": name, "code": code, "retryable": kind.is_retryable(), "meaning": meaning });
            if let Some(details) = kind.details(&mut self.outputs) {
                row["details"] = details.into();
            }
            errors.insert(name.to_owned(), error);
            table.push(row);
        }
        let schemas = self.schemas();
        self.check_groups();
        if !self.faults.is_empty() {
            return Err(InvalidContract(self.faults));
        }
        Ok(json!({
            "openrpc": "1.3.2",
            "info": {
                "title": self.title,
                "description": "A Tidings service: typed RPC with live subscriptions. PROTOCOL.md of Tidings describes the wire.",
                "version": self.version,
            },
            "methods": self.methods,
            "components": { "schemas": schemas, "errors": errors },
            "x-errors": table,
        }))
    }

    /// The schemas of all named types, sorted by name.
    fn schemas(&mut self) -> Map<String, Value> {
        for (name, schema) in std::mem::take(&mut self.events) {
            let taken =
                [&self.inputs, &self.outputs].iter().any(|s| s.definitions().contains_key(&name));
            if taken {
                let published = publish::SCHEMAS.contains(&&*name);
                let owner =
                    if published { "what clients publish" } else { "a subscription's events" };
                self.faults.push(format!(
                    "a type is called {name}, which is the name of {owner}; rename the type \
                     (`#[schemars(rename = \"…\")]`)"
                ));
            }
            self.outputs.definitions_mut().insert(name, schema.into());
        }
        let mut schemas = self.outputs.take_definitions(true);
        for (name, schema) in self.inputs.take_definitions(true) {
            let Some(sent) = schemas.get_mut(&name) else {
                schemas.insert(name, schema);
                continue;
            };
            relax(sent, &schema);
            if *sent != schema {
                self.faults.push(format!(
                    "{name} means one thing in inputs and another in what the server sends: a type with a \
                     `#[serde(default)]` member, for instance, or two types of that name; give the input a type of its \
                     own, or rename one of them (`#[schemars(rename = \"…\")]`)"
                ));
            }
        }
        schemas.sort_keys();
        schemas
    }

    fn result<T: JsonSchema>(&mut self) -> Value {
        json!({ "name": "result", "schema": schema_for::<T>(&mut self.outputs) })
    }

    fn method<P: JsonSchema, I: JsonSchema>(
        &mut self,
        name: &'static str,
        kind: &str,
        errors: &[ErrorKind],
        result: &Value,
    ) -> Value {
        self.check_name(name);
        let description = description(&P::json_schema(&mut self.outputs));
        let input = schema_for::<I>(&mut self.inputs);
        self.check_input(name, &input);
        let errors: Vec<_> = errors
            .iter()
            .map(|kind| {
                self.declare(name, *kind);
                json!({ "$ref": format!("#/components/errors/{}", kind.name()) })
            })
            .collect();
        json!({
            "name": name,
            "description": description,
            "paramStructure": "by-name",
            "params": self.params(&input),
            "result": result,
            "errors": errors,
            "x-kind": kind,
            "x-input": input,
        })
    }

    /// Follows a `$ref` to its definition.
    fn definition<'a>(&'a self, schema: &'a Schema) -> Option<&'a Value> {
        let name = schema.get("$ref").and_then(Value::as_str);
        match name.and_then(|name| name.strip_prefix(DEFINITIONS)) {
            Some(name) => self.inputs.definitions().get(name),
            None => Some(schema.as_value()),
        }
    }

    /// OpenRPC wants one descriptor for each member of the input.
    fn params(&self, input: &Schema) -> Vec<Value> {
        let Some(definition) = self.definition(input) else { return Vec::new() };
        // Definitions are transformed when the document is written.
        let mut definition = Schema::try_from(definition.clone()).unwrap_or_default();
        nullable_is_optional(&mut definition);
        let definition = definition.as_value();
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        let members = definition["properties"].as_object().cloned().unwrap_or_default();
        members
            .into_iter()
            .map(|(name, mut schema)| {
                let description =
                    schema.as_object_mut().and_then(|s| s.shift_remove("description"));
                let mut param = json!({ "name": name });
                if let Some(description) = description {
                    param["description"] = description;
                }
                param["required"] = required.contains(&json!(name)).into();
                param["schema"] = without_single_all_of(schema);
                param
            })
            .collect()
    }

    /// Adds the framework's own parameter of a resumable subscription.
    fn add_cursor(&mut self, name: &str, method: &mut Value) {
        self.check_cursor(name, &method["x-input"]);
        let Some(params) = method["params"].as_array_mut() else { return };
        params.push(json!({
            "name": "lastEventId",
            "description": "The last event that the client has: the stream goes on after it. Without it, the stream begins now.",
            "required": false,
            "schema": self.outputs.subschema_for::<EventId>(),
        }));
    }
}

/// The schema of a type, ready for the document. schemars transforms definitions only, and not a type without a name.
fn schema_for<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    let mut schema = schemas.subschema_for::<T>();
    for transform in schemas.transforms_mut() {
        transform.transform(&mut schema);
    }
    schema
}

/// The method that ends a subscription of the procedure `name`.
pub fn unsubscribe_name(name: &str) -> String {
    format!("{name}_unsubscribe")
}

/// The shape of the channel's name: the name itself where there is one channel only.
fn channel_schema<P: Subscription>() -> Value {
    if let Some(channel) = only_channel::<P>() {
        return json!({ "type": "string", "const": channel });
    }
    let mut schemas = SchemaSettings::draft07().into_generator();
    Channel::json_schema(&mut schemas).into()
}

/// The channel of a subscription that has only one, because it has no input.
pub fn only_channel<P: Subscription>() -> Option<Channel> {
    let has_none = TypeId::of::<P::Input>() == TypeId::of::<NoInput>();
    let input = has_none.then(|| serde_json::from_value(json!({})).ok())??;
    Some(P::channel(&input))
}

/// draft-07 allows nothing beside a `$ref`, so a described reference is written as an `allOf` of one.
/// The caller has moved the description, so this returns the plain reference.
fn without_single_all_of(mut schema: Value) -> Value {
    match schema.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(all) if all.len() == 1 => all.remove(0),
        _ => schema,
    }
}

fn description(schema: &Schema) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for segment in name.split('.') {
        let mut chars = segment.chars();
        pascal.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        pascal.extend(chars);
    }
    pascal
}

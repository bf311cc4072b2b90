//! The OpenRPC document of a set of procedures.
//!
//! OpenRPC 1.3 knows no subscriptions: one is written as a method that answers the subscription's id,
//! with `x-subscription { notification, unsubscribe, event, data, feed }` saying the rest. `x-kind` tells
//! queries, mutations and subscriptions apart, `x-input` refers to the input as one type, and `x-errors`
//! is the table of [`ErrorCode`]s.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{ErrorCode, Event, Mutation, Query, Subscription, SubscriptionId};

const DEFINITIONS: &str = "#/components/schemas/";

/// Collects procedures and writes the document.
///
/// Members come in a fixed order and schemas sorted by name: the same procedures give the same bytes.
#[derive(Debug)]
pub struct OpenRpc {
    methods: Vec<Value>,
    /// Schemas as clients send them: absent members have defaults.
    inputs: SchemaGenerator,
    /// Schemas as the server sends them.
    outputs: SchemaGenerator,
}

impl Default for OpenRpc {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenRpc {
    /// A document without procedures.
    pub fn new() -> Self {
        // OpenRPC's own meta-schema is draft-07, and so must the schemas in a document be.
        let settings = || {
            SchemaSettings::draft07().with(|s| {
                s.definitions_path = "/components/schemas".into();
                s.meta_schema = None;
            })
        };
        Self {
            methods: Vec::new(),
            inputs: settings().for_deserialize().into_generator(),
            outputs: settings().for_serialize().into_generator(),
        }
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
        let result = json!({
            "name": "subscription",
            "description": "Names the subscription within its connection.",
            "schema": self.outputs.subschema_for::<SubscriptionId>(),
        });
        let mut method = self.method::<P, P::Input>(P::NAME, "subscription", P::ERRORS, &result);
        // The envelope is generic; the document wants a name of its own for each instance of it.
        let event = format!("{}Event", pascal(P::NAME));
        let schema = <Event<P::Event>>::json_schema(&mut self.outputs);
        self.outputs.definitions_mut().insert(event.clone(), schema.into());
        method["x-subscription"] = json!({
            "notification": P::NAME,
            "unsubscribe": unsubscribe_name(P::NAME),
            "event": { "$ref": format!("{DEFINITIONS}{event}") },
            "data": self.outputs.subschema_for::<P::Event>(),
            "feed": P::FEED,
        });
        self.methods.push(method);
        self
    }

    /// The names of all methods that a server of this document answers, unsubscribing included.
    pub fn method_names(&self) -> Vec<&str> {
        let names = |m| -> [Option<&str>; 2] {
            let method: &Value = m;
            [method["name"].as_str(), method["x-subscription"]["unsubscribe"].as_str()]
        };
        self.methods.iter().flat_map(names).flatten().collect()
    }

    /// The document.
    pub fn into_document(mut self) -> Value {
        // Types that travel outside of any procedure's own types.
        self.outputs.subschema_for::<crate::ErrorData>();
        let schemas = self.schemas();
        let errors: Map<_, _> = ErrorCode::ALL
            .iter()
            .map(|e| (e.name().to_owned(), json!({ "code": e.code(), "message": e.meaning() })))
            .collect();
        let table: Vec<_> = ErrorCode::ALL
            .iter()
            .map(|e| {
                let (code, name) = (e.code(), e.name());
                json!({ "name": name, "code": code, "retryable": e.retryable(), "meaning": e.meaning() })
            })
            .collect();
        json!({
            "openrpc": "1.3.2",
            "info": {
                "title": "Tidings",
                "description": "Typed RPC with live subscriptions. PROTOCOL.md describes the wire.",
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": "MIT" },
            },
            "methods": self.methods,
            "components": { "schemas": schemas, "errors": errors },
            "x-errors": table,
        })
    }

    /// Every named type.
    ///
    /// # Panics
    ///
    /// If clients and server would send the same type in two forms: then one name means two things.
    fn schemas(&mut self) -> Map<String, Value> {
        let mut schemas = self.outputs.take_definitions(true);
        for (name, schema) in self.inputs.take_definitions(true) {
            match schemas.get(&name) {
                None => drop(schemas.insert(name, schema)),
                Some(same) if *same == schema => {}
                Some(_) => panic!(
                    "{name} differs between input and output; give the input a type of its own"
                ),
            }
        }
        schemas.sort_keys();
        schemas
    }

    fn result<T: JsonSchema>(&mut self) -> Value {
        json!({ "name": "result", "schema": self.outputs.subschema_for::<T>() })
    }

    fn method<P: JsonSchema, I: JsonSchema>(
        &mut self,
        name: &str,
        kind: &str,
        errors: &[ErrorCode],
        result: &Value,
    ) -> Value {
        let description = description(&P::json_schema(&mut self.outputs));
        let input = self.inputs.subschema_for::<I>();
        let errors: Vec<_> = errors
            .iter()
            .map(|e| json!({ "$ref": format!("#/components/errors/{}", e.name()) }))
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

    /// OpenRPC wants one descriptor for each member of the input.
    fn params(&self, input: &Schema) -> Vec<Value> {
        let name =
            input.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(DEFINITIONS));
        let definition = name.and_then(|name| self.inputs.definitions().get(name));
        let Some(definition) = definition else { return Vec::new() };
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
}

/// The method that ends a subscription of the procedure `name`.
pub fn unsubscribe_name(name: &str) -> String {
    format!("{name}_unsubscribe")
}

/// draft-07 allows nothing beside a `$ref`, so a described reference is written as an `allOf` of one.
/// Where the description stands elsewhere, the plain reference will do.
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
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

//! Checks a contract for mistakes.

use std::time::Duration;

use schemars::Schema;
use serde_json::Value;

use super::{DEFINITIONS, OpenRpc};
use crate::{ErrorKind, Feed, Subscription};

/// The longest procedure name: bytes.
const MAX_NAME: usize = 100;

/// The longest retention or time to live: a thousand years.
const MAX_TIME: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

/// Nesting depth to which alternatives of a schema are followed: they may be recursive.
const MAX_DEPTH: usize = 8;

impl OpenRpc {
    pub(super) fn check_name(&mut self, name: &'static str) {
        if !name.split('.').all(is_segment) || name.len() > MAX_NAME {
            self.faults.push(format!(
                "{name:?} is not a procedure name; use letters and digits, and dots between groups, such as prices.onPrice \
                 (at most {MAX_NAME} characters)"
            ));
        } else if name.starts_with("rpc.") {
            self.faults
                .push(format!("the name {name} is reserved: JSON-RPC keeps `rpc.` for itself"));
        }
        if self.names.contains(&name) {
            self.faults.push(format!("two procedures have the name {name}"));
        }
        self.names.push(name);
    }

    /// `prices` cannot be a procedure when `prices.onPrice` is one: clients make objects of groups.
    pub(super) fn check_groups(&mut self) {
        for group in &self.names {
            let member = self
                .names
                .iter()
                .find(|name| name.strip_prefix(group).is_some_and(|rest| rest.starts_with('.')));
            if let Some(member) = member {
                self.faults.push(format!(
                    "{group} is a procedure, so it cannot be the group of {member}; rename one of them"
                ));
            }
        }
    }

    pub(super) fn check_namespace<P: Subscription>(&mut self) {
        let namespace = P::NAMESPACE;
        if namespace.is_empty() || !namespace.split('.').all(is_segment) {
            self.faults.push(format!(
                "{namespace:?} cannot be the namespace of {}; use letters, digits and dots, such as prices", P::NAME
            ));
        }
        match self.namespaces.iter().find(|(taken, _)| *taken == namespace) {
            Some((_, other)) => self.faults.push(format!(
                "{} and {other} have the same namespace {namespace}; give each its own NAMESPACE",
                P::NAME
            )),
            None => self.namespaces.push((namespace, P::NAME)),
        }
    }

    /// Brokers add these times to their clocks.
    pub(super) fn check_times<P: Subscription>(&mut self) {
        let (least, most) = (Duration::from_millis(1), MAX_TIME);
        let times = [
            ("STATE_RETENTION", P::STATE_RETENTION, Feed::State),
            ("MEMBER_TTL", P::MEMBER_TTL, Feed::Members),
        ];
        for (name, time, feed) in times {
            if P::FEED == feed && !(least..=most).contains(&time) {
                self.faults.push(format!(
                    "{name} of {} is {time:?}; give it between 1 ms and a thousand years",
                    P::NAME
                ));
            }
        }
    }

    /// Parameters are passed by name, so the input must be an object or a union of objects.
    pub(super) fn check_input(&mut self, name: &str, input: &Schema) {
        let kind = self.definition(input).and_then(|definition| definition.get("type"));
        if let Some(kind) = kind.filter(|kind| *kind != "object") {
            self.faults.push(format!(
                "the input of {name} is not an object but {kind}; wrap it in a struct, whose members are the parameters"
            ));
        }
    }

    /// `lastEventId` is the framework's own parameter of a resumable subscription.
    pub(super) fn check_cursor(&mut self, name: &str, input: &Value) {
        if self.may_have(input, "lastEventId", MAX_DEPTH) {
            self.faults.push(format!(
                "the input of {name} has a member lastEventId, which Tidings adds by itself; leave it out"
            ));
        }
    }

    /// Whether an object of this schema may have the member. Looks into `allOf`, `anyOf` and `oneOf`, too.
    fn may_have(&self, schema: &Value, member: &str, depth: usize) -> bool {
        let name = schema["$ref"].as_str().and_then(|name| name.strip_prefix(DEFINITIONS));
        let schema = name.and_then(|name| self.inputs.definitions().get(name)).unwrap_or(schema);
        let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|of| schema[of].as_array());
        schema["properties"].get(member).is_some()
            || depth > 0 && parts.flatten().any(|part| self.may_have(part, member, depth - 1))
    }

    pub(super) fn declare(&mut self, procedure: &str, kind: ErrorKind) {
        if self.errors.contains(&kind) {
            return;
        }
        let taken = self.errors.iter().find(|k| k.code() == kind.code() || k.name() == kind.name());
        match taken {
            Some(taken) if (taken.code(), taken.name()) == (kind.code(), kind.name()) => {
                self.faults.push(format!(
                    "{procedure} declares the error {kind:?} otherwise than it was declared before; use one constant for it, \
                     or `ErrorKind::of::<Details>()` at each procedure where it carries details"
                ));
            }
            Some(taken) => self.faults.push(format!(
                "{procedure} declares the error {kind:?}, but another error is {taken:?}; give each a code and a name of \
                 its own"
            )),
            None if kind.is_reserved() => self.faults.push(format!(
                "{procedure} declares the error {kind:?}, but JSON-RPC reserves the codes from -32768 to -32000; take \
                 another, such as 1001"
            )),
            None if !is_segment(kind.name()) => self.faults.push(format!(
                "{procedure} declares the error {kind:?}; write its name in camelCase, with letters and digits only"
            )),
            None => {}
        }
        self.errors.push(kind);
    }
}

/// Whether it starts with a letter and has only letters and digits.
fn is_segment(segment: &str) -> bool {
    segment.starts_with(|c: char| c.is_ascii_alphabetic())
        && segment.bytes().all(|b| b.is_ascii_alphanumeric())
}

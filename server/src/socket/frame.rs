//! A message to clients, encoded once and shared by all who get it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// An encoded message. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Frame(Arc<RawValue>);

impl Frame {
    /// Encodes a message.
    ///
    /// # Panics
    ///
    /// When the message cannot be written as JSON, which a derived `Serialize` on plain data always can.
    pub fn new(message: &impl Serialize) -> Self {
        Self(to_raw_value(message).expect("a message is plain data").into())
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> usize {
        self.0.get().len()
    }

    /// The message as jsonrpsee takes it: a copy.
    pub fn to_raw(&self) -> Box<RawValue> {
        (*self.0).to_owned()
    }
}

//! The subscribers of a shard.

use indexmap::IndexMap;

use super::Subscriber;

/// Up to this many are kept in a list: most channels have one subscriber, and an index would cost more than it. Few enough in
/// tests for the model of the hub to have more.
pub(in crate::hub) const FEW: usize = if cfg!(test) { 2 } else { 32 };

/// The subscribers of a shard, by place. Dense for the walk, and quick to leave.
#[derive(Debug)]
pub(super) enum Subscribers {
    Few(Vec<(u64, Seated)>),
    Many(IndexMap<u64, Seated>),
}

/// A subscriber, and how far it has come.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) subscriber: Subscriber,
    /// The number of the newest batch that it was given, or that it needs not be given.
    pub(super) given: u64,
}

impl Subscribers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    /// Adds one behind all others.
    pub(super) fn insert(&mut self, key: u64, seated: Seated) {
        match self {
            Self::Few(few) if few.len() < FEW => {
                if few.is_empty() {
                    few.reserve_exact(1);
                }
                few.push((key, seated));
            }
            Self::Few(few) => {
                let mut many: IndexMap<_, _> = std::mem::take(few).into_iter().collect();
                many.insert(key, seated);
                *self = Self::Many(many);
            }
            Self::Many(many) => _ = many.insert(key, seated),
        }
    }

    /// Removes one, and puts the last one in its place.
    pub(super) fn swap_remove(&mut self, key: u64) {
        match self {
            Self::Few(few) => {
                if let Some(at) = few.iter().position(|(other, _)| *other == key) {
                    few.swap_remove(at);
                }
            }
            Self::Many(many) => {
                many.swap_remove(&key);
                if many.is_empty() {
                    *self = Self::default();
                }
            }
        }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Seated> {
        match self {
            Self::Few(few) => few.get_mut(at).map(|(_, seated)| seated),
            Self::Many(many) => many.get_index_mut(at).map(|(_, seated)| seated),
        }
    }

    pub(super) fn into_entries(self) -> Box<dyn Iterator<Item = (u64, Seated)>> {
        match self {
            Self::Few(few) => Box::new(few.into_iter()),
            Self::Many(many) => Box::new(many.into_iter()),
        }
    }
}

impl Default for Subscribers {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

//! Where something is in a JSON document.

use std::fmt;

use serde_path_to_error::{Path, Segment};

/// The members and elements that lead from a JSON document to one of its parts. Displayed as `events[2].name`; the whole
/// document is `.`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Element(usize),
    Member(String),
}

impl JsonPath {
    /// The whole document.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// A member of this part.
    pub(crate) fn member(mut self, name: impl Into<String>) -> Self {
        self.0.push(Step::Member(name.into()));
        self
    }

    /// An element of this part.
    pub(crate) fn element(mut self, index: usize) -> Self {
        self.0.push(Step::Element(index));
        self
    }

    /// A part of this part.
    pub(crate) fn join(mut self, part: Self) -> Self {
        self.0.extend(part.0);
        self
    }

    /// What is below the member of this name of the first element, if this is there.
    pub(crate) fn below_first(mut self, name: &str) -> Option<Self> {
        let rest = self.0.split_off(self.0.len().min(2));
        let above = Self::root().element(0).member(name);
        (self == above).then_some(Self(rest))
    }

    /// The JSON pointer to it (RFC 6901), such as `/events/2/name`; empty for the whole document.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            pointer.push('/');
            match step {
                Step::Element(index) => pointer.push_str(&index.to_string()),
                Step::Member(name) => {
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        pointer
    }
}

impl From<&Path> for JsonPath {
    fn from(path: &Path) -> Self {
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Step::Element(*index)),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                Some(Step::Member(name.clone()))
            }
            // A member whose name is no string, which JSON does not have.
            Segment::Unknown => None,
        };
        Self(path.iter().filter_map(step).collect())
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Element(index) => write!(f, "[{index}]")?,
                Step::Member(name) if n == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_two_forms() {
        let path = JsonPath::root().member("events").element(2).member("a/b~c");
        assert_eq!(
            (path.to_string(), path.pointer()),
            ("events[2].a/b~c".into(), "/events/2/a~1b~0c".into())
        );
        assert_eq!(
            (JsonPath::root().to_string(), JsonPath::root().pointer()),
            (".".into(), String::new())
        );
        let data = JsonPath::root().element(0).member("data");
        assert_eq!(data.clone().element(7).below_first("data"), Some(JsonPath::root().element(7)));
        assert_eq!(data.clone().below_first("data"), Some(JsonPath::root()));
        assert_eq!(data.below_first("channel"), None);
        assert_eq!(JsonPath::root().below_first("data"), None);
        let list = JsonPath::root().element(0).join(JsonPath::root().member("id"));
        assert_eq!((list.to_string(), list.pointer()), ("[0].id".into(), "/0/id".into()));
    }
}

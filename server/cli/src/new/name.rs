//! The allowed names of a service.

use crate::failure::{Failure, Result};

/// Names that a crate or, on Windows, a folder cannot have, or that another package of the new project has.
const TAKEN: &str = "
    abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl
    in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type typeof
    unsafe unsized use virtual where while yield
    alloc core proc-macro std test
    build deps examples incremental
    aux con nul prn
    schemars serde serde-json service tidings tidings-contract tokio valkey
";

/// The longest name that registries accept: characters.
const LONGEST: usize = 64;

/// Checks that a crate, its program, an npm package and a container image can have this name.
pub(crate) fn check(name: &str) -> Result<()> {
    let refuse =
        |why: String| Err(Failure::new(format!("a service cannot be called `{name}`: {why}")));
    let example = "use lower-case letters, digits and `-`, such as my-service";
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse(format!("it must begin with a lower-case letter; {example}"));
    }
    if let Some(other) = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return refuse(format!("it has a `{other}` in it; {example}"));
    }
    if name.ends_with('-') || name.contains("--") {
        return refuse("a `-` must stand between two letters or digits".to_owned());
    }
    if name.len() > LONGEST {
        return refuse(format!("it is longer than {LONGEST} characters"));
    }
    if TAKEN.split_whitespace().any(|taken| taken == name) {
        return refuse(
            "the name is taken by Rust, Cargo, Windows or a package that the service uses"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Failure, check};

    fn refusal(name: &str) -> String {
        match check(name) {
            Err(Failure::Text(text)) => text,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn good_names() {
        for name in ["shop", "my-service", "x2", "a-1-b"] {
            check(name).unwrap();
        }
    }

    #[test]
    fn bad_names_are_refused_with_the_reason() {
        assert_eq!(
            refusal("My Shop"),
            "a service cannot be called `My Shop`: it must begin with a lower-case letter; use lower-case letters, \
             digits and `-`, such as my-service"
        );
        assert!(refusal("my shop").contains("it has a ` ` in it"));
        assert!(refusal("my_shop").contains("it has a `_` in it"));
        assert!(refusal("../shop").contains("begin with a lower-case letter"));
        assert!(refusal("shop/x").contains("it has a `/` in it"));
        assert!(refusal("1shop").contains("begin with a lower-case letter"));
        assert!(refusal("").contains("begin with a lower-case letter"));
        assert!(refusal("shop-").contains("between two letters or digits"));
        assert!(refusal("fn").contains("taken"));
        assert!(refusal("tidings").contains("taken"));
        assert!(refusal(&"a".repeat(65)).contains("longer than 64"));
    }
}

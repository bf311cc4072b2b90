use std::{fs, path::Path};

use flate2::{Compression, write::GzEncoder};
use tempfile::tempdir;

use crate::support::tidings;

/// Packages as `make packages` makes them, with almost no content.
fn packages(folder: &Path) {
    for name in ["tidings", "tidings-contract"] {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let files =
            [("Cargo.toml", "[package]"), ("src/lib.rs", "//! It."), ("Cargo.lock", "version = 4")];
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, format!("{name}-1.2.3/{path}"), content.as_bytes())
                .unwrap();
        }
        let packed = archive.into_inner().unwrap().finish().unwrap();
        fs::write(folder.join(format!("{name}-1.2.3.crate")), packed).unwrap();
    }
    for name in ["client", "codegen"] {
        fs::write(folder.join(format!("tidings-{name}-1.2.3.tgz")), "packed").unwrap();
    }
}

#[tokio::test]
async fn writes_a_project_that_has_all_it_needs_with_it() {
    let folder = tempdir().unwrap();
    let (packed, project) = (folder.path().join("packed"), folder.path().join("shop"));
    fs::create_dir(&packed).unwrap();
    packages(&packed);
    let (packed, to) = (packed.display().to_string(), project.display().to_string());
    let said = tidings(&["new", "shop", "--path", &to, "--packages", &packed]).await.ok();
    assert!(said.contains("\n  npm --prefix client run setup\n  cargo run\n"), "{said}");

    let read = |path: &str| fs::read_to_string(project.join(path)).unwrap();
    let manifest = read("Cargo.toml");
    assert!(
        manifest.contains("name = \"shop\"") && manifest.contains("tidings = \"1.2.3\""),
        "{manifest}"
    );
    assert!(read("client/package.json").contains("file:../vendor/tidings-client-1.2.3.tgz"));
    assert_eq!(read("vendor/tidings/src/lib.rs"), "//! It.");
    assert_eq!(read("vendor/tidings-contract/Cargo.toml"), "[package]");
    assert_eq!(read("vendor/tidings-codegen-1.2.3.tgz"), "packed");
    assert_eq!(read("Cargo.lock"), "version = 4");
    assert!(read(".gitignore").contains("/target/"));
    assert!(read("README.md").starts_with("# shop\n"));

    let error = tidings(&["new", "shop", "--path", &to, "--packages", &packed]).await.failed();
    assert_eq!(
        error,
        format!("tidings: the folder {to} is not empty: choose another one with --path")
    );
}

#[tokio::test]
async fn says_what_is_missing() {
    let folder = tempdir().unwrap();
    let (to, empty) = (folder.path().join("shop"), folder.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    let (to, empty) = (to.display().to_string(), empty.display().to_string());
    let error = tidings(&["new", "shop", "--path", &to, "--packages", &empty]).await.failed();
    assert!(
        error.contains(&format!("{empty} has no tidings-contract-VERSION.crate: `make packages`")),
        "{error}"
    );
    let error = tidings(&["new", "Shop", "--path", &to]).await.failed();
    assert!(error.starts_with("tidings: a service cannot be called `Shop`: "), "{error}");
    assert!(!Path::new(&to).exists(), "nothing was written");
}

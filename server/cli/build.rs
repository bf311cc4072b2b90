//! Embeds the files that `tidings new` writes: those in `template/` and, if the environment variable `TIDINGS_PACKAGES`
//! names their folder, Tidings' own packages.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let template = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("template");
    println!("cargo::rerun-if-changed=template");
    fs::write(out.join("template.rs"), table(&template)?)?;

    println!("cargo::rerun-if-env-changed=TIDINGS_PACKAGES");
    let packages = match env::var_os("TIDINGS_PACKAGES").filter(|folder| !folder.is_empty()) {
        Some(folder) => {
            let folder = fs::canonicalize(&folder)
                .map_err(|error| format!("TIDINGS_PACKAGES={}: {error}", folder.display()))?;
            println!("cargo::rerun-if-changed={}", folder.display());
            table(&folder)?
        }
        None => "&[]".to_owned(),
    };
    fs::write(out.join("packages.rs"), packages)?;
    Ok(())
}

/// A Rust expression: the path below `folder` and the content of every file in it.
fn table(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        // With `/` on every system.
        let name: Vec<_> =
            file.strip_prefix(folder)?.iter().map(|part| part.to_string_lossy()).collect();
        writeln!(
            table,
            "    ({:?}, include_bytes!({:?})),",
            name.join("/"),
            file.display().to_string()
        )?;
    }
    table.push(']');
    Ok(table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

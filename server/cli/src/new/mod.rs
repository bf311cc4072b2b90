//! `tidings new`: creates a service that is ready to run.

mod name;
mod packages;
mod template;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    cli::NewArgs,
    failure::{Failure, Result},
};

/// A file of the new project: its path below the project's folder, with `/`, and its content.
type File = (String, Vec<u8>);

/// Writes a new project, after all its files were found.
pub(crate) fn new(args: &NewArgs) -> Result<()> {
    name::check(&args.name)?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    check_empty(&folder)?;
    let packages = packages::find(args.packages.as_deref())?;
    let mut files = template::files(&args.name, &packages)?;
    files.extend(packages.into_files());
    for (path, content) in &files {
        write(&folder.join(path), content)?;
    }
    let shown = folder.display();
    let text = format!(
        "{shown} is ready. Next:\n\n  cd {shown}\n  {}\n  {}\n\nThen open http://localhost:3000, in two windows.\n",
        template::BUILD_PAGE,
        template::RUN,
    );
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn check_empty(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::new(format!(
                "the folder {shown} is not empty: choose another one with --path"
            ))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::new(format!("{shown} cannot be used: {error}"))),
    }
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    let written = match file.parent() {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    };
    written
        .and_then(|()| fs::write(file, content))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))
}

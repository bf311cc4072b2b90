//! Keeps the generated files of the contract up to date.

use std::{env, io, path::Path, process::ExitCode};

use tidings_demo_contract::files;

const USAGE: &str = "\
Keeps the generated files of the contract up to date: openrpc.json, openapi.json, schema.json, examples/*.json.

Usage: cargo run -p tidings-demo-contract -- <COMMAND>

Commands:
  generate  Write the files
  check     Exit with 4 when a file differs from the Rust types, and name it
";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's answer is its output")]
fn main() -> io::Result<ExitCode> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    match env::args().nth(1).as_deref() {
        Some("generate") => {
            let written = files().write(folder)?;
            for path in &written {
                println!("written: schema/demo/{}", path.display());
            }
            if written.is_empty() {
                println!("up to date");
            }
            Ok(ExitCode::SUCCESS)
        }
        Some("check") => {
            let stale = files().stale(folder)?;
            if stale.is_empty() {
                println!("up to date");
                return Ok(ExitCode::SUCCESS);
            }
            for path in &stale {
                eprintln!("stale: schema/demo/{}", path.display());
            }
            eprintln!("run: make generate");
            Ok(ExitCode::from(4))
        }
        Some("--help" | "-h" | "help") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

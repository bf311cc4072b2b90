//! Keeps the generated files of the contract up to date.

use std::{env, io, path::Path, process::ExitCode};

use tidings_schema::generated;

const USAGE: &str = "\
Keeps the generated files of the contract up to date: openrpc.json, schema.json, examples/*.json.

Usage: cargo run -p tidings-schema -- <COMMAND>

Commands:
  generate  Write the files
  check     Exit with 4 when a file differs from the Rust types, and name it
";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's answer is its output")]
fn main() -> io::Result<ExitCode> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    match env::args().nth(1).as_deref() {
        Some("generate") => {
            let stale = generated::stale(folder)?;
            generated::generate(folder)?;
            for path in &stale {
                println!("written: schema/{}", path.display());
            }
            if stale.is_empty() {
                println!("up to date");
            }
            Ok(ExitCode::SUCCESS)
        }
        Some("check") => {
            let stale = generated::stale(folder)?;
            if stale.is_empty() {
                println!("up to date");
                return Ok(ExitCode::SUCCESS);
            }
            for path in &stale {
                eprintln!("stale: schema/{}", path.display());
            }
            eprintln!("run: {}", generated::GENERATE);
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

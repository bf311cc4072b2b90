//! The template builds with this version of Tidings.

use serde_json::{Value, json};

#[path = "../template/src/contract.rs"]
#[expect(unreachable_pub, reason = "it is a module of a library in a new project")]
mod contract;

#[path = "../template/src/house.rs"]
#[expect(unreachable_pub, reason = "it is a module of a library in a new project")]
mod house;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/template/openrpc.json");

/// `UPDATE_TEMPLATE=1 cargo test -p tidings-cli --test template` writes the file.
#[test]
fn the_document_of_a_new_project_is_that_of_its_contract() {
    let mut document = house::router().document().unwrap();
    // In this test they are those of tidings-cli.
    document["info"]["title"] = json!("{{name}}");
    document["info"]["version"] = json!("0.1.0");
    if std::env::var_os("UPDATE_TEMPLATE").is_some() {
        std::fs::write(FILE, format!("{document:#}\n")).unwrap();
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    assert_eq!(file, document, "run UPDATE_TEMPLATE=1 cargo test -p tidings-cli --test template");
}

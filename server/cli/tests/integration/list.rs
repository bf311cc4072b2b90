use serde_json::Value;

use crate::support::{Demo, tidings};

#[tokio::test]
async fn shows_every_procedure_by_kind_with_its_input() {
    let demo = Demo::on_memory().await;
    let list = tidings(&["list", "--url", &demo.url()]).await.ok();
    let at = |text: &str| list.find(text).unwrap_or_else(|| panic!("no {text:?} in\n{list}"));
    assert!(at("\nQueries\n") < at("  userById"));
    assert!(at("  userById") < at("\nMutations\n"));
    assert!(at("\nMutations\n") < at("  setBio"));
    assert!(at("  setBio") < at("\nSubscriptions\n"));
    assert!(at("  onUpdates (log)") > at("\nSubscriptions\n"));
    at("  onInstances (members)");
    at(" id  string  The user's id.");
    assert!(!list.contains("lastEventId"), "{list}");
}

#[tokio::test]
async fn reads_a_file_as_well_as_a_service() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/demo/openrpc.json");
    let demo = Demo::on_memory().await;
    let of_file = tidings(&["list", "--json", "--contract", file]).await.ok();
    let of_service = tidings(&["list", "--json", "--url", &demo.url()]).await.ok();
    assert_eq!(of_file, of_service);
    let list: Value = serde_json::from_str(&of_file).unwrap();
    let names = list["procedures"].as_array().unwrap().iter().map(|procedure| &procedure["name"]);
    assert!(names.clone().any(|name| name == "setBio"), "{list}");
}

#[tokio::test]
async fn a_file_that_is_no_document_is_refused() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let error = tidings(&["list", "--contract", file]).await.failed();
    assert!(error.contains("Cargo.toml is no OpenRPC document of a Tidings service: "), "{error}");
    let error = tidings(&["list", "--contract", "/does/not/exist"]).await.failed();
    assert!(error.starts_with("tidings: /does/not/exist cannot be read: "), "{error}");
}

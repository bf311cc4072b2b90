use serde_json::{Value, json};

use crate::support::{Demo, tidings};

#[tokio::test]
async fn prints_the_result_as_json() {
    let demo = Demo::on_memory().await;
    let user = tidings(&["call", "userById", r#"{"id":"1"}"#, "--url", &demo.url()]).await.ok();
    let user: Value = serde_json::from_str(&user).unwrap();
    assert_eq!(user["name"], "Leanne Graham");
    let users = tidings(&["call", "allUsers", "--url", &demo.url()]).await.ok();
    assert_eq!(serde_json::from_str::<Vec<Value>>(&users).unwrap().len(), 10);
    let bio = json!({"id": "1", "bio": "Reads a lot."}).to_string();
    let user = tidings(&["call", "setBio", &bio, "--url", &demo.url()]).await.ok();
    assert!(user.contains("Reads a lot."), "{user}");
}

#[tokio::test]
async fn what_every_service_has_can_be_called_too() {
    let demo = Demo::on_memory().await;
    assert_eq!(tidings(&["call", "rpc.ping", "--url", &demo.url()]).await.ok(), "true\n");
}

#[tokio::test]
async fn an_error_shows_its_name_code_path_and_details() {
    let demo = Demo::on_memory().await;
    let error =
        tidings(&["call", "userById", r#"{"id":"99"}"#, "--url", &demo.url()]).await.failed();
    assert_eq!(error, "userById: notFound (-32004): no user has the id \"99\"\n  path: id");

    let long = json!({"id": "1", "bio": "x".repeat(1000)}).to_string();
    let error = tidings(&["call", "setBio", &long, "--url", &demo.url()]).await.failed();
    assert!(error.starts_with("setBio: bioTooLong (1001): "), "{error}");
    assert!(error.contains("\n  details: {\"max\":"), "{error}");

    let error = tidings(&["call", "userById", "{}", "--url", &demo.url()]).await.failed();
    assert!(error.starts_with("userById: invalidParams (-32602): "), "{error}");
    assert!(error.ends_with("\n  path: id"), "{error}");
}

#[tokio::test]
async fn a_mistake_is_answered_with_what_to_do() {
    let demo = Demo::on_memory().await;
    let url = demo.url();
    for (arguments, expected) in [
        (["call", "userByld"].as_slice(), "has no procedure `userByld`; did you mean `userById`?"),
        (&["call", "onUpdates"], "`onUpdates` is a subscription: use `tidings tail onUpdates`"),
        (&["call", "userById", "{"], "tidings: the input is not JSON: EOF while parsing an object"),
        (
            &["call", "userById", "7"],
            "tidings: the input must be a JSON object, such as {\"symbol\":\"acme\"}, not 7",
        ),
    ] {
        let error = tidings(&[arguments, &["--url", &url]].concat()).await.failed();
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[tokio::test]
async fn what_is_no_service_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let hangs_up = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            drop(socket);
        }
    });
    let error = tidings(&["call", "allUsers", "--url", &url]).await.failed();
    assert!(
        error.starts_with(&format!("tidings: {url}/openrpc.json gave no HTTP answer: ")),
        "{error}"
    );
    hangs_up.abort();
}

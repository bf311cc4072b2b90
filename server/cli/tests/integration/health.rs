use tidings_testkit::Port;

use crate::support::{Demo, tidings};

#[tokio::test]
async fn a_service_that_is_ready() {
    let demo = Demo::on_valkey().await;
    let said = tidings(&["health", "--url", &demo.url()]).await.ok();
    assert_eq!(said, format!("{} is ready\n", demo.url()));
    let with_path = format!("{}/readyz", demo.url());
    tidings(&["health", "--url", &with_path]).await.ok();
}

#[tokio::test]
async fn one_that_lost_its_valkey_is_not() {
    let mut demo = Demo::on_valkey().await;
    demo.valkey.as_mut().unwrap().kill();
    let error = loop {
        let output = tidings(&["health", "--url", &demo.url()]).await;
        if output.code != Some(0) {
            break output.failed();
        }
    };
    let expected = format!("tidings: {}/readyz answers 503 Service Unavailable: ", demo.url());
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test]
async fn nobody_there() {
    let port = Port::reserve().unwrap();
    let url = format!("http://{}", port.address());
    let error = tidings(&["health", "--url", &url]).await.failed();
    assert_eq!(error, format!("tidings: no answer from {url}/readyz: connection refused"));
}

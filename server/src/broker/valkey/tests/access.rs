//! Who may connect, and to whom.

use tidings_testkit::{Certificates, ClientCertificates, ValkeyProcess};

use super::{Failure, Incoming, Replica, publisher, set};
use crate::broker::BrokerUnavailable;

/// Why a publisher cannot write.
async fn refusal(url: &str) -> String {
    let failure = publisher(url).query::<()>(&set("1")).await.unwrap_err();
    let BrokerUnavailable(reason) = failure.into();
    assert!(!reason.contains("hunter2"), "{reason}");
    reason
}

#[tokio::test]
async fn tls_with_an_authority_and_a_client_certificate() {
    let certificates = Certificates::issue().unwrap();
    let valkey =
        ValkeyProcess::start_with_tls(&certificates, ClientCertificates::Required, [""; 0])
            .await
            .unwrap();
    let path = |path: std::path::PathBuf| path.display().to_string();
    let ca = path(certificates.authority());
    let (cert, key) = (path(certificates.client_certificate()), path(certificates.client_key()));
    let address = valkey.address();
    let mut replica =
        Replica::up(&format!("valkeys://{address}?ca={ca}&cert={cert}&key={key}"), 1).await;
    replica.subscribe(0, &["a"]);
    replica.confirmed(0, &["a"]).await;
    replica.delivers(0, "a").await;
    let untrusted = refusal(&format!("rediss://{address}?cert={cert}&key={key}")).await;
    assert!(untrusted.contains("?ca=/path.pem"), "{untrusted}");
    let other = Certificates::issue().unwrap();
    let other = path(other.authority());
    let foreign = refusal(&format!("rediss://{address}?ca={other}&cert={cert}&key={key}")).await;
    assert!(foreign.contains("signed its certificate"), "{foreign}");
    // Valkey ends the connection, at a moment of its choice.
    refusal(&format!("rediss://{address}?ca={ca}")).await;
    let plain = refusal(&format!("redis://{address}")).await;
    assert!(!plain.is_empty());
}

#[tokio::test]
async fn tls_without_client_certificates() {
    let certificates = Certificates::issue().unwrap();
    let valkey =
        ValkeyProcess::start_with_tls(&certificates, ClientCertificates::NotRequired, [""; 0])
            .await
            .unwrap();
    let url = format!("{}?ca={}", valkey.url(), certificates.authority().display());
    assert_eq!(publisher(&url).query(&set("1")).await, Ok(()));
}

#[tokio::test]
async fn a_wrong_password_is_named_as_the_cause() {
    let valkey = ValkeyProcess::start_with(["--requirepass", "secret"]).await.unwrap();
    let address = valkey.address();
    let expected = "it refuses the user or the password of the Valkey URL";
    assert_eq!(refusal(&format!("redis://:hunter2@{address}")).await, expected);
    assert_eq!(refusal(&format!("redis://ada:hunter2@{address}")).await, expected);
    let none = refusal(&format!("redis://{address}")).await;
    assert_eq!(none, "it asks for a password; put it into the Valkey URL");
    let mut replica = Replica::start(&format!("redis://:hunter2@{address}"), 1);
    assert_eq!(replica.next(0).await, Incoming::Down);
    Replica::up(&format!("redis://:secret@{address}"), 1).await;
}

#[tokio::test]
async fn a_publisher_needs_no_permission_to_ask_for_the_role() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let user = ["ACL", "SETUSER", "ada", "on", ">secret", "-@all", "+set", "~a", "resetchannels"];
    valkey.cli(user).await.unwrap();
    let url = format!("redis://ada:secret@{}", valkey.address());
    assert_eq!(publisher(&url).query(&set("1")).await, Ok(()));
    let Err(Failure::Other(reason)) = publisher(&url).query::<()>(&redis::cmd("DBSIZE")).await
    else {
        panic!("it was allowed")
    };
    assert!(reason.contains("its ACL does not let this user"), "{reason}");
    let mut replica = Replica::start(&url, 1);
    assert_eq!(replica.next(0).await, Incoming::Down);
}

#[tokio::test]
async fn a_replica_is_not_enough() {
    let valkey = ValkeyProcess::start().await.unwrap();
    valkey.refuse_writes().await.unwrap();
    let reason = refusal(&valkey.url()).await;
    assert!(reason.contains("Tidings needs the primary"), "{reason}");
    let mut replica = Replica::start(&valkey.url(), 2);
    assert_eq!(replica.next(0).await, Incoming::Down);
    valkey.lead().await.unwrap();
    replica.all_parts(&Incoming::Up).await;
}

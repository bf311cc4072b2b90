use tidings_testkit::{Certificates, ClientCertificates, ValkeyProcess};

async fn valkey(certificates: &Certificates, clients: ClientCertificates) -> ValkeyProcess {
    let keeps = ["--appendonly", "yes"];
    ValkeyProcess::start_with_tls(certificates, clients, keeps).await.unwrap()
}

/// What `valkey-cli` answers to a PING when it trusts one authority, and shows a certificate of another, or none.
fn ping(valkey: &ValkeyProcess, trusts: &Certificates, shows: Option<&Certificates>) -> String {
    let mut cli = std::process::Command::new("valkey-cli");
    cli.args(["-e", "--tls", "-h", "127.0.0.1", "-p", &valkey.port().to_string()]);
    cli.arg("--cacert").arg(trusts.authority());
    if let Some(shows) = shows {
        cli.arg("--cert").arg(shows.client_certificate()).arg("--key").arg(shows.client_key());
    }
    let output = cli.arg("PING").output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
}

#[tokio::test]
async fn a_valkey_with_tls_takes_clients_of_its_own_authority_only() {
    let (own, other) = (Certificates::issue().unwrap(), Certificates::issue().unwrap());
    let mut valkey = valkey(&own, ClientCertificates::Required).await;
    assert_eq!(valkey.url(), format!("rediss://{}", valkey.address()));
    assert_eq!(valkey.cli(["SET", "name", "Ada"]).await.unwrap(), "OK");
    assert_ne!(ping(&valkey, &own, None), "PONG");
    assert_ne!(ping(&valkey, &own, Some(&other)), "PONG");
    assert_eq!(ping(&valkey, &own, Some(&own)), "PONG");

    valkey.restart().await.unwrap();
    assert_eq!(valkey.cli(["GET", "name"]).await.unwrap(), "Ada");
}

#[tokio::test]
async fn a_valkey_with_tls_need_not_ask_for_a_certificate_and_has_one_itself() {
    let (own, other) = (Certificates::issue().unwrap(), Certificates::issue().unwrap());
    let valkey = valkey(&own, ClientCertificates::NotRequired).await;
    assert_eq!(ping(&valkey, &own, None), "PONG");
    let refused = ping(&valkey, &other, None);
    assert!(refused.contains("certificate verify failed"), "{refused}");
}

#[test]
fn certificates_are_removed_with_the_last_clone() {
    let certificates = Certificates::issue().unwrap();
    let (clone, folder) = (certificates.clone(), certificates.folder().to_owned());
    drop(certificates);
    assert!(clone.client_key().exists());
    drop(clone);
    assert!(!folder.exists());
}

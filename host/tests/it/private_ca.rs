//! Certificates: of a private authority, renewed on disk, and files that are no certificates.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

use crate::outgoing;
use crate::support::{Home, HostProcess, fixture};

/// Writes an authority's certificate, and one of this machine with its key that the authority vouches for.
fn write_certificates(home: &Home) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    std::fs::write(home.path("ca.pem"), authority.pem()).unwrap();
    std::fs::write(home.path("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(home.path("key.pem"), key.serialize_pem()).unwrap();
    authority.pem()
}

fn start(home: &Home) -> (HostProcess, String) {
    let mut config = home.config();
    config["tls"] = json!({ "cert_file": "cert.pem", "key_file": "key.pem" });
    home.write_config(&config);
    let host = home.start();
    let port = host.url().rsplit_once(':').unwrap().1.to_owned();
    (host, format!("https://localhost:{port}/total"))
}

/// Whether a client that trusts this authority only gets an answer, on a connection of its own.
async fn trusts(authority: &str, url: &str) -> bool {
    let client = Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(Certificate::from_pem(authority.as_bytes()).unwrap())
        .build()
        .unwrap();
    client.get(url).send().await.is_ok()
}

/// What an extension gets that fetches `url`, in a host with this `tls` section.
async fn fetched(home: &Home, tls: Value, url: &str) -> Value {
    home.install("fetcher", &std::fs::read(fixture("fetcher")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["fetcher"]);
    config["backup_folder"] = json!("backup-of-fetcher");
    config["tls"] = tls;
    home.write_config(&config);
    outgoing::fetched(&home.start(), "GET", url).await
}

#[tokio::test]
async fn hosts_requests_trust_the_private_ca() {
    let home = Home::new();
    write_certificates(&home);
    let (_host, url) = start(&home);
    let failed = fetched(&home, Value::Null, &url).await;
    assert_eq!(failed["failed"]["kind"], "connect", "{failed}");
    let text = failed["failed"]["text"].as_str().unwrap();
    assert!(text.contains("UnknownIssuer"), "{text}");
    let answered = fetched(&home, json!({ "ca_file": "ca.pem" }), &url).await;
    assert_eq!(answered["answered"]["status"], 200, "{answered}");
}

#[tokio::test]
async fn ca_and_extension_of_one_edit_fit() {
    let home = Home::new();
    write_certificates(&home);
    let (_host, url) = start(&home);
    home.install("fetcher", &std::fs::read(fixture("fetcher")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["counter"]);
    config["identity"]["fetch_url"] = json!(&url);
    config["backup_folder"] = json!("backup-of-fetcher");
    home.write_config(&config);
    let host = home.start();
    config["extensions"] = json!(["counter", "fetcher"]);
    config["config"] = json!({ "fetcher": { "first_url": &url } });
    config["tls"] = json!({ "ca_file": "ca.pem" });
    home.write_config(&config);
    let ran = home.tig_host(&["reload"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let answered = outgoing::last_fetched(&host).await;
    assert_eq!(answered["answered"]["status"], 200, "{answered}");
}

#[tokio::test]
async fn rejected_edit_leaves_the_former_ca() {
    let home = Home::new();
    write_certificates(&home);
    let (_host, url) = start(&home);
    for name in ["fetcher", "tally"] {
        home.install(name, &std::fs::read(fixture(name)).unwrap());
    }
    let mut config = home.config();
    config["extensions"] = json!(["fetcher"]);
    config["backup_folder"] = json!("backup-of-fetcher");
    home.write_config(&config);
    let host = home.start();
    config["extensions"] = json!(["fetcher", "tally"]);
    config["config"] = json!({ "tally": { "refuse": true } });
    config["tls"] = json!({ "ca_file": "ca.pem" });
    home.write_config(&config);
    let ran = home.tig_host(&["reload"]);
    assert!(ran.stderr.contains("ordered to refuse"), "{ran:?}");
    let failed = outgoing::fetched(&host, "GET", &url).await;
    let text = failed["failed"]["text"].as_str().unwrap();
    assert!(text.contains("UnknownIssuer"), "{text}");
}

#[tokio::test]
async fn renewed_certificate_is_taken_without_a_signal() {
    let home = Home::new();
    let old = write_certificates(&home);
    let (_host, url) = start(&home);
    assert!(trusts(&old, &url).await);
    let key = std::fs::read(home.path("key.pem")).unwrap();
    let new = write_certificates(&home);
    let new_key = std::fs::read(home.path("key.pem")).unwrap();
    // As when a renewal has written one of its two files.
    std::fs::write(home.path("key.pem"), key).unwrap();
    home.wait_for_log(&["WARN", "the listener keeps its old certificate"]);
    assert!(trusts(&old, &url).await);
    // Half of the other file changes nothing, and is not logged again.
    std::fs::write(home.path("key.pem"), &new_key[..new_key.len() / 2]).unwrap();
    assert!(trusts(&old, &url).await);
    std::fs::write(home.path("key.pem"), new_key).unwrap();
    home.wait_for_log(&["the listener shows the certificate that is now on disk"]);
    assert!(trusts(&new, &url).await && !trusts(&old, &url).await);
    let log = home.log();
    assert_eq!(log.matches("keeps its old").count(), 1, "{log}");
}

#[test]
fn bad_certificate_files_are_faults_of_the_config() {
    let home = Home::new();
    write_certificates(&home);
    std::fs::write(
        home.path("other.pem"),
        KeyPair::generate().unwrap().serialize_pem(),
    )
    .unwrap();
    for (tls, part) in [
        (json!({}), "tls: no file is named"),
        (
            json!({ "cert_file": "cert.pem" }),
            "tls.key_file: this key is missing",
        ),
        (json!({ "ca_file": "nowhere.pem" }), "tls.ca_file: CA file "),
        (
            json!({ "ca_file": "key.pem" }),
            "holds a private key and no certificate",
        ),
        (json!({ "ca_file": "config.json" }), "holds no certificate"),
        (
            json!({ "cert_file": "cert.pem", "key_file": "other.pem" }),
            "tls: ",
        ),
    ] {
        let mut config = home.config();
        config["tls"] = tls;
        home.write_config(&config);
        let ran = home.tig_host(&["check", "config.json"]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
        let output = home.run();
        assert_eq!(
            output.status.code(),
            Some(3),
            "the start refuses what check refuses"
        );
    }
}

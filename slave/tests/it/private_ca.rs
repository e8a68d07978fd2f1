//! The program and a master whose certificate is of a private authority; proxies of the environment.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::fixture::{JOB, batch, mini, until, until_accepted};
use crate::master::FakeMaster;

/// An authority of our own, the file with its certificate, and a port where the master is reached over TLS.
struct Tls {
    folder: TempDir,
    ca_file: PathBuf,
    port: u16,
}

impl Tls {
    async fn before(master: &FakeMaster) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, authority.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, address) = (TlsAcceptor::from(Arc::new(config)), master.address);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut client = acceptor.accept(stream).await?;
                    let mut server = TcpStream::connect(address).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self {
            folder,
            ca_file,
            port,
        }
    }

    fn command(&self) -> Command {
        let mut command = slave(
            &format!("https://localhost:{}", self.port),
            self.folder.path(),
        );
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn start(&self, command: &mut Command) -> Killed {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        Killed(command.stderr(log).spawn().unwrap())
    }
}

/// A program that is killed at the end of its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program without what the machine of the test says about certificates and proxies.
fn slave(master: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-slave"));
    command
        .args([master, "builtin"])
        .arg(folder.join("algorithms"));
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy"] {
        command.env_remove(variable);
    }
    command.env("RUST_LOG", "info");
    command
}

async fn works_with(give: impl FnOnce(&mut Command, &Path)) {
    let master = FakeMaster::start();
    let tls = Tls::before(&master).await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut command = tls.command();
    give(&mut command, &tls.ca_file);
    let _slave = tls.start(&mut command);
    until_accepted(&master, 1).await;
}

#[tokio::test]
async fn private_ca_file_is_trusted() {
    works_with(|command, ca_file| {
        command.arg("--ca-file").arg(ca_file);
    })
    .await;
}

#[tokio::test]
async fn private_ca_of_the_environment_is_trusted() {
    works_with(|command, ca_file| {
        command.env("SSL_CERT_FILE", ca_file);
    })
    .await;
}

#[tokio::test]
async fn unknown_ca_is_refused_with_the_reason() {
    let master = FakeMaster::start();
    let tls = Tls::before(&master).await;
    let _slave = tls.start(&mut tls.command());
    until("the log says so", || tls.log().contains("UnknownIssuer")).await;
    assert_eq!(master.seen(|seen| seen.polls), 0);
}

fn refused(folder: &Path, give: impl FnOnce(&mut Command)) -> String {
    let mut command = slave("127.0.0.1", folder);
    give(&mut command);
    let Output { status, stderr, .. } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn bad_ca_files_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (content, part) in [
        (None, "cannot be read"),
        (Some("certificate"), "holds no certificate"),
        (Some(key.as_str()), "a private key and no certificate"),
    ] {
        let file = folder.path().join("ca.pem");
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let text = refused(folder.path(), |command| {
            command.arg("--ca-file").arg(&file);
        });
        assert!(text.contains("ca.pem: ") && text.contains(part), "{text}");
    }
    let text = refused(folder.path(), |command| {
        command.env("SSL_CERT_FILE", "/no/such/file");
    });
    assert!(
        text.contains("SSL_CERT_FILE is \"/no/such/file\""),
        "{text}"
    );
}

/// A proxy that answers nothing and counts who comes.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
    });
    (url, count)
}

#[tokio::test]
async fn proxy_is_for_downloads_and_not_for_the_master() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let (proxy, count) = proxy().await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut command = slave(&format!("http://{}", master.address), folder.path());
    command.env("HTTP_PROXY", &proxy).stderr(Stdio::null());
    let _slave = Killed(command.spawn().unwrap());
    until("the batch is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    let reason = master.seen(|seen| seen.released[0].1.clone());
    assert!(reason.contains("502"), "{reason}");
    assert!(count.load(Ordering::SeqCst) > 0);
    assert_eq!(master.seen(|seen| seen.downloads.len()), 0);
}

#[tokio::test]
async fn no_proxy_is_obeyed() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let (proxy, count) = proxy().await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut command = slave(&format!("http://{}", master.address), folder.path());
    command
        .env("ALL_PROXY", &proxy)
        .env("NO_PROXY", "127.0.0.1")
        .stderr(Stdio::null());
    let _slave = Killed(command.spawn().unwrap());
    until_accepted(&master, 1).await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

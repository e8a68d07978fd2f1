//! An S3 server that is not ours, on loopback: `foreign-s3 FOLDER [--public-read]`. Signatures and requests are understood by s3s,
//! objects are kept by s3s-fs; only who may do what is decided here, since s3s-fs knows no policies.

use std::io::Read as _;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

/// The only access key; its secret has characters that must be escaped in `.env` and nowhere else.
const ACCESS_KEY: &str = "FOREIGNKEY";
const SECRET: &str = "foreign/secret+with#odd=characters";

/// Whoever has the key may do everything; anybody may read objects if that is said.
struct Access {
    is_public: bool,
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let is_read = context.s3_op().name() == "GetObject";
        if context.credentials().is_some() || (self.is_public && is_read) {
            return Ok(());
        }
        Err(s3_error!(AccessDenied, "Signature is required"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let folder = arguments
        .first()
        .ok_or("usage: foreign-s3 FOLDER [--public-read]")?;
    let is_public = arguments.iter().any(|argument| argument == "--public-read");
    let mut service =
        S3ServiceBuilder::new(FileSystem::new(folder).map_err(|error| format!("{error:?}"))?);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET));
    service.set_access(Access { is_public });
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // No test leaves it behind: the other end of standard input is gone with the test.
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        ended = end => ended?.map(drop)?,
        failed = serve(&listener, &service) => failed?,
    }
    Ok(())
}

/// Serves connections until none can be accepted.
async fn serve(listener: &TcpListener, service: &S3Service) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            // A connection that is cut is its client's affair.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

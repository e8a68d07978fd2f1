//! A validator for tests: a plain websocket client that says what the test asks for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use horde_devnet::{Config, Devnet, MinerAddress, Vices};
use horde_proto::miner::{
    AuthenticateRequest, AuthenticationPayload, DockerRunOptionsPreset, InitialJobRequest,
    JobAcceptedReceiptRequest, JobFinishedReceiptRequest, JobRequest, ToMiner, ToValidator,
    validator_path,
};
use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload,
};
use horde_proto::volume::InlineVolume;
use horde_proto::{ExecutorClass, Payload, Timestamp, Volume};
use tig_keyring::Keypair;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

pub(crate) const ECHO_IMAGE: &str = "backenddevelopersltd/compute-horde-job-echo:v0-latest";
/// A volume whose payload is `organic!`, from the recordings of the reference.
pub(crate) const ECHO_VOLUME: &str = "UEsDBBQAAAAAANEgdl3Glfs4CAAAAAgAAAALAAAAcGF5bG9hZC50eHRvcmdhbmljIVBLAQIUAxQAAAAAANEgdl3Glfs4CAAAAAgAAAALAAAAAAAAAAAAAACAAQAAAABwYXlsb2FkLnR4dFBLBQYAAAAAAQABADkAAAAxAAAAAAA=";

/// No test waits longer for something that must come.
const DEADLINE: Duration = Duration::from_secs(60);
/// Bytes of a frame that this client takes.
const FRAME_BYTES_MAX: usize = 100 << 20;
const RANDOMNESS: [u8; 32] = [5; 32];

/// The validator of all tests.
pub(crate) fn validator() -> Keypair {
    Keypair::from_seed(&[0xbb; 32])
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_micros(horde_devnet::Clock::start().unix_us()).unwrap()
}

pub(crate) fn now_seconds() -> i64 {
    now().unix_micros() / 1_000_000
}

/// A uuid that no other call returns.
pub(crate) fn uuid() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("0b8f5ab8-6f7a-4a3c-9f57-{number:012x}")
}

pub(crate) async fn start(config: Config) -> Devnet {
    Devnet::start(config).await.unwrap()
}

/// A network of one miner with these vices.
pub(crate) async fn one(vices: &[&str]) -> Devnet {
    let vices = Vices::parse(vices).unwrap();
    start(Config {
        vices: [(0, vices)].into(),
        ..Config::default()
    })
    .await
}

/// A socket to a miner.
pub(crate) struct Client {
    pub(crate) miner: MinerAddress,
    pub(crate) keypair: Keypair,
    socket: WebSocketStream<TcpStream>,
}

/// What a socket gave.
#[derive(Debug, PartialEq)]
pub(crate) enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping,
    Closed(Option<u16>),
    /// The connection ended without a closing handshake.
    Dropped,
}

/// Awaits something that must come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("in time")
}

/// The answer to a request for a websocket.
pub(crate) async fn try_connect(
    address: SocketAddr,
    path: &str,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(address).await.map_err(Error::Io)?;
    stream.set_nodelay(true).unwrap();
    let config = WebSocketConfig::default()
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .max_message_size(Some(FRAME_BYTES_MAX));
    let url = format!("ws://{address}{path}");
    let (socket, _) = soon(client_async_with_config(url, stream, Some(config))).await?;
    Ok(socket)
}

impl Client {
    /// Opens a socket to the first miner of a network, as a validator.
    pub(crate) async fn open(devnet: &Devnet) -> Self {
        Self::open_to(&devnet.miners()[0]).await
    }

    pub(crate) async fn open_to(miner: &MinerAddress) -> Self {
        let path = validator_path(&validator().public().to_ss58());
        Self::with_socket(miner, try_connect(miner.address, &path).await.unwrap())
    }

    /// The validator of all tests on a socket.
    pub(crate) fn with_socket(miner: &MinerAddress, socket: WebSocketStream<TcpStream>) -> Self {
        Self {
            miner: miner.clone(),
            keypair: validator(),
            socket,
        }
    }

    /// Opens a socket and authenticates.
    pub(crate) async fn authenticated(devnet: &Devnet) -> Self {
        let mut client = Self::open(devnet).await;
        client.authenticate().await;
        client
    }

    /// Opens a socket, authenticates and reads the manifest.
    pub(crate) async fn admitted(devnet: &Devnet) -> Self {
        let mut client = Self::authenticated(devnet).await;
        let message = client.message().await;
        assert!(
            matches!(message, ToValidator::ExecutorManifest(_)),
            "{message:?}"
        );
        client
    }

    pub(crate) fn authentication(&self) -> AuthenticationPayload {
        AuthenticationPayload {
            validator_hotkey: self.keypair.public().to_ss58(),
            miner_hotkey: self.miner.hotkey.clone(),
            timestamp: now_seconds(),
        }
    }

    pub(crate) async fn authenticate(&mut self) {
        let payload = self.authentication();
        let request = AuthenticateRequest::new(payload, &self.keypair, &RANDOMNESS);
        self.send(ToMiner::Authenticate(request)).await;
    }

    pub(crate) async fn send(&mut self, message: ToMiner) {
        self.send_text(message.to_text()).await;
    }

    pub(crate) async fn send_text(&mut self, text: impl Into<String>) {
        self.send_raw(Message::text(text.into())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        soon(self.socket.send(message)).await.unwrap();
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Got {
        match soon(self.socket.next()).await {
            Some(Ok(Message::Text(text))) => Got::Text(text.to_string()),
            Some(Ok(Message::Binary(bytes))) => Got::Binary(bytes.to_vec()),
            Some(Ok(Message::Ping(_))) => Got::Ping,
            Some(Ok(Message::Close(frame))) => {
                Got::Closed(frame.map(|frame: CloseFrame| frame.code.into()))
            }
            Some(Ok(other)) => panic!("unexpected {other:?}"),
            Some(Err(_)) | None => Got::Dropped,
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Got::Text(text) => text,
            other => panic!("{other:?} in place of a text"),
        }
    }

    /// The next message; machine specs are left out.
    pub(crate) async fn message(&mut self) -> ToValidator {
        loop {
            let text = self.text().await;
            match ToValidator::parse(&text).unwrap() {
                ToValidator::MachineSpecs(_) => {}
                message => return message,
            }
        }
    }

    /// The types of the next messages.
    pub(crate) async fn tags<const N: usize>(&mut self) -> [&'static str; N] {
        let mut tags = [""; N];
        for tag in &mut tags {
            *tag = self.message().await.tag();
        }
        tags
    }

    pub(crate) fn reservation(&self, uuid: &str) -> InitialJobRequest {
        let payload = JobStartedReceiptPayload {
            job_uuid: uuid.to_owned(),
            miner_hotkey: self.miner.hotkey.clone(),
            validator_hotkey: self.keypair.public().to_ss58(),
            timestamp: now(),
            executor_class: ExecutorClass::default(),
            max_timeout: 30,
            is_organic: false,
            ttl: 240,
        };
        InitialJobRequest {
            job_uuid: uuid.to_owned(),
            executor_class: Some(ExecutorClass::default()),
            base_docker_image_name: Some(ECHO_IMAGE.to_owned()),
            timeout_seconds: Some(30),
            volume: None,
            volume_type: None,
            job_started_receipt_signature: payload.sign(&self.keypair, &RANDOMNESS),
            job_started_receipt_payload: payload,
        }
    }

    pub(crate) async fn reserve(&mut self, uuid: &str) {
        self.reserve_as(self.reservation(uuid)).await;
    }

    pub(crate) async fn reserve_as(&mut self, request: InitialJobRequest) {
        self.send(ToMiner::InitialJob(Box::new(request))).await;
    }

    pub(crate) fn accepted_receipt(&self, uuid: &str) -> JobAcceptedReceiptRequest {
        let payload = JobAcceptedReceiptPayload {
            job_uuid: uuid.to_owned(),
            miner_hotkey: self.miner.hotkey.clone(),
            validator_hotkey: self.keypair.public().to_ss58(),
            timestamp: now(),
            time_accepted: now(),
            ttl: 360,
        };
        JobAcceptedReceiptRequest {
            signature: payload.sign(&self.keypair, &RANDOMNESS),
            payload,
        }
    }

    pub(crate) async fn confirm(&mut self, uuid: &str) {
        let request = self.accepted_receipt(uuid);
        self.send(ToMiner::JobAcceptedReceipt(request)).await;
    }

    pub(crate) fn finished_receipt(&self, uuid: &str) -> JobFinishedReceiptRequest {
        let payload = JobFinishedReceiptPayload {
            job_uuid: uuid.to_owned(),
            miner_hotkey: self.miner.hotkey.clone(),
            validator_hotkey: self.keypair.public().to_ss58(),
            timestamp: now(),
            time_started: now(),
            time_took_us: 290_034,
            score_str: "3.44787".to_owned(),
        };
        JobFinishedReceiptRequest {
            signature: payload.sign(&self.keypair, &RANDOMNESS),
            payload,
        }
    }

    pub(crate) async fn acknowledge(&mut self, uuid: &str) {
        let request = self.finished_receipt(uuid);
        self.send(ToMiner::JobFinishedReceipt(request)).await;
    }

    pub(crate) async fn run(&mut self, request: JobRequest) {
        self.send(ToMiner::Job(Box::new(request))).await;
    }

    /// Reserves, and waits until the executor is ready.
    pub(crate) async fn prepare(&mut self, uuid: &str) {
        self.reserve(uuid).await;
        let tags = self.tags().await;
        assert_eq!(tags, ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]);
        self.confirm(uuid).await;
    }

    /// Waits until the miner has handled all that was sent.
    pub(crate) async fn settle(&mut self) {
        self.send_raw(Message::Ping("settled".into())).await;
        while let Some(Ok(message)) = soon(self.socket.next()).await {
            if message == Message::Pong("settled".into()) {
                return;
            }
        }
    }
}

pub(crate) fn echo_volume() -> Volume {
    InlineVolume {
        contents: ECHO_VOLUME.to_owned(),
        relative_path: None,
    }
    .into()
}

/// The request to run an echo job.
pub(crate) fn echo_job(uuid: &str) -> JobRequest {
    JobRequest {
        job_uuid: uuid.to_owned(),
        executor_class: Some(ExecutorClass::default()),
        docker_image_name: Some(ECHO_IMAGE.to_owned()),
        raw_script: None,
        docker_run_options_preset: DockerRunOptionsPreset::None,
        docker_run_cmd: Vec::new(),
        volume: Some(echo_volume()),
        output_upload: None,
    }
}

/// The standard output of a finished job.
#[track_caller]
pub(crate) fn stdout_of(message: ToValidator, uuid: &str) -> String {
    assert_eq!(message.job_uuid(), Some(uuid));
    match message {
        ToValidator::JobFinished(finished) => finished.docker_process_stdout,
        other => panic!("{other:?} in place of a result"),
    }
}

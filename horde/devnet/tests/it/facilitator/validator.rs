//! A validator for tests: it authenticates, and says what the test asks for.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use horde_devnet::facilitator::{Facilitator, FacilitatorConfig, Faults, JobOrder, JobVersion};
use horde_proto::facilitator::{
    AuthenticationRequest, JobRequest, JobStatus, JobStatusMetadata, JobStatusUpdate,
    MinerResponse, Response, SOCKET_PATH, ToFacilitator, ToValidator,
};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{ECHO_IMAGE, Got, soon, try_connect, validator};

/// A facilitator with these faults.
pub(crate) async fn with(faults: &[&str]) -> Facilitator {
    let config = FacilitatorConfig {
        faults: Faults::parse(faults).unwrap(),
        ..FacilitatorConfig::default()
    };
    Facilitator::start(config).await.unwrap()
}

pub(crate) fn echo_order() -> JobOrder {
    JobOrder {
        version: JobVersion::V2,
        docker_image: ECHO_IMAGE.to_owned(),
        ..JobOrder::default()
    }
}

/// A socket of the validator of all tests.
pub(crate) struct Validator(WebSocketStream<TcpStream>);

impl Validator {
    pub(crate) async fn open(facilitator: &Facilitator) -> Self {
        Self(
            try_connect(facilitator.address(), SOCKET_PATH)
                .await
                .unwrap(),
        )
    }

    /// Opens a socket and authenticates.
    pub(crate) async fn admitted(facilitator: &Facilitator) -> Self {
        let mut validator = Self::open(facilitator).await;
        validator.authenticate().await;
        assert!(validator.response().await.errors.is_empty());
        validator
    }

    pub(crate) async fn authenticate(&mut self) {
        let request = AuthenticationRequest::new(&validator(), &[5; 32]);
        self.send(&ToFacilitator::Authentication(request)).await;
    }

    pub(crate) async fn send(&mut self, message: &ToFacilitator) {
        self.send_raw(Message::text(message.to_text())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        soon(self.0.send(message)).await.unwrap();
    }

    pub(crate) async fn send_status(&mut self, uuid: &str, status: JobStatus, stdout: &str) {
        self.send(&status_update(uuid, status, stdout)).await;
    }

    /// Sends statuses at once, in one piece.
    pub(crate) async fn send_statuses(&mut self, uuid: &str, statuses: &[JobStatus]) {
        for status in statuses {
            let text = status_update(uuid, *status, "").to_text();
            soon(self.0.feed(Message::text(text))).await.unwrap();
        }
        soon(self.0.flush()).await.unwrap();
    }

    /// What comes within this time, pongs included.
    pub(crate) async fn next_within(&mut self, time: Duration) -> Option<Message> {
        let next = tokio::time::timeout(time, self.0.next()).await;
        next.ok().flatten().map(Result::unwrap)
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Got {
        match soon(self.0.next()).await {
            Some(Ok(Message::Text(text))) => Got::Text(text.to_string()),
            Some(Ok(Message::Close(frame))) => Got::Closed(frame.map(|frame| frame.code.into())),
            Some(Ok(other)) => panic!("unexpected {other:?}"),
            Some(Err(_)) | None => Got::Dropped,
        }
    }

    async fn message(&mut self) -> ToValidator {
        match self.next().await {
            Got::Text(text) => ToValidator::parse(&text).unwrap(),
            other => panic!("{other:?} in place of a text"),
        }
    }

    pub(crate) async fn response(&mut self) -> Response {
        match self.message().await {
            ToValidator::Response(response) => response,
            ToValidator::JobRequest(request) => panic!("{request:?} in place of an answer"),
        }
    }

    /// The type of the only error of the next answer.
    pub(crate) async fn error(&mut self) -> String {
        let mut errors = self.response().await.errors;
        assert_eq!(errors.len(), 1);
        errors.remove(0).kind
    }

    pub(crate) async fn job(&mut self) -> JobRequest {
        match self.message().await {
            ToValidator::JobRequest(request) => *request,
            ToValidator::Response(response) => panic!("{response:?} in place of a job"),
        }
    }
}

fn status_update(uuid: &str, status: JobStatus, stdout: &str) -> ToFacilitator {
    let response = MinerResponse {
        docker_process_stdout: stdout.to_owned(),
        ..MinerResponse::default()
    };
    let metadata = JobStatusMetadata {
        comment: format!("it is {status}"),
        miner_response: Some(response),
        ..JobStatusMetadata::default()
    };
    ToFacilitator::JobStatusUpdate(JobStatusUpdate {
        uuid: uuid.to_owned(),
        status,
        metadata: Some(metadata),
    })
}

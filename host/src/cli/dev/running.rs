//! A program of the run, and how it becomes ready.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::child::{Child, Lines, Program, Tail};
use super::description::Ready;
use super::error::DevError;
use super::placeholders::{Values, flat};

/// Time for a program to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Time between two requests to a program that is not ready.
const READY_INTERVAL: Duration = Duration::from_millis(200);
/// Time for the reply to one.
const READY_REPLY_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for the last lines of a program that has ended.
const LAST_LINES_TIMEOUT: Duration = Duration::from_millis(500);

/// Name of the value that is an address.
pub(super) const ADDRESS: &str = "address";

/// A running program.
pub(super) struct Running {
    /// How it is called.
    pub(super) name: String,
    child: Child,
    tail: Tail,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a program. `read_errors` reads its standard error; its standard output is returned.
    pub(super) fn start<R: Future<Output = ()> + Send + 'static>(
        name: &str,
        program: &Program<'_>,
        guard: &Path,
        read_errors: impl FnOnce(Lines, Tail) -> R,
    ) -> Result<(Self, Lines), DevError> {
        let started = program.start(guard).map_err(DevError::start(name));
        let (child, outputs) = started?;
        let tail = Tail::default();
        let readers = vec![tokio::spawn(read_errors(outputs.errors, tail.clone()))];
        let running = Self {
            name: name.to_owned(),
            child,
            tail,
            readers,
        };
        Ok((running, outputs.output))
    }

    /// Waits until it is ready; returns what it has said of itself.
    pub(super) async fn ready(
        &mut self,
        mut output: Lines,
        ready: Option<&Ready>,
    ) -> Result<Values, DevError> {
        let waited = match ready {
            None => Ok(Ok(Values::new())),
            Some(Ready::Line(beginning)) => {
                let read = |line: &str| {
                    let rest = line.strip_prefix(beginning.as_str())?;
                    Some([(ADDRESS.to_owned(), rest.trim().to_owned())].into())
                };
                timeout(READY_TIMEOUT, self.line(&mut output, read)).await
            }
            Some(Ready::Json) => {
                let read = |line: &str| {
                    let value = serde_json::from_str(line).ok()?;
                    matches!(value, Value::Object(_)).then(|| flat(&value))
                };
                timeout(READY_TIMEOUT, self.line(&mut output, read)).await
            }
            Some(Ready::Url(url)) => timeout(READY_TIMEOUT, self.reply(url)).await,
        };
        let values = waited.map_err(|_| DevError::NotReady {
            name: self.name.clone(),
            seconds: READY_TIMEOUT.as_secs(),
            lines: self.tail.lines(),
        })?;
        let reader = output.keep_in(self.tail.clone());
        self.readers.push(tokio::spawn(reader));
        values
    }

    /// Reads lines until `read` finds values in one.
    async fn line(
        &mut self,
        output: &mut Lines,
        read: impl Fn(&str) -> Option<Values>,
    ) -> Result<Values, DevError> {
        while let Some(line) = output.next().await {
            if let Some(values) = read(&line) {
                return Ok(values);
            }
            self.tail.push(&line);
        }
        Err(self.ended().await)
    }

    async fn reply(&mut self, url: &str) -> Result<Values, DevError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_built_in_root_certs(false)
            .timeout(READY_REPLY_TIMEOUT)
            .build();
        let client = client
            .map_err(|error| DevError::system("start a client")(std::io::Error::other(error)))?;
        let replies = async {
            loop {
                let reply = client.get(url).send().await;
                if reply.is_ok_and(|reply| reply.status().is_success()) {
                    return;
                }
                sleep(READY_INTERVAL).await;
            }
        };
        tokio::select! {
            () = replies => Ok(Values::new()),
            error = self.ended() => Err(error),
        }
    }

    /// Waits for its end. Nothing is lost if the future is dropped.
    pub(super) async fn ended(&mut self) -> DevError {
        let status = match self.child.wait().await {
            Ok(status) => status,
            Err(source) => return DevError::start(&self.name)(source),
        };
        for reader in &mut self.readers {
            // They end with the program, unless it has left another one behind.
            let _ = timeout(LAST_LINES_TIMEOUT, reader).await;
        }
        self.readers.clear();
        DevError::Ended {
            name: self.name.clone(),
            status,
            lines: self.tail.lines(),
        }
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        self.child.stop().await;
    }
}

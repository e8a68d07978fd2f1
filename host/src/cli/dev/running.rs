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
        // A handle must not be polled after its end: each is given up in the same poll, since the next await may be the last.
        while let Some(reader) = self.readers.last_mut() {
            // They end with the program, unless it has left another one behind.
            let _ = timeout(LAST_LINES_TIMEOUT, reader).await;
            self.readers.pop();
        }
        DevError::Ended {
            name: self.name.clone(),
            status,
            lines: self.tail.lines(),
        }
    }

    /// Whether it runs no more.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.has_ended()
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        self.child.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn end_is_reported_after_a_dropped_wait() {
        let folder = tempfile::tempdir().unwrap();
        // Stands for the guard, which is this program.
        std::fs::write(folder.path().join("guard"), "shift; exec \"$@\"").unwrap();
        for held in ["sleep 5 2>/dev/null", "sleep 5 >/dev/null"] {
            let program = Program {
                file: Path::new("sh"),
                arguments: ["-c", &format!("{held} & exit 3")].map(Into::into).into(),
                folder: folder.path(),
                is_local: true,
            };
            let guard = Path::new("sh");
            let started = Running::start("short", &program, guard, Lines::keep_in);
            let (mut running, output) = started.unwrap();
            running.ready(output, None).await.unwrap();
            let end = async {
                while !running.has_ended() {
                    sleep(READY_INTERVAL).await;
                }
            };
            timeout(READY_TIMEOUT, end).await.unwrap();
            // Only the last lines are missing, so the wait is dropped among them.
            let wait = LAST_LINES_TIMEOUT / 2;
            assert!(timeout(wait, running.ended()).await.is_err());
            let text = running.ended().await.to_string();
            assert!(text.contains("exit status: 3"), "{text}");
        }
    }
}

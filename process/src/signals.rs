//! Requests to stop or to read files again: signals, and the end of standard input.
//!
//! A terminal that is closed sends SIGHUP. A program that was started with SIGHUP ignored, as `nohup` does, is not stopped by it.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock, mpsc};
use std::{fmt, fs, thread};

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::threads::ThreadsError;

/// Where the system shows which signals a process ignores.
const STATUS_FILE: &str = "/proc/self/status";

/// A request to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// To finish and end; at once, if it is asked for the second time.
    Stop(StopReason),
    /// To read its files again.
    Reload,
}

/// Origin of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// `kill`, or a service manager.
    Terminate,
    /// Ctrl-C.
    Interrupt,
    /// The terminal was closed.
    HangUp,
    /// The program that holds the other end of standard input has ended.
    ParentGone,
}

/// Meaning of SIGHUP for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// An orderly stop, unless the signal was ignored when the program started.
    Stops,
    /// Files are read again, as service managers expect of a server; the program survives its terminal.
    Reloads,
}

/// Waits for requests.
#[derive(Debug)]
pub struct Requests {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Option<Signal>,
    on_hang_up: Request,
    parent: Option<oneshot::Receiver<()>>,
}

impl Requests {
    /// Listens from now on; signals do nothing else any more.
    ///
    /// # Errors
    /// The system refuses to deliver signals, or has no thread to wait for the end of standard input.
    pub fn listen(hang_up: HangUp, exit_with_parent: bool) -> io::Result<Self> {
        let (on_hang_up, is_ignored) = match hang_up {
            HangUp::Stops => (
                Request::Stop(StopReason::HangUp),
                is_ignored(SignalKind::hangup()),
            ),
            HangUp::Reloads => (Request::Reload, false),
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: match is_ignored {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
            on_hang_up,
            parent: exit_with_parent.then(watch_parent).transpose()?,
        })
    }

    /// Waits for the next request. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop(StopReason::Terminate),
            _ = self.interrupt.recv() => Request::Stop(StopReason::Interrupt),
            () = received(&mut self.hang_up) => self.on_hang_up,
            () = ended(&mut self.parent) => {
                self.parent = None;
                Request::Stop(StopReason::ParentGone)
            }
        }
    }

    /// Waits for the next request to stop, where there is nothing to be read again.
    pub async fn stop(&mut self) -> StopReason {
        loop {
            if let Request::Stop(reason) = self.next().await {
                return reason;
            }
        }
    }
}

/// Is set by the first request to stop, for programs that have no runtime of their own.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<OnceLock<StopReason>>);

impl StopFlag {
    /// Listens from now on, on a thread of its own; signals do nothing else any more.
    ///
    /// # Errors
    /// The system refuses to deliver signals, or has no thread.
    pub fn listen() -> io::Result<Self> {
        let flag = Self(Arc::default());
        let set = flag.clone();
        let (sender, listening) = mpsc::channel();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                if let Err(error) = set.wait(&sender) {
                    // Whoever started this thread waits for it.
                    let _ = sender.send(Err(error));
                }
            })
            .map_err(no_thread)?;
        listening.recv().map_err(io::Error::other)??;
        Ok(flag)
    }

    /// Why the program is to stop, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        self.0.get().copied()
    }

    fn wait(&self, listening: &mpsc::Sender<io::Result<()>>) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let mut requests = Requests::listen(HangUp::Stops, false)?;
            let _ = listening.send(Ok(()));
            // Later ones ask for the same.
            loop {
                let reason = requests.stop().await;
                let _ = self.0.set(reason);
            }
        })
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
            Self::HangUp => "SIGHUP",
            Self::ParentGone => "standard input has ended",
        })
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

async fn ended(parent: &mut Option<oneshot::Receiver<()>>) {
    match parent {
        // A sender that is gone says the same.
        Some(ended) => drop(ended.await),
        None => std::future::pending().await,
    }
}

/// A thread of its own: a pending read of standard input cannot be cancelled, and a runtime would wait for it.
fn watch_parent() -> io::Result<oneshot::Receiver<()>> {
    let (sender, ended) = oneshot::channel();
    thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || {
            let mut ignored = [0; 256];
            let mut stdin = io::stdin().lock();
            while stdin.read(&mut ignored).is_ok_and(|count| count > 0) {}
            // Nobody listens any more once the program stops.
            let _ = sender.send(());
        })
        .map_err(no_thread)?;
    Ok(ended)
}

fn no_thread(cause: io::Error) -> io::Error {
    let kind = cause.kind();
    io::Error::new(
        kind,
        ThreadsError::single("signals and standard input", cause),
    )
}

/// Whether this process ignores the signal. Where the system does not say so, it does not.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string(STATUS_FILE).unwrap_or_default();
    ignored_mask(&status) >> (kind.as_raw_value() - 1) & 1 == 1
}

/// Bit 0 stands for signal 1.
fn ignored_mask(status: &str) -> u64 {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_status() {
        let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_mask(status), 0x1001);
        assert_eq!(ignored_mask("Name:\tx\n"), 0);
    }
}

//! Reports to a service manager: systemd's notification protocol, as of `sd_notify(3)`.
//!
//! Invariant: a program without a manager, or with one that is gone or stuck, works on: a report waits a second at most.
//!
//! The crate `sd-notify` waits without end while the manager's queue is full, so these few lines are our own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tracing::warn;

/// Variable with the path of the manager's socket; `@` begins an abstract name.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";
/// Variable with the time after which a silent program is restarted, in microseconds.
const WATCHDOG_VARIABLE: &str = "WATCHDOG_USEC";
/// Variable with the process for which the variable above is meant.
const WATCHDOG_PID_VARIABLE: &str = "WATCHDOG_PID";
/// Time for a report while the manager's queue is full.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);
/// Reports of life for each of the manager's timeouts, so that a late one does no harm.
const BEATS_PER_TIMEOUT: u32 = 3;
/// Characters of a status line.
const STATUS_CHARS_MAX: usize = 200;

/// The manager of this process, if it has one.
#[derive(Debug)]
pub struct ServiceManager {
    socket: Option<OsString>,
    watchdog: Option<Duration>,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    status: String,
    beat: Option<Instant>,
    is_failure_logged: bool,
}

/// The manager that the environment names.
#[must_use]
pub fn service_manager() -> &'static ServiceManager {
    static MANAGER: OnceLock<ServiceManager> = OnceLock::new();
    MANAGER.get_or_init(ServiceManager::from_environment)
}

impl ServiceManager {
    fn from_environment() -> Self {
        let number = |name| env::var(name).ok()?.parse::<u64>().ok();
        let is_ours =
            number(WATCHDOG_PID_VARIABLE).is_none_or(|pid| pid == u64::from(std::process::id()));
        let timeout = number(WATCHDOG_VARIABLE).filter(|&timeout| is_ours && timeout > 0);
        Self {
            socket: env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty()),
            watchdog: timeout.map(Duration::from_micros),
            sent: Mutex::default(),
        }
    }

    /// Whether somebody gets the reports.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.socket.is_some()
    }

    /// Time between two calls of [`Self::alive`]; `None` if nobody wants them.
    #[must_use]
    pub fn beat_interval(&self) -> Option<Duration> {
        let timeout = self.watchdog.filter(|_| self.is_present());
        timeout.map(|timeout| timeout / BEATS_PER_TIMEOUT)
    }

    /// The program has started, or has read its files again, and serves.
    pub fn ready(&self) {
        self.send("READY=1\n");
    }

    /// The program reads its files again; [`Self::ready`] is to follow.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\n"));
    }

    /// The program finishes its work and ends; it is not killed for this time.
    pub fn stopping(&self, time: Duration) {
        let micros = time.as_micros();
        self.send(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={micros}\n"));
    }

    /// One line for people; sent when it differs from the last one.
    pub fn status(&self, text: &dyn Display) {
        if !self.is_present() {
            return;
        }
        let text = text.to_string();
        // A line end would begin another assignment.
        let visible = text.chars().filter(|char| !char.is_control());
        let text: String = visible.take(STATUS_CHARS_MAX).collect();
        let mut sent = self.sent();
        if sent.status != text {
            sent.status.clone_from(&text);
            drop(sent);
            self.send(&format!("STATUS={text}\n"));
        }
    }

    /// The program is alive; sent once in [`Self::beat_interval`], however often it is called.
    pub fn alive(&self) {
        let Some(interval) = self.beat_interval() else {
            return;
        };
        let now = Instant::now();
        // Half an interval early rather than half an interval late.
        let is_due = |beat: Instant| now.saturating_duration_since(beat) >= interval / 2;
        let mut sent = self.sent();
        if sent.beat.is_none_or(is_due) {
            sent.beat = Some(now);
            drop(sent);
            self.send("WATCHDOG=1\n");
        }
    }

    fn send(&self, message: &str) {
        let Some(socket) = &self.socket else {
            return;
        };
        let Err(error) = send(socket, message) else {
            return;
        };
        // The first one is enough: a broken socket stays broken.
        if !std::mem::replace(&mut self.sent().is_failure_logged, true) {
            warn!("the service manager cannot be reached by {SOCKET_VARIABLE}: {error}");
        }
    }

    /// No code panics while it holds the lock.
    fn sent(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(path: &OsStr, message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(path)?,
    };
    socket.send_to_addr(message.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(socket: Option<OsString>, watchdog: Option<Duration>) -> ServiceManager {
        ServiceManager {
            socket,
            watchdog,
            sent: Mutex::default(),
        }
    }

    /// A socket that reads, and a manager that writes to it.
    fn connected(watchdog: Option<Duration>) -> (tempfile::TempDir, UnixDatagram, ServiceManager) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        (folder, socket, manager(Some(path.into()), watchdog))
    }

    fn received(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 1_000];
        let count = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }

    #[test]
    fn reports_arrive_in_their_order() {
        let (_folder, socket, manager) = connected(None);
        manager.ready();
        manager.reloading();
        manager.stopping(Duration::from_secs(7));
        assert_eq!(received(&socket).unwrap(), "READY=1\n");
        let reloading = received(&socket).unwrap();
        let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let micros: u64 = micros.unwrap().trim().parse().unwrap();
        assert!(micros > 0);
        let stopping = "STOPPING=1\nEXTEND_TIMEOUT_USEC=7000000\n";
        assert_eq!(received(&socket).unwrap(), stopping);
        assert_eq!(received(&socket), None);
    }

    #[test]
    fn status_is_one_line_and_sent_once() {
        let (_folder, socket, manager) = connected(None);
        for text in ["6 run\nREADY=1", "6 run\nREADY=1", "7 run"] {
            manager.status(&text);
        }
        assert_eq!(received(&socket).unwrap(), "STATUS=6 runREADY=1\n");
        assert_eq!(received(&socket).unwrap(), "STATUS=7 run\n");
        assert_eq!(received(&socket), None);
    }

    #[test]
    fn life_is_reported_only_where_it_is_wanted() {
        let (_folder, socket, without) = connected(None);
        without.alive();
        assert_eq!((received(&socket), without.beat_interval()), (None, None));
        let (_folder, socket, with) = connected(Some(Duration::from_secs(90)));
        assert_eq!(with.beat_interval(), Some(Duration::from_secs(30)));
        with.alive();
        with.alive();
        assert_eq!(received(&socket).unwrap(), "WATCHDOG=1\n");
        assert_eq!(received(&socket), None);
    }

    #[test]
    fn missing_broken_or_full_socket_stops_nothing() {
        manager(None, Some(Duration::from_secs(1))).alive();
        manager(Some("/nowhere/socket".into()), None).ready();
        let (_folder, _unread, manager) = connected(None);
        // More than any queue holds would take more than a minute: until the first one that does not fit.
        for count in 0.. {
            manager.status(&count);
            if manager.sent().is_failure_logged {
                return;
            }
        }
    }

    #[test]
    fn abstract_socket_is_reached() {
        let name = format!("tig-process-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        manager(Some(format!("@{name}").into()), None).ready();
        assert_eq!(received(&socket).unwrap(), "READY=1\n");
    }
}

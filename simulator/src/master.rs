//! The simulated master: a host that is stepped, killed and started again, always on the same disk.

use tig_host::testing::{AskedOfSocket, DRAIN, Plugin, RouteResult, Sent, UPDATE};
use tig_host::{Clock, Config, ExtensionStatus, Kind, Random, SteppedHost, Store, VirtualTime};
use tig_plugin_api::HttpRequest;
use tokio::sync::oneshot;

use crate::disk::{Disk, End};
use crate::scenario::Boundary;

/// Steps at one moment; a host that has not come to rest by then never does.
const STEPS_MAX: u64 = 1_000_000;

/// A kill that is due.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// Transactions until then.
    pub transactions: u64,
    /// At which point of that transaction.
    pub boundary: Boundary,
    /// How.
    pub end: End,
    /// Until the host starts again.
    pub down_ms: u64,
}

/// How a moment has ended.
#[derive(Debug)]
pub enum Moment {
    /// Nothing is left to do.
    Rest,
    /// The host was killed by the crash that was due.
    Killed(Crash),
}

/// A stepped host with its disk.
pub struct Master<'a> {
    config: Config,
    plugins: &'a [Plugin],
    seed: u64,
    time: VirtualTime,
    disk: Disk,
    host: Option<SteppedHost>,
    starts: u64,
    crash: Option<Crash>,
    draining: bool,
    /// What had left the machine when it ended.
    sent: Vec<Sent>,
    sockets: Vec<AskedOfSocket>,
}

impl<'a> Master<'a> {
    /// A master that has never run.
    #[must_use]
    pub fn new(config: Config, plugins: &'a [Plugin], seed: u64, time: VirtualTime) -> Self {
        Self {
            config,
            plugins,
            seed,
            time,
            disk: Disk::default(),
            host: None,
            starts: 0,
            crash: None,
            draining: false,
            sent: Vec::new(),
            sockets: Vec::new(),
        }
    }

    /// Starts the host.
    ///
    /// # Errors
    ///
    /// The text says why it does not start.
    pub fn start(&mut self) -> Result<(), String> {
        let store = Store::with_backend(self.disk.open()).map_err(|error| error.to_string())?;
        self.starts += 1;
        // As with a real host, no two runs draw the same numbers.
        let random = Random::seeded(self.seed ^ self.starts.rotate_left(32));
        let sources = (Clock::Virtual(self.time.clone()), random);
        let host = SteppedHost::start(&self.config, self.plugins, store, sources);
        self.host = Some(host.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// The host, if it runs.
    #[must_use]
    pub fn host(&mut self) -> Option<&mut SteppedHost> {
        self.host.as_mut()
    }

    /// Whether the host runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.host.is_some()
    }

    /// From now on the operator wants nothing new to be begun.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Has the host killed once it gets so far.
    pub fn expect(&mut self, crash: Crash) {
        self.crash = Some(crash);
    }

    /// Ends the host at once.
    pub fn end(&mut self, end: End, rng: &mut fastrand::Rng) {
        self.disk.end(end, rng);
        if let Some(host) = self.host.take() {
            self.sent.extend(host.take_sent());
            self.sockets.extend(host.take_sockets());
        }
    }

    /// Writes what a recording has not written yet, if the host records. A kill loses what comes after.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_recording(&mut self) -> Result<(), String> {
        let written = self.host.as_mut().map(SteppedHost::write_recording);
        written.unwrap_or(Ok(())).map_err(|error| error.to_string())
    }

    /// The tick of five seconds.
    ///
    /// # Errors
    ///
    /// A mailbox is full: the host has stopped working. Or its recording cannot be written.
    pub fn update(&mut self) -> Result<(), String> {
        self.write_recording()?;
        let Some(host) = &self.host else {
            return Ok(());
        };
        let full = |error: tig_host::testing::Full| error.to_string();
        host.publish(UPDATE, b"{}", Kind::Latest).map_err(full)?;
        if self.draining {
            host.publish(DRAIN, b"{}", Kind::Latest).map_err(full)?;
        }
        Ok(())
    }

    /// Passes a request on; `None` if nobody is there to take it.
    #[must_use]
    pub fn ask(&self, request: HttpRequest) -> Option<oneshot::Receiver<RouteResult>> {
        self.host.as_ref()?.request(request)
    }

    /// What the host has sent to the network.
    #[must_use]
    pub fn take_sent(&mut self) -> Vec<Sent> {
        let mut sent = std::mem::take(&mut self.sent);
        sent.extend(self.host.iter().flat_map(SteppedHost::take_sent));
        sent
    }

    /// What the host has asked of websocket connections.
    #[must_use]
    pub fn take_sockets(&mut self) -> Vec<AskedOfSocket> {
        let mut asked = std::mem::take(&mut self.sockets);
        asked.extend(self.host.iter().flat_map(SteppedHost::take_sockets));
        asked
    }

    /// How its extensions do.
    #[must_use]
    pub fn status(&self) -> Vec<ExtensionStatus> {
        self.host
            .as_ref()
            .map(SteppedHost::status)
            .unwrap_or_default()
    }

    /// Lets the host do all that it can do now, in an order that `rng` decides, or kills it on the way.
    ///
    /// # Errors
    ///
    /// It never comes to rest.
    pub fn settle(&mut self, rng: &mut fastrand::Rng) -> Result<Moment, String> {
        for _ in 0..STEPS_MAX {
            let Some(host) = self.host.as_mut() else {
                return Ok(Moment::Rest);
            };
            let waiting = host.waiting();
            // As with threads, several handlers may return before the disk is ready.
            let step = rng.choice(&waiting).copied().filter(|_| rng.u8(0..4) > 0);
            if let Some(index) = step {
                host.step(index);
                continue;
            }
            if let Some(crash) = self
                .crash
                .take_if(|crash| crash.transactions == 0 && crash.boundary == Boundary::Handled)
            {
                return Ok(self.kill(crash, rng));
            }
            let Some(written) = host.write() else {
                if waiting.is_empty() {
                    return Ok(Moment::Rest);
                }
                continue;
            };
            let due = self.crash.take_if(|crash| {
                crash.transactions = crash.transactions.saturating_sub(1);
                crash.transactions == 0 && crash.boundary != Boundary::Handled
            });
            match due {
                Some(crash) if crash.boundary == Boundary::Written => {
                    drop(written);
                    return Ok(self.kill(crash, rng));
                }
                Some(crash) => {
                    host.apply(written);
                    return Ok(self.kill(crash, rng));
                }
                None => host.apply(written),
            }
        }
        Err(format!(
            "the host has not come to rest after {STEPS_MAX} steps"
        ))
    }

    fn kill(&mut self, crash: Crash, rng: &mut fastrand::Rng) -> Moment {
        self.end(crash.end, rng);
        Moment::Killed(crash)
    }
}

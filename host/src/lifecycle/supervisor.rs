//! The thread that changes what runs: it watches the plugin files and serves requests, one at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tig_process::service_manager::service_manager;

use crate::config::Config;
use crate::lifecycle::reconfigure::{self, Applied, FixedConfig, ReconfigureError};
use crate::lifecycle::reload::{self, Outcome, ReloadError, Watched};
use crate::lifecycle::shadowing::{self, ShadowError};
use crate::lifecycle::watch::{FolderWatch, POLL_INTERVAL, Schedule};
use crate::observe::service_status::ServiceStatus;
use crate::plugin::Loader;
use crate::runtime::failure::StoreFailure;
use crate::runtime::shared::Shared;

/// A message to the supervisor.
pub(crate) enum Message {
    /// Something in the plugin folder has changed.
    Changed,
    /// A request of the operator or a test.
    Request(Request),
    /// End the thread.
    Stop,
}

/// The outcome for an extension; `None` if no such extension runs.
pub(crate) type Named<T, E> = Option<Result<T, E>>;

/// A request, and where the reply goes.
pub(crate) enum Request {
    /// Replace an extension by its present file.
    Reload {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<Outcome, ReloadError>>,
    },
    /// Apply another config.
    Reconfigure {
        /// The other config.
        config: Box<Config>,
        /// Receives the reply.
        reply: Sender<Result<Applied, ReconfigureError>>,
    },
    /// Start a shadow of an extension.
    Shadow {
        /// Name of the extension.
        name: String,
        /// The plugin file.
        file: PathBuf,
        /// Receives the reply.
        reply: Sender<Named<(), ShadowError>>,
    },
    /// Promote the shadow of an extension.
    Promote {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<Outcome, ShadowError>>,
    },
    /// End the shadow of an extension.
    Discard {
        /// Name of the extension.
        name: String,
        /// Receives the reply.
        reply: Sender<Named<(), ShadowError>>,
    },
}

pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    loader: Loader,
    fixed: FixedConfig,
    folder: FolderWatch,
    watched: Vec<Watched>,
}

impl Supervisor {
    /// Supervises `watched`, whose files lie in `folder`, in a host with this `fixed` config.
    #[must_use]
    pub(crate) fn new(
        shared: Arc<Shared>,
        loader: Loader,
        fixed: FixedConfig,
        folder: FolderWatch,
        watched: Vec<Watched>,
    ) -> Self {
        Self {
            shared,
            loader,
            fixed,
            folder,
            watched,
        }
    }

    /// Serves messages until it is stopped.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let mut schedule = Schedule::checked(Instant::now(), POLL_INTERVAL);
        let beat_interval = service_manager().beat_interval();
        loop {
            self.report();
            let wait = schedule.wait(Instant::now());
            match messages.recv_timeout(beat_interval.unwrap_or(wait).min(wait)) {
                Ok(Message::Changed) => schedule.change(Instant::now()),
                Ok(Message::Request(request)) => self.serve(request),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let wait = self.check_files();
                    schedule = Schedule::checked(Instant::now(), wait);
                }
            }
        }
    }

    /// Reports to the service manager that this thread works: without it, no version would be replaced and no request of
    /// the operator served.
    fn report(&self) {
        let manager = service_manager();
        if manager.is_present() {
            manager.alive();
            let extensions = self.shared.services.bus.extensions();
            let extensions: Vec<_> = extensions.iter().map(|it| it.status()).collect();
            let own = self.shared.conditions.get();
            manager.status(&ServiceStatus::count(&extensions, &own));
        }
    }

    /// Checks every file, and reloads those that have changed; returns the time until the next check.
    fn check_files(&mut self) -> Duration {
        if let Some(reason) = self.shared.services.store.displaced() {
            self.shared.committer.give_up(&StoreFailure(reason));
        }
        self.folder.renew();
        let (shared, loader) = (&self.shared, &self.loader);
        let watched = self.watched.iter_mut();
        let waits = watched.map(|watched| {
            // Reloads of several files may take longer together than the service manager waits.
            service_manager().alive();
            reload::check_file(shared, loader, watched)
        });
        waits.min().unwrap_or(POLL_INTERVAL)
    }

    fn serve(&mut self, request: Request) {
        let Self {
            shared,
            loader,
            fixed,
            watched,
            ..
        } = self;
        match request {
            Request::Reload { name, reply } => {
                let found = find(watched, &name);
                send_reply(&reply, found.map(|it| reload::reload(shared, loader, it)));
            }
            Request::Reconfigure { config, reply } => {
                let outcome = reconfigure::apply(shared, loader, fixed, watched, &config);
                send_reply(&reply, outcome);
            }
            Request::Shadow { name, file, reply } => {
                let found = find(watched, &name);
                send_reply(&reply, found.map(|it| shadowing::begin(loader, it, &file)));
            }
            Request::Promote { name, reply } => {
                let found = find(watched, &name);
                let outcome = found.map(|it| shadowing::promote(shared, loader, it));
                send_reply(&reply, outcome);
            }
            Request::Discard { name, reply } => {
                let found = find(watched, &name);
                send_reply(&reply, found.map(|it| shadowing::discard(it)));
            }
        }
    }
}

fn find<'a>(watched: &'a mut [Watched], name: &str) -> Option<&'a mut Watched> {
    watched.iter_mut().find(|it| it.extension.name == name)
}

/// A send fails if the requester has given up.
fn send_reply<T>(reply: &Sender<T>, answer: T) {
    let _ = reply.send(answer);
}

//! The thread that changes what runs: it watches the plugin files and serves requests, one thing at a time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use crate::{
    config::Config,
    lifecycle::{
        reconfigure::{self, FixedConfig, ReconfigureError},
        reload::{self, Attempt, Outcome, ReloadError, Watched},
        shadowing::{self, ShadowError},
        watch::{FolderWatch, POLL, Schedule},
    },
    plugin::Loader,
    runtime::{failure::StoreFailure, shared::Shared},
};

/// A message to the supervisor.
pub(crate) enum Message {
    /// Something in the plugin folder has changed.
    Changed,
    /// See [`Request`].
    Request(Request),
    /// End the thread.
    Stop,
}

/// What came of a request that names an extension; `None` if no such extension runs.
pub(crate) type Named<T, E> = Option<Result<T, E>>;

/// Something that the supervisor is asked for, and where the answer goes.
pub(crate) enum Request {
    /// The present file of an extension takes over.
    Reload {
        /// Name of the extension.
        name: String,
        /// Gets the answer.
        reply: Sender<Named<Outcome, ReloadError>>,
    },
    /// Another config takes the place of the present one.
    Reconfigure {
        /// The other config.
        config: Box<Config>,
        /// Gets the answer.
        reply: Sender<Result<Vec<Attempt>, ReconfigureError>>,
    },
    /// The plugin of a file runs beside an extension.
    Shadow {
        /// Name of the extension.
        name: String,
        /// The plugin file.
        file: PathBuf,
        /// Gets the answer.
        reply: Sender<Named<(), ShadowError>>,
    },
    /// The shadow of an extension takes over.
    Promote {
        /// Name of the extension.
        name: String,
        /// Gets the answer.
        reply: Sender<Named<Outcome, ShadowError>>,
    },
    /// The shadow of an extension ends.
    Discard {
        /// Name of the extension.
        name: String,
        /// Gets the answer.
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
    /// Supervises `watched`, whose versions run and whose files lie in `folder`, in a host with this `fixed` config.
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

    /// Runs until it is stopped.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let mut schedule = Schedule::looked(Instant::now(), POLL);
        loop {
            match messages.recv_timeout(schedule.wait(Instant::now())) {
                Ok(Message::Changed) => schedule.change(Instant::now()),
                Ok(Message::Request(request)) => self.serve(request),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let wait = self.check_files();
                    schedule = Schedule::looked(Instant::now(), wait);
                }
            }
        }
    }

    /// Looks at every file once, and reloads what has changed; returns when to look again.
    fn check_files(&mut self) -> Duration {
        if let Some(reason) = self.shared.services.store.displaced() {
            self.shared.committer.give_up(&StoreFailure(reason));
        }
        self.folder.renew();
        let (shared, loader) = (&self.shared, &self.loader);
        let watched = self.watched.iter_mut();
        let waits = watched.map(|watched| reload::check_file(shared, loader, watched));
        waits.min().unwrap_or(POLL)
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
                send_reply(&reply, found.map(|of| reload::reload(shared, loader, of)));
            }
            Request::Reconfigure { config, reply } => {
                let outcome = reconfigure::apply(shared, loader, fixed, watched, &config);
                send_reply(&reply, outcome);
            }
            Request::Shadow { name, file, reply } => {
                let found = find(watched, &name);
                send_reply(&reply, found.map(|of| shadowing::begin(loader, of, &file)));
            }
            Request::Promote { name, reply } => {
                let found = find(watched, &name);
                let outcome = found.map(|of| shadowing::promote(shared, loader, of));
                send_reply(&reply, outcome);
            }
            Request::Discard { name, reply } => {
                let found = find(watched, &name);
                send_reply(&reply, found.map(|of| shadowing::discard(of)));
            }
        }
    }
}

fn find<'a>(watched: &'a mut [Watched], name: &str) -> Option<&'a mut Watched> {
    watched.iter_mut().find(|of| of.extension.name == name)
}

/// Nobody waits any more for an answer that is late.
fn send_reply<T>(reply: &Sender<T>, answer: T) {
    let _ = reply.send(answer);
}

//! How the outside (signals, an admin socket, tests) talks to a running host.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use crate::{
    config::{Config, Suggestion},
    lifecycle::{
        reload::{Attempt, Outcome},
        supervisor::{Keeper, Message},
    },
    observe::status::ExtensionStatus,
    runtime::{bus::Full, event::Kind, runner::Shared},
};

/// An answer that takes longer is not waited for; what was asked for still happens.
pub const ANSWER_MAX: Duration = Duration::from_secs(120);

/// Why the host has not done what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The config lists no such extension.
    #[error("no extension `{name}` is running{suggestion}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// A running extension with a similar name.
        suggestion: String,
    },
    /// It was tried, and what ran before goes on.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody answers any more.
    #[error("the host is stopping")]
    Stopping,
    /// See [`ANSWER_MAX`].
    #[error("not done after {} s; it is still due", ANSWER_MAX.as_secs())]
    Late,
}

/// A handle of a running host. Calls that change something wait until it is done.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
    keeper: mpsc::Sender<Message>,
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>, keeper: mpsc::Sender<Message>) -> Self {
        Self { shared, keeper }
    }

    /// All extensions, in the config's order.
    #[must_use]
    pub fn status(&self) -> Vec<ExtensionStatus> {
        let slots = self.shared.services.bus.slots();
        slots.iter().map(|slot| slot.status()).collect()
    }

    /// Waits until nothing can be stored any more; tells why. The host is of no use then.
    pub async fn store_failure(&self) -> String {
        self.shared.committer.failure().await
    }

    /// Publishes an event of the host itself, with its arguments as JSON.
    ///
    /// # Errors
    ///
    /// An extension that handles it has no room.
    pub fn publish(&self, event: &str, arguments: &[u8], kind: Kind) -> Result<(), Full> {
        self.shared.services.bus.tell(event, arguments, kind)
    }

    /// Lets the present file of extension `name` take over. One that is stopped is started again even if its file is the
    /// same.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn reload(&self, name: &str) -> Result<Outcome, ControlError> {
        let wanted = name.to_owned();
        let done = self.ask(move |keeper| keeper.reload(&wanted))?;
        self.known(name, done)
    }

    /// Lets the present file of every extension take over; tells what came of each.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn reload_all(&self) -> Result<Vec<Attempt>, ControlError> {
        self.ask(Keeper::reload_all)
    }

    /// Runs the plugin of `file` beside extension `name`: it gets the same events, and what it would do is compared with what
    /// the running version does. How it does is told by [`Control::status`].
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn shadow(&self, name: &str, file: &Path) -> Result<(), ControlError> {
        let (wanted, file) = (name.to_owned(), file.to_owned());
        let done = self.ask(move |keeper| keeper.shadow(&wanted, &file))?;
        self.known(name, done)
    }

    /// Lets what runs beside extension `name` take over, as at a reload, and puts its file in place of the extension's.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn promote(&self, name: &str) -> Result<Outcome, ControlError> {
        let wanted = name.to_owned();
        let done = self.ask(move |keeper| keeper.promote(&wanted))?;
        self.known(name, done)
    }

    /// Ends what runs beside extension `name`.
    ///
    /// # Errors
    ///
    /// See [`ControlError`].
    pub fn discard(&self, name: &str) -> Result<(), ControlError> {
        let wanted = name.to_owned();
        let done = self.ask(move |keeper| keeper.discard(&wanted))?;
        self.known(name, done)
    }

    /// Lets `config` take the place of the present one: extensions come, go, move and get other settings; changed files
    /// take over. Tells what came of each extension.
    ///
    /// # Errors
    ///
    /// See [`ControlError`]; nothing was changed then.
    pub fn apply(&self, config: Config) -> Result<Vec<Attempt>, ControlError> {
        self.ask(move |keeper| keeper.apply(&config))?
            .map_err(ControlError::Refused)
    }

    /// Lets the keeper do something and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Keeper) -> T + Send + 'static,
    ) -> Result<T, ControlError> {
        let (sender, receiver) = mpsc::channel();
        let work = move |keeper: &mut Keeper| {
            // Nobody waits any more when the answer is late.
            let _ = sender.send(work(keeper));
        };
        self.keeper
            .send(Message::Do(Box::new(work)))
            .map_err(|_| ControlError::Stopping)?;
        receiver
            .recv_timeout(ANSWER_MAX)
            .map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => ControlError::Late,
                mpsc::RecvTimeoutError::Disconnected => ControlError::Stopping,
            })
    }

    fn known<T>(&self, name: &str, done: Option<Result<T, String>>) -> Result<T, ControlError> {
        done.ok_or_else(|| self.unknown(name))?
            .map_err(ControlError::Refused)
    }

    fn unknown(&self, name: &str) -> ControlError {
        let slots = self.shared.services.bus.slots();
        let known = slots.iter().map(|slot| slot.name.as_str());
        ControlError::Unknown {
            name: name.to_owned(),
            suggestion: Suggestion::of(name, known).to_string(),
        }
    }
}

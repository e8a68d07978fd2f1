//! The thread that changes what runs: it looks after plugin files and does what [`crate::control::control::Control`] asks for, one
//! thing at a time.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Instant,
};

use crate::{
    config::Config,
    lifecycle::{
        reconfigure::{self, Fixed},
        reload::{self, Attempt, Outcome, Watched},
        shadowing,
        watch::Schedule,
    },
    plugin::Loader,
    runtime::runner::Shared,
};

/// Something for the keeper to do.
pub enum Message {
    /// Something in the plugin folder has changed.
    Changed,
    /// Call this.
    Do(Box<dyn FnOnce(&mut Keeper) + Send>),
    /// End the thread.
    Stop,
}

/// See the module's documentation.
pub struct Keeper {
    shared: Arc<Shared>,
    loader: Loader,
    fixed: Fixed,
    watched: Vec<Watched>,
}

impl Keeper {
    /// Looks after `watched`, whose versions run, in a host with this `fixed` config.
    #[must_use]
    pub fn new(shared: Arc<Shared>, loader: Loader, fixed: Fixed, watched: Vec<Watched>) -> Self {
        Self {
            shared,
            loader,
            fixed,
            watched,
        }
    }

    /// Runs until it is stopped.
    pub fn run(mut self, messages: &Receiver<Message>) {
        let mut schedule = Schedule::looked(Instant::now());
        loop {
            match messages.recv_timeout(schedule.wait(Instant::now())) {
                Ok(Message::Changed) => schedule.change(Instant::now()),
                Ok(Message::Do(work)) => work(&mut self),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    schedule = Schedule::looked(Instant::now());
                }
            }
        }
    }

    /// Looks at every file once, and reloads what has changed.
    fn look(&mut self) {
        for watched in &mut self.watched {
            reload::look(&self.shared, &self.loader, watched);
        }
    }

    /// Lets the present file of extension `name` take over; `None` if there is no such extension.
    pub fn reload(&mut self, name: &str) -> Option<Result<Outcome, String>> {
        let watched = self.watched.iter().find(|of| of.slot.name == name)?;
        Some(reload::reload(&self.shared, &self.loader, watched))
    }

    /// Lets the present file of every extension take over.
    pub fn reload_all(&mut self) -> Vec<Attempt> {
        let reload = |watched: &Watched| Attempt {
            name: watched.slot.name.clone(),
            outcome: reload::reload(&self.shared, &self.loader, watched),
        };
        self.watched.iter().map(reload).collect()
    }

    /// Lets `config` take the place of the present one.
    ///
    /// # Errors
    ///
    /// The text says why nothing was changed.
    pub fn apply(&mut self, config: &Config) -> Result<Vec<Attempt>, String> {
        let watched = &mut self.watched;
        reconfigure::apply(&self.shared, &self.loader, &self.fixed, watched, config)
    }

    /// Runs the plugin of `file` beside extension `name`; `None` if there is no such extension.
    pub fn shadow(&mut self, name: &str, file: &Path) -> Option<Result<(), String>> {
        let watched = self.watched.iter().find(|of| of.slot.name == name)?;
        Some(shadowing::begin(&self.loader, watched, file))
    }

    /// Lets what runs beside extension `name` take over; `None` if there is no such extension.
    pub fn promote(&mut self, name: &str) -> Option<Result<Outcome, String>> {
        let watched = self.watched.iter_mut().find(|of| of.slot.name == name)?;
        Some(shadowing::promote(&self.shared, &self.loader, watched))
    }

    /// Ends what runs beside extension `name`; `None` if there is no such extension.
    pub fn discard(&mut self, name: &str) -> Option<Result<(), String>> {
        let watched = self.watched.iter().find(|of| of.slot.name == name)?;
        let ended = shadowing::discard(watched);
        Some(
            ended
                .then_some(())
                .ok_or_else(|| shadowing::nothing(watched)),
        )
    }
}

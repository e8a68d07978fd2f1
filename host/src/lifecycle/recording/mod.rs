//! Switches the recording on and off, and writes it: what goes into extensions goes into a file ([`tig_recording`]).

mod file;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tig_recording::series::Head;
use tracing::{error, info};

pub(crate) use self::file::RecordingFile;
use crate::config::{Config, RecordSettings};
use crate::error::HostError;
use crate::runtime::shared::Shared;
use crate::secrets::Secrets;

/// What is recorded is in the file after this time at the latest.
const WRITE_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Present {
    settings: Option<RecordSettings>,
    file: Option<RecordingFile>,
}

/// The recording of a host.
pub(crate) struct Recording {
    shared: Arc<Shared>,
    /// Files with secrets that the config does not name.
    secret_files: Vec<PathBuf>,
    present: Mutex<Present>,
    is_stopped: AtomicBool,
}

impl Recording {
    /// The recording of a host that does not record yet. `secret_files` hold secrets that the config does not name.
    #[must_use]
    pub(crate) fn new(shared: &Arc<Shared>, secret_files: Vec<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            secret_files,
            present: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        })
    }

    /// Records as `config` says.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or secrets could not be left out; then nothing is recorded.
    pub(crate) fn apply(&self, config: &Config) -> Result<(), HostError> {
        let mut present = self.lock();
        if present.settings == config.record && present.file.is_some() == config.record.is_some() {
            return Ok(());
        }
        self.end(&mut present, "the config has switched it off");
        present.settings.clone_from(&config.record);
        let Some(settings) = &config.record else {
            self.shared.services.recorder.forget_end();
            return Ok(());
        };
        let secrets = Secrets::collect(&config.path, self.secret_files.iter().cloned());
        let mask = secrets.with(config.api_key.reveal()).mask()?;
        let clock = &self.shared.services.clock;
        let head = Head {
            host_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_ms: clock.now_ms(),
            identity: config.identity.clone(),
            run: clock.now_us(),
            part: 0,
        };
        let recorder = &self.shared.services.recorder;
        let begun = RecordingFile::begin(recorder, settings, head, mask);
        present.file = Some(begun.map_err(|source| HostError::Recording {
            path: settings.file.clone(),
            source,
        })?);
        info!(file = %settings.file.display(), "recording");
        Ok(())
    }

    /// Writes what waits, until [`Recording::stop`].
    pub(crate) fn run(&self) {
        let services = &self.shared.services;
        while !self.is_stopped.load(Ordering::Acquire) {
            services.recorder.wait(WRITE_INTERVAL);
            let mut present = self.lock();
            let Some(file) = &mut present.file else {
                continue;
            };
            let written = file.write_waiting(services.clock.now_ms());
            if let Err(error) = written {
                services.recorder.fail(error.to_string());
            }
            if let Some(reason) = services.recorder.ended() {
                self.end(&mut present, &reason);
            }
        }
    }

    /// Ends the recording with what waits; the thread of [`Recording::run`] ends.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.end(&mut self.lock(), "the host has stopped");
        self.shared.services.recorder.notify();
    }

    fn end(&self, present: &mut Present, reason: &str) {
        let Some(file) = present.file.take() else {
            return;
        };
        let now_ms = self.shared.services.clock.now_ms();
        if let Err(error) = file.end(now_ms, reason) {
            error!("the end of the recording is lost: {error}");
        }
    }

    /// No code panics while it holds the lock, so the recording is still whole.
    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

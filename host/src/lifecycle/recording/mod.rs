//! Switches the recording on and off, and writes it: what goes into extensions goes into a file ([`tig_recording`]).

mod file;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tig_recording::MaskError;
use tig_recording::series::Head;
use tracing::{error, info};

pub(crate) use self::file::RecordingFile;
use crate::config::{Config, RecordSettings};
use crate::error::HostError;
use crate::runtime::shared::Shared;
use crate::secrets::Secrets;

/// What is recorded is in the file after this time at the latest.
const WRITE_INTERVAL: Duration = Duration::from_millis(500);
/// The thread that writes waits no longer than this for a recording to begin, which ends its wait.
const IDLE_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Present {
    settings: Option<RecordSettings>,
    file: Option<RecordingFile>,
    /// All that the recording has met: one that is replaced may still be used.
    secrets: Secrets,
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
        if config.record.is_some() {
            self.learn(&mut present, config)?;
        }
        if present.settings == config.record && present.file.is_some() == config.record.is_some() {
            return Ok(());
        }
        self.end(&mut present, "the config has switched it off");
        present.settings.clone_from(&config.record);
        let Some(settings) = &config.record else {
            self.shared.services.recorder.forget_end();
            return Ok(());
        };
        let mask = Arc::new(present.secrets.mask()?);
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

    /// Covers the secrets of a `config` that is about to be applied. Ends the recording if they could not be left out.
    pub(crate) fn learn_secrets(&self, config: &Config) {
        let mut present = self.lock();
        if present.file.is_some()
            && let Err(error) = self.learn(&mut present, config)
        {
            let reason = HostError::from(error).to_string();
            self.shared.services.recorder.fail_to_begin(reason);
        }
    }

    /// Has the present recording cover the secrets of `config` too, or ends it.
    fn learn(&self, present: &mut Present, config: &Config) -> Result<(), MaskError> {
        let secrets = Secrets::collect(&config.path, self.secret_files.iter().cloned());
        if !present.secrets.merge(secrets.with(config.api_key.reveal())) {
            return Ok(());
        }
        match present.secrets.mask() {
            Ok(mask) => {
                if let Some(file) = &mut present.file {
                    file.set_mask(Arc::new(mask));
                }
                Ok(())
            }
            Err(error) => {
                self.end(present, "secrets could not be left out");
                present.secrets = Secrets::default();
                Err(error)
            }
        }
    }

    /// Writes what waits, until [`Recording::stop`].
    pub(crate) fn run(&self) {
        while !self.is_stopped.load(Ordering::Acquire) {
            let recorder = &self.shared.services.recorder;
            recorder.wait(match recorder.generation() {
                Some(_) => WRITE_INTERVAL,
                None => IDLE_INTERVAL,
            });
            self.write_waiting();
        }
    }

    /// Writes what waits. A recording that cannot go on ends.
    pub(crate) fn write_waiting(&self) {
        let services = &self.shared.services;
        let mut present = self.lock();
        let Some(file) = &mut present.file else {
            return;
        };
        let written = file.write_waiting(services.clock.now_ms());
        if let Err(error) = written {
            services.recorder.fail(error.to_string());
        }
        if let Some(reason) = services.recorder.ended() {
            self.end(&mut present, &reason);
        }
    }

    /// The file that the config wants.
    #[must_use]
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let present = self.lock();
        let settings = present.settings.as_ref();
        settings.map(|settings| settings.file.clone())
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

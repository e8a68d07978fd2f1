//! A config that is read again, and requests that wait for the supervisor.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::mpsc::Receiver;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::*;
use crate::config::Overrides;
use crate::http::client::HttpClient;
use crate::http::ws::client::WsClient;
use crate::lifecycle::reconfigure::FixedConfig;
use crate::lifecycle::recording::Recording;
use crate::lifecycle::supervisor::Supervisor;
use crate::lifecycle::watch::FolderWatch;
use crate::plugin::{Loader, fixture};
use crate::runtime::clock::Clock;
use crate::store::Store;

/// A host that runs nothing yet, and whose supervisor has not begun to work.
pub(super) struct Idle {
    pub(super) control: Control,
    pub(super) messages: Receiver<Message>,
    supervisor: Supervisor,
    listener_settings: Arc<ListenerSettings>,
    folder: TempDir,
}

impl Idle {
    /// Call it in a runtime.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(
            fixture::path("counter"),
            folder.path().join("libcounter.so"),
        )
        .unwrap();
        let path = write_config(&folder, &config_with_access(json!({})));
        let config = Config::load(&path, Overrides::default()).unwrap();
        let shared = Shared::offline(Store::in_memory().unwrap());
        let (sender, messages) = mpsc::channel();
        let sockets = WsClient::start(Handle::current(), &config.trust, Clock::start());
        let clients = (HttpClient::recording(), sockets.unwrap());
        let listener_settings = Arc::new(ListenerSettings::new(&config, clients));
        let history = Arc::new(History::off());
        let metrics = Metrics::new(
            Arc::clone(&shared),
            HttpClient::recording(),
            folder.path().join("store"),
            Arc::clone(&history),
        );
        let control = Control::new(Parts {
            shared: Arc::clone(&shared),
            supervisor: sender,
            drain: Drain::new(Arc::clone(&shared)),
            listener_settings: Arc::clone(&listener_settings),
            history,
            metrics: Arc::new(metrics),
            address: config.listen,
        });
        let loader = Loader::new(folder.path().to_owned(), None);
        let supervisor = Supervisor {
            recording: Recording::new(&shared, Vec::new()),
            fixed: FixedConfig::from_config(&config),
            config_file: (path, Overrides::default()),
            listener_settings: Arc::clone(&listener_settings),
            folder: FolderWatch::open(folder.path(), loader.writers(), || {}),
            watched: Vec::new(),
            loader,
            shared,
        };
        Self {
            control,
            messages,
            supervisor,
            listener_settings,
            folder,
        }
    }

    /// Serves what waits; returns the settings of the listener.
    fn serve(self) -> Arc<ListenerSettings> {
        let sender = self.control.0.parts.supervisor.clone();
        sender.send(Message::Stop).unwrap();
        self.supervisor.run(&self.messages);
        self.listener_settings
    }
}

fn write_config(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("config.json");
    fs::write(&path, text).unwrap();
    path
}

fn config_with_access(access: Value) -> String {
    let config = json!({
        "extensions": ["counter"],
        "identity": { "account": "ours", "api_url": "http://127.0.0.1:1" },
        "plugin_folder": ".",
        "access": access,
    });
    config.to_string()
}

fn admits(settings: &ListenerSettings, address: Ipv4Addr) -> bool {
    let access = settings.access().borrow().clone();
    access.check(IpAddr::V4(address), "/", None).is_ok()
}

#[tokio::test]
async fn late_config_is_applied_to_the_listener_too() {
    let idle = Idle::new();
    let stranger = Ipv4Addr::new(192, 0, 2, 1);
    assert!(admits(&idle.listener_settings, stranger));
    let access = json!({ "allow": ["127.0.0.0/8"] });
    write_config(&idle.folder, &config_with_access(access));
    let given_up = tokio::time::timeout(Duration::ZERO, idle.control.reload_config()).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let shared = Arc::clone(&idle.supervisor.shared);
    let settings = idle.serve();
    assert_eq!(shared.rejected_config.get(), None);
    assert!(!admits(&settings, stranger));
    assert!(admits(&settings, Ipv4Addr::LOCALHOST));
}

#[tokio::test]
async fn waiting_reload_applies_the_file_as_it_is_now() {
    let idle = Idle::new();
    write_config(&idle.folder, "{");
    let given_up = tokio::time::timeout(Duration::ZERO, idle.control.reload_config()).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let access = json!({ "allow": ["10.0.0.0/8"] });
    write_config(&idle.folder, &config_with_access(access));
    let shared = Arc::clone(&idle.supervisor.shared);
    let settings = idle.serve();
    assert_eq!(shared.rejected_config.get(), None);
    assert!(!admits(&settings, Ipv4Addr::LOCALHOST));
}

#[tokio::test]
async fn unreadable_config_changes_nothing_and_is_reported() {
    let idle = Idle::new();
    write_config(&idle.folder, "{");
    let shared = Arc::clone(&idle.supervisor.shared);
    let control = idle.control.clone();
    let mut reloading = pin!(control.reload_config());
    let waits = tokio::time::timeout(Duration::ZERO, &mut reloading).await;
    assert!(waits.is_err(), "{waits:?}");
    let settings = idle.serve();
    let rejected = reloading.await.unwrap_err();
    assert!(matches!(rejected, ControlError::Config(_)), "{rejected}");
    assert!(shared.rejected_config.get().is_some());
    assert!(admits(&settings, Ipv4Addr::LOCALHOST));
}

#[tokio::test]
async fn too_many_waiting_requests_are_refused() {
    let idle = Idle::new();
    for _ in 0..REQUESTS_COUNT_MAX {
        let waits = tokio::time::timeout(Duration::ZERO, idle.control.reload("x")).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    let refused = idle.control.reload("x").await.unwrap_err();
    assert!(matches!(refused, ControlError::Busy), "{refused}");
    drop(idle.messages.recv().unwrap());
    let waits = tokio::time::timeout(Duration::ZERO, idle.control.reload("x")).await;
    assert!(waits.is_err(), "{waits:?}");
}

#[tokio::test]
async fn edit_that_meets_a_full_queue_is_applied() {
    let idle = Idle::new();
    for _ in 0..REQUESTS_COUNT_MAX {
        let waits = tokio::time::timeout(Duration::ZERO, idle.control.reload("x")).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    let access = json!({ "allow": ["10.0.0.0/8"] });
    write_config(&idle.folder, &config_with_access(access));
    let control = idle.control.clone();
    let mut reading = pin!(control.reload_config_logged());
    let waits = tokio::time::timeout(Duration::ZERO, &mut reading).await;
    assert!(waits.is_err(), "given up");
    // A further one leaves it to the one that waits.
    control.reload_config_logged().await;
    drop(idle.messages.recv().unwrap());
    let waits = tokio::time::timeout(Duration::ZERO, &mut reading).await;
    assert!(waits.is_err(), "not served yet");
    let settings = idle.serve();
    assert!(!admits(&settings, Ipv4Addr::LOCALHOST));
}

#[tokio::test]
async fn missing_reply_is_late_or_the_end_of_the_host() {
    let (_reply, answer) = oneshot::channel::<()>();
    let late = receive(answer, Duration::ZERO).await.unwrap_err();
    assert!(matches!(late, ControlError::Late), "{late}");
    let (_, answer) = oneshot::channel::<()>();
    let stopping = receive(answer, CONTROL_TIMEOUT).await.unwrap_err();
    assert!(matches!(stopping, ControlError::Stopping), "{stopping}");
}

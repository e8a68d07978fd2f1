//! A shadow of an extension: another version that handles the same items on its own thread, to be compared with the
//! running version.
//!
//! Invariant: the running version never waits for its shadow. A shadow that panics, cannot keep up or never returns is
//! only ended.

pub(crate) mod compare;
pub(crate) mod host;
pub(crate) mod values;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{RResult, RSlice, RStr};
use tig_plugin_api::abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox, question};
use tig_plugin_api::{HttpReply, frame};
use tracing::info;

use self::compare::{Record, difference};
use self::host::{ShadowCall, ShadowStore, WRITTEN_BYTES_MAX};
use crate::observe::shadow_status::ShadowStatusHandle;
use crate::plugin::Plugin;
use crate::runtime::event::{HTTP_RESPONSE, TIMER, WS};
use crate::runtime::failure::ShadowStartError;
use crate::runtime::item::{Delivery, ItemCopy};
use crate::runtime::shared::Shared;
use crate::store::{View, Writes};

/// Stack of a shadow's thread: the default of other threads.
pub(crate) const SHADOW_STACK_BYTES: usize = 2 << 20;

/// Items that may wait for a shadow; one that cannot keep up is ended.
pub(crate) const SHADOW_ITEMS_MAX: usize = 10_000;

/// Why a shadow ends before it is promoted or discarded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShadowEnd {
    /// `new` or `restore` failed.
    #[error("it cannot start: {0}")]
    Start(String),
    /// It panicked.
    #[error("it panics: {0}")]
    Panicked(String),
    /// A request or its reply does not cross the plugin boundary.
    #[error("malformed request or reply: {0}")]
    Malformed(tig_plugin_api::Error),
    /// See [`SHADOW_ITEMS_MAX`].
    #[error("it cannot keep up: {SHADOW_ITEMS_MAX} items wait")]
    TooSlow,
    /// See [`WRITTEN_BYTES_MAX`].
    #[error("it has written more than {WRITTEN_BYTES_MAX} bytes")]
    TooMuchWritten,
    /// The version that it was compared with does not run any more.
    #[error("the running version was replaced")]
    Replaced,
}

/// An item that the running version has handled.
pub(crate) struct HandledItem {
    item: ItemCopy,
    running: Record,
    inputs: Vec<u64>,
}

/// The running version's end of a shadow.
pub(crate) struct ShadowFeed {
    sender: SyncSender<HandledItem>,
    status: ShadowStatusHandle,
}

impl ShadowFeed {
    /// Sends the shadow an item and what the running version did with it; `false` if the shadow has ended.
    #[must_use]
    pub(crate) fn send(&self, item: ItemCopy, running: Record, inputs: Vec<u64>) -> bool {
        let handled = HandledItem {
            item,
            running,
            inputs,
        };
        match self.sender.try_send(handled) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.status.end(&ShadowEnd::TooSlow);
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

impl ShadowFeed {
    /// Ends the shadow.
    pub(crate) fn end(self, reason: &ShadowEnd) {
        self.status.end(reason);
    }
}

/// What a shadow starts from.
pub(crate) struct ShadowStart {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// State of the running version.
    pub snapshot: Option<Vec<u8>>,
    /// The storage.
    pub view: View,
    /// Where the shadow counts its results.
    pub status: ShadowStatusHandle,
}

/// Starts a shadow of `extension` on its own thread, with a stack of `stack_bytes`.
///
/// # Errors
///
/// The operating system has no more threads.
pub(crate) fn start(
    shared: &Arc<Shared>,
    extension: &str,
    start: ShadowStart,
    stack_bytes: usize,
) -> Result<ShadowFeed, ShadowStartError> {
    let (sender, items) = sync_channel(SHADOW_ITEMS_MAX);
    let status = start.status.clone();
    let (work, name) = (Arc::clone(shared), extension.to_owned());
    let run = move || {
        let status = start.status.clone();
        if let Err(reason) = run(&work, &name, start, &items) {
            status.end(&reason);
        }
    };
    // A stopping host does not wait for this thread: a shadow has nothing to finish.
    std::thread::Builder::new()
        .name(format!("{extension} shadow"))
        .stack_size(stack_bytes)
        .spawn(run)
        .map_err(ShadowStartError::Thread)?;
    Ok(ShadowFeed { sender, status })
}

fn run(
    shared: &Shared,
    extension: &str,
    start: ShadowStart,
    items: &Receiver<HandledItem>,
) -> Result<(), ShadowEnd> {
    let ShadowStart {
        plugin,
        settings,
        snapshot,
        view,
        status,
    } = start;
    let mut store = ShadowStore {
        view,
        written: Writes::new(),
        bytes: 0,
        drawn: AtomicU64::new(0),
    };
    let create = |store: &mut ShadowStore, snapshot: Option<&[u8]>| {
        let mut call = ShadowCall::begin(shared, extension, store, VecDeque::new());
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut call), TD_Opaque);
        let created = plugin.create(host, &settings, snapshot);
        let instance = created.map_err(|failure| ShadowEnd::Start(failure.text.into_string()))?;
        let writes = call.record.writes;
        store.keep(writes);
        Ok::<_, ShadowEnd>(instance)
    };
    let mut instance = create(&mut store, snapshot.as_deref())?;
    info!(
        extension,
        version = plugin.manifest.version,
        "shadow started"
    );
    // The channel closes when the shadow is promoted or discarded.
    while let Ok(handled) = items.recv() {
        let inputs = handled.inputs.into();
        let call = ShadowCall::begin(shared, extension, &store, inputs);
        let record = handle_item(&mut instance, call, &handled.item)?;
        match difference(&handled.running, &record) {
            None => status.count_same(),
            Some(text) => status.count_different(format!("{}: {text}", handled.item.name())),
        }
        let running_restored = handled.running.restored;
        if !running_restored {
            store.keep(record.writes);
        }
        if running_restored || record.restored {
            // The transaction has failed for both, or the shadow's fields are ahead of its storage.
            instance = create(&mut store, None)?;
        }
        if store.bytes > WRITTEN_BYTES_MAX {
            return Err(ShadowEnd::TooMuchWritten);
        }
    }
    Ok(())
}

/// Calls the shadow; an error ends it.
fn handle_item(
    instance: &mut InstanceBox,
    mut call: ShadowCall<'_>,
    item: &ItemCopy,
) -> Result<Record, ShadowEnd> {
    let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut call), TD_Opaque);
    let event = |sequence, redelivered, name, payload| EventRef {
        sequence,
        redelivered,
        name: RStr::from_str(name),
        payload: RSlice::from_slice(payload),
    };
    let returned: Result<Option<HttpReply>, Failure> = match item {
        ItemCopy::Event(Delivery {
            event: sent,
            redelivered,
        }) => {
            let event = event(sent.sequence, *redelivered, &sent.name, &sent.payload);
            instance.on_event(host, event).map(|()| None).into_result()
        }
        ItemCopy::Response(response) => {
            let event = event(0, false, HTTP_RESPONSE, response);
            instance.on_event(host, event).map(|()| None).into_result()
        }
        ItemCopy::Timer(tag) => {
            let event = event(0, false, TIMER, tag.as_bytes());
            instance.on_event(host, event).map(|()| None).into_result()
        }
        ItemCopy::Socket(_, payload, _) => {
            let event = event(0, false, WS, payload);
            instance.on_event(host, event).map(|()| None).into_result()
        }
        ItemCopy::Command(call) => {
            let encoded = frame::encode(&call.head, &call.arguments);
            let encoded = encoded.map_err(ShadowEnd::Malformed)?;
            let question = RStr::from_str(question::COMMAND);
            let asked = instance.ask(host, question, RSlice::from_slice(&encoded));
            asked.map(|_| None).into_result()
        }
        ItemCopy::Request(request) => {
            match instance.on_request(host, RSlice::from_slice(request.encoded())) {
                RResult::ROk(reply) => Ok(Some(
                    HttpReply::decode(&reply).map_err(ShadowEnd::Malformed)?,
                )),
                RResult::RErr(failure) => Err(failure),
            }
        }
    };
    match returned {
        Ok(reply) => Ok(Record {
            reply,
            ..call.record
        }),
        Err(failure) if failure.panicked => Err(ShadowEnd::Panicked(failure.text.into_string())),
        Err(failure) => Ok(Record::failed(&failure.text, call.has_asked)),
    }
}

//! A candidate that runs beside an extension: it gets the same events, and what it would do is compared with what the
//! running version did.
//!
//! Invariant: the running version is never held up. A candidate that panics, cannot keep up or never returns is only ended.

pub(crate) mod compare;
pub(crate) mod host;

use std::{
    collections::VecDeque,
    sync::{
        Arc, PoisonError,
        atomic::AtomicU64,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use abi_stable::{
    sabi_trait::TD_Opaque,
    sabi_types::RMut,
    std_types::{RResult, RSlice, RStr},
};
use tig_plugin_api::{
    HttpReply, HttpRequest,
    abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox},
};
use tracing::{info, warn};

use self::{
    compare::{Record, difference},
    host::{Rehearsal, Stage, WRITTEN_BYTES_MAX},
};
use crate::{
    observe::status::{ShadowStatus, Standing},
    plugin::Plugin,
    runtime::{
        event::{Event, HTTP_RESPONSE},
        mailbox::Item,
        runner::Shared,
    },
    store::{View, Writes},
};

/// Items that may wait for a candidate; one that cannot keep up is ended.
pub(crate) const ITEMS_MAX: usize = 10_000;

/// Differences that are kept.
pub(crate) const DIFFERENCES_MAX: usize = 10;

/// One thing that the running version has handled.
pub(crate) struct Handled {
    item: Copied,
    running: Record,
    inputs: Vec<u64>,
}

/// An item without those who wait for it.
pub(crate) enum Copied {
    /// See [`Item::Event`].
    Event(Arc<Event>, bool),
    /// See [`Item::Response`].
    Response(Arc<[u8]>),
    /// See [`Item::Request`].
    Request(Box<HttpRequest>),
}

impl Copied {
    /// Copies `item`.
    #[must_use]
    pub(crate) fn of(item: &Item) -> Self {
        match item {
            Item::Event(delivery) => Self::Event(Arc::clone(&delivery.event), delivery.redelivered),
            Item::Response(response) => Self::Response(Arc::clone(response)),
            Item::Request(request, _) => Self::Request(request.clone()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Event(event, _) => format!("{} (event {})", event.name, event.sequence),
            Self::Response(_) => HTTP_RESPONSE.to_owned(),
            Self::Request(request) => format!("{} {}", request.method, request.path),
        }
    }
}

/// The running version's end of a shadow.
pub(crate) struct Feed {
    sender: SyncSender<Handled>,
    standing: Standing,
}

impl Feed {
    /// Tells the candidate what was handled, and how; `false` if it runs no more.
    #[must_use]
    pub(crate) fn tell(&self, item: Copied, running: Record, inputs: Vec<u64>) -> bool {
        let handled = Handled {
            item,
            running,
            inputs,
        };
        match self.sender.try_send(handled) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                end(
                    &self.standing,
                    format!("it cannot keep up: {ITEMS_MAX} items wait"),
                );
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Feed {
    /// Ends the candidate.
    pub(crate) fn end(self, reason: &str) {
        end(&self.standing, reason.to_owned());
    }
}

/// What a candidate begins with.
pub(crate) struct Candidate {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// What the running version would hand over to it.
    pub snapshot: Option<Vec<u8>>,
    /// What is stored.
    pub view: View,
    /// Where its standing is told.
    pub standing: Standing,
}

/// Starts `candidate` beside `extension`, on a thread of its own.
///
/// # Errors
///
/// The system has no more threads.
pub(crate) fn start(
    shared: &Arc<Shared>,
    extension: &str,
    candidate: Candidate,
) -> Result<Feed, std::io::Error> {
    let (sender, items) = sync_channel(ITEMS_MAX);
    let standing = Arc::clone(&candidate.standing);
    let (work, name) = (Arc::clone(shared), extension.to_owned());
    let run = move || {
        let standing = Arc::clone(&candidate.standing);
        if let Err(reason) = run(&work, &name, candidate, &items) {
            end(&standing, reason);
        }
    };
    // Not among the threads that a stopping host waits for: a shadow has nothing to finish.
    std::thread::Builder::new()
        .name(format!("{extension} shadow"))
        .spawn(run)?;
    Ok(Feed { sender, standing })
}

/// No code panics while it holds the lock.
fn lock(standing: &Standing) -> std::sync::MutexGuard<'_, ShadowStatus> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(standing: &Standing, reason: String) {
    let mut standing = lock(standing);
    warn!(version = standing.version, "shadow ended: {reason}");
    standing.ended.get_or_insert(reason);
}

fn run(
    shared: &Shared,
    extension: &str,
    candidate: Candidate,
    items: &Receiver<Handled>,
) -> Result<(), String> {
    let Candidate {
        plugin,
        settings,
        snapshot,
        view,
        standing,
    } = candidate;
    let mut stage = Stage {
        view,
        written: Writes::new(),
        bytes: 0,
        drawn: AtomicU64::new(0),
    };
    let create = |stage: &mut Stage, snapshot: Option<&[u8]>| {
        let mut rehearsal = Rehearsal::begin(shared, extension, stage, VecDeque::new());
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut rehearsal), TD_Opaque);
        let created = plugin.create(host, &settings, snapshot);
        let instance = created.map_err(|failure| format!("it cannot start: {}", failure.text))?;
        let writes = rehearsal.record.writes;
        stage.keep(writes);
        Ok::<_, String>(instance)
    };
    let mut instance = create(&mut stage, snapshot.as_deref())?;
    info!(
        extension,
        version = plugin.manifest.version,
        "shadow started"
    );
    // The channel is closed when the shadow is promoted or discarded.
    while let Ok(handled) = items.recv() {
        let inputs = handled.inputs.into();
        let rehearsal = Rehearsal::begin(shared, extension, &stage, inputs);
        let record = rehearse(&mut instance, rehearsal, &handled.item)?;
        tell(
            &standing,
            &handled.item,
            difference(&handled.running, &record),
        );
        let running_restored = handled.running.restored;
        if !running_restored {
            stage.keep(record.writes);
        }
        if running_restored || record.restored {
            // The transaction has failed for both, or has left the candidate's fields ahead of what it has stored.
            instance = create(&mut stage, None)?;
        }
        if stage.bytes > WRITTEN_BYTES_MAX {
            return Err(format!(
                "it has written more than {WRITTEN_BYTES_MAX} bytes"
            ));
        }
    }
    Ok(())
}

fn tell(standing: &Standing, item: &Copied, difference: Option<String>) {
    let mut standing = lock(standing);
    let Some(difference) = difference else {
        standing.same += 1;
        return;
    };
    standing.different += 1;
    if standing.differences.len() >= DIFFERENCES_MAX {
        standing.differences.pop_front();
    }
    let told = format!("{}: {difference}", item.name());
    standing.differences.push_back(told);
}

/// Calls the candidate; an error ends it.
fn rehearse(
    instance: &mut InstanceBox,
    mut rehearsal: Rehearsal<'_>,
    item: &Copied,
) -> Result<Record, String> {
    let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut rehearsal), TD_Opaque);
    let event = |sequence, redelivered, name, payload| EventRef {
        sequence,
        redelivered,
        name: RStr::from_str(name),
        payload: RSlice::from_slice(payload),
    };
    let malformed = |error: tig_plugin_api::Error| error.to_string();
    let returned: Result<Option<HttpReply>, Failure> = match item {
        Copied::Event(of, redelivered) => {
            let event = event(of.sequence, *redelivered, &of.name, &of.payload);
            instance.on_event(host, event).map(|()| None).into_result()
        }
        Copied::Response(response) => {
            let event = event(0, false, HTTP_RESPONSE, response);
            instance.on_event(host, event).map(|()| None).into_result()
        }
        Copied::Request(request) => {
            let encoded = request.encode().map_err(malformed)?;
            match instance.on_request(host, RSlice::from_slice(&encoded)) {
                RResult::ROk(reply) => Ok(Some(HttpReply::decode(&reply).map_err(malformed)?)),
                RResult::RErr(failure) => Err(failure),
            }
        }
    };
    match returned {
        Ok(reply) => Ok(Record {
            reply,
            ..rehearsal.record
        }),
        Err(failure) if failure.panicked => Err(format!("it panics: {}", failure.text)),
        Err(failure) => Ok(Record::failed(&failure.text, rehearsal.has_asked)),
    }
}

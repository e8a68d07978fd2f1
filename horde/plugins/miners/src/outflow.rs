//! How much is given to the host to be sent, so that it refuses nothing: a refusal would cost the whole batch.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::job::JobId;

/// Bytes of frames that one handler sends; the rest follows at once, in the next. The host takes 256 MiB of effects.
const HANDLER_BYTES_MAX: usize = match cfg!(test) {
    true => 4 << 20,
    false => 192 << 20,
};
/// Bytes of frames that wait to be sent on one connection; the rest follows as they go out. The host takes 128 MiB.
const LINK_BYTES_MAX: usize = match cfg!(test) {
    true => 1 << 20,
    false => 64 << 20,
};

/// Why a frame is not sent now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    /// The handler has sent enough.
    Handler,
    /// The miner does not read as fast as is sent to it.
    Link,
}

/// What was given to the host.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Outflow {
    /// Bytes of the running handler.
    #[serde(skip)]
    sent: usize,
    /// Jobs whose frames wait for room.
    pub(crate) backlog: BTreeSet<JobId>,
}

impl Outflow {
    /// A handler begins.
    pub(crate) fn begin_handler(&mut self) {
        self.sent = 0;
    }

    /// Whether a frame can be sent on a connection for which so many bytes wait. A frame that is alone always can.
    pub(crate) fn check(&self, bytes: usize, waiting: usize) -> Result<(), Full> {
        if waiting > 0 && waiting + bytes > LINK_BYTES_MAX {
            Err(Full::Link)
        } else if self.sent > 0 && self.sent + bytes > HANDLER_BYTES_MAX {
            Err(Full::Handler)
        } else {
            Ok(())
        }
    }

    /// A frame was sent.
    pub(crate) fn add(&mut self, job: JobId, bytes: usize) {
        self.sent += bytes;
        self.backlog.remove(&job);
    }
}

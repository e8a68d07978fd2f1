//! Requests of slaves that wait for an answer, as the master's listener has them.

use tig_host::testing::{RouteReply, RouteResult};
use tig_plugin_api::HttpRequest;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::oneshot::{self};

use crate::master::Master;

/// What has become of a request.
#[derive(Debug, Eq, PartialEq)]
pub enum Reply {
    /// Nothing yet.
    Nothing,
    /// The answer is being held; the poll ends at this moment.
    Held(u64),
    /// Status and body; no status if the master is gone.
    Answer(Option<u16>, Vec<u8>),
}

/// A request that waits.
pub struct Asked {
    /// Which slave asks.
    pub slave: usize,
    /// In which of its lives.
    pub life: u64,
    /// Its number among all requests.
    pub number: u64,
    request: HttpRequest,
    state: State,
    until_ms: Option<u64>,
}

enum State {
    Asking(oneshot::Receiver<RouteResult>),
    Held(Box<RouteReply>),
    Gone,
}

impl Asked {
    /// Puts a request to the master.
    #[must_use]
    pub fn new(
        number: u64,
        (slave, life): (usize, u64),
        request: HttpRequest,
        master: &Master<'_>,
    ) -> Self {
        Self {
            slave,
            life,
            number,
            state: ask(&request, master),
            request,
            until_ms: None,
        }
    }

    /// Whether the master holds its answer back.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Held(_))
    }

    /// Looks whether there is an answer.
    pub fn look(&mut self, now_ms: u64, master: &Master<'_>) -> Reply {
        match &mut self.state {
            State::Gone => Reply::Answer(None, Vec::new()),
            State::Asking(receiver) => match receiver.try_recv() {
                Err(TryRecvError::Empty) => Reply::Nothing,
                Err(TryRecvError::Closed) => Reply::Answer(None, Vec::new()),
                Ok(Err(_)) => Reply::Answer(Some(500), Vec::new()),
                Ok(Ok(answered)) => self.answered(answered, now_ms),
            },
            State::Held(answered) => {
                let woken = answered.woken.as_mut().map(oneshot::Receiver::try_recv);
                match woken {
                    Some(Ok(())) => {
                        self.state = ask(&self.request, master);
                        Reply::Nothing
                    }
                    Some(Err(TryRecvError::Empty)) if self.until_ms > Some(now_ms) => {
                        Reply::Nothing
                    }
                    Some(Err(TryRecvError::Closed)) => Reply::Answer(None, Vec::new()),
                    _ => Reply::Answer(
                        Some(answered.reply.status),
                        std::mem::take(&mut answered.reply.body),
                    ),
                }
            }
        }
    }

    fn answered(&mut self, answered: RouteReply, now_ms: u64) -> Reply {
        let hold_ms = answered.reply.hold_ms.unwrap_or_default();
        let until_ms = *self.until_ms.get_or_insert(now_ms + hold_ms);
        if answered.woken.is_some() && until_ms > now_ms {
            self.state = State::Held(Box::new(answered));
            return Reply::Held(until_ms);
        }
        Reply::Answer(Some(answered.reply.status), answered.reply.body)
    }
}

fn ask(request: &HttpRequest, master: &Master<'_>) -> State {
    match master.ask(request.clone()) {
        Some(receiver) => State::Asking(receiver),
        None => State::Gone,
    }
}

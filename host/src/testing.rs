//! What simulations, measurements and tests of the host need besides its ordinary surface: parts that they drive by hand,
//! and the bounds that they go up to.

pub use crate::{
    config::Rates,
    http::{
        client::Sent,
        rate_limit::{Go, RateLimiter, Refusal, Ticket},
    },
    lifecycle::drain::DRAIN,
    plugin::{Candidate, Loader, Plugin},
    runtime::{
        bus::Full,
        event::UPDATE,
        item::{RouteError, RouteReply, RouteResult},
        mailbox::EVENTS_MAX,
        outbound::QueuedCall,
        probation::FAILURES_MAX,
        runner::RESTARTS_MAX,
    },
    stepped::load,
};

//! What simulations, measurements and tests need beyond the facade: parts that they drive by hand, and bounds that they
//! approach.

pub use crate::{
    config::Rates,
    http::{
        client::Sent,
        rate_limit::{Go, RateLimiter, Refusal, Ticket},
    },
    lifecycle::drain::DRAIN,
    plugin::{Loader, Plugin, PluginFile},
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

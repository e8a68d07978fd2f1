//! What simulations, measurements and tests need beyond the facade: parts that they drive by hand, and bounds that they
//! approach.

pub use crate::{
    config::{ConfigError, Rates},
    http::{
        client::Sent,
        rate_limit::{Go, RateLimiter, Refusal, Ticket},
    },
    lifecycle::{
        drain::DRAIN,
        reconfigure::{AddError, ReconfigureError},
        reload::ReloadError,
        shadowing::ShadowError,
    },
    plugin::{FileFault, Loader, Plugin, PluginFile},
    runtime::{
        bus::Full,
        event::UPDATE,
        failure::{ShadowStartError, SwitchError},
        item::{RouteError, RouteReply, RouteResult},
        mailbox::EVENTS_MAX,
        outbound::QueuedCall,
        probation::FAILURES_MAX,
        runner::RESTARTS_MAX,
    },
    stepped::load,
};

//! What simulations, measurements and tests need beyond the facade: parts that they drive by hand, and bounds that they
//! approach.

pub use crate::config::{ConfigError, RateTable};
pub use crate::http::client::Sent;
pub use crate::http::rate_limit::{Go, RateLimiter, Refusal, Ticket};
pub use crate::http::ws::recorded::AskedOfSocket;
pub use crate::keys::KeyError;
pub use crate::lifecycle::drain::DRAIN;
pub use crate::lifecycle::reconfigure::{AddError, ReconfigureError};
pub use crate::lifecycle::reload::ReloadError;
pub use crate::lifecycle::shadowing::ShadowError;
pub use crate::plugin::{FileFault, Loader, Plugin, PluginFile};
pub use crate::runtime::bus::Full;
pub use crate::runtime::commands::CommandReport;
pub use crate::runtime::event::UPDATE;
pub use crate::runtime::failure::{ShadowStartError, SwitchError};
pub use crate::runtime::item::{RouteError, RouteReply, RouteResult, StartError};
pub use crate::runtime::mailbox::EVENTS_MAX;
pub use crate::runtime::outbound::QueuedCall;
pub use crate::runtime::probation::FAILURES_MAX;
pub use crate::runtime::runner::RESTARTS_MAX;
pub use crate::runtime::sockets::{Frame, SocketAction};
pub use crate::stepped::{Called, load};

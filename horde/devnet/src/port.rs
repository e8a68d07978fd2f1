//! What a port does before anybody is served there.

/// The state of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// It is served.
    Http,
    /// Connections are refused.
    Closed,
    /// Takes connections and answers as a TLS server does to what is not TLS.
    Tls,
    /// Takes connections and says nothing.
    Mute,
}

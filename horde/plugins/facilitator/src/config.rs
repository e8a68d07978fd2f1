//! Config section `horde_facilitator`.

use std::net::IpAddr;

use horde_extension::Section;
use horde_proto::facilitator::FACILITATOR_FRAME_BYTES_MAX;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Longest time that a config may give for anything, in milliseconds.
const WAIT_MS_MAX: u64 = 3_600_000;
/// Shortest frame that a config may ask for, in bytes: a request with some arguments has as many.
const FRAME_BYTES_MIN: u64 = 4_096;
/// Longest frame that a config may allow, in bytes.
const FRAME_BYTES_MAX: u64 = 16 << 20;

/// The connection to the facilitator.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey.
    pub(crate) key: String,
    /// The facilitator's websocket.
    pub(crate) uri: String,
    /// Connect by `ws://` to other machines, too. Who reads such a connection can pass for this validator for ever (weakness 31).
    pub(crate) allow_plain: bool,
    /// A frame of the facilitator that is longer ends the connection, in bytes.
    pub(crate) frame_bytes_max: u64,
    /// Time between pings, in milliseconds.
    pub(crate) ping_every_ms: u64,
    /// A connection on which the facilitator sends nothing for so long has ended, in milliseconds.
    pub(crate) silent_ms_max: u64,
    /// Time for a connection and its handshake, in milliseconds.
    pub(crate) connect_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "hotkey".to_owned(),
            uri: "wss://facilitator.computehorde.io/ws/v0/".to_owned(),
            allow_plain: false,
            frame_bytes_max: FACILITATOR_FRAME_BYTES_MAX as u64,
            ping_every_ms: 20_000,
            silent_ms_max: 60_000,
            connect_ms: 10_000,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_uri()?;
        let section = Section("horde_facilitator");
        let frame = self.frame_bytes_max;
        section.check("frame_bytes_max", frame, FRAME_BYTES_MIN..=FRAME_BYTES_MAX)?;
        section.check("ping_every_ms", self.ping_every_ms, 1..=WAIT_MS_MAX)?;
        section.check("connect_ms", self.connect_ms, 1..=WAIT_MS_MAX)?;
        // A facilitator that is alive answers a ping, and so is never silent for longer than from one ping to the next.
        let silent_min = self.ping_every_ms + 1;
        let silent = self.silent_ms_max;
        section.check("silent_ms_max", silent, silent_min..=2 * WAIT_MS_MAX)
    }

    /// The URI is shown to operators, so it must have no password; the authentication is a secret on the way.
    fn check_uri(&self) -> Result<()> {
        let (is_plain, rest) = match self.uri.split_once("://") {
            Some(("wss", rest)) => (false, rest),
            Some(("ws", rest)) => (true, rest),
            _ => bail!("config.horde_facilitator.uri: not a `wss://` or `ws://` URI"),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            bail!(
                "config.horde_facilitator.uri: needs a host, and must not have a user or password"
            );
        }
        if is_plain && !self.allow_plain && !is_loopback(authority) {
            bail!(
                "config.horde_facilitator.uri: `ws://` to another machine shows the validator's authentication, which is valid for \
                 ever, to the network; use `wss://`, or set `allow_plain`"
            );
        }
        Ok(())
    }
}

/// Whether host and port are those of this machine.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use tig_plugin_api::testing::check_example_config;

    use super::*;

    fn check_section(section: Value) -> Result<()> {
        Config::deserialize(section).unwrap().check()
    }

    fn fault(section: Value) -> String {
        check_section(section).unwrap_err().to_string()
    }

    #[test]
    fn default_config_is_valid() {
        Config::default().check().unwrap();
    }

    #[test]
    fn plain_uri_is_for_this_machine_only() {
        for uri in [
            "ws://127.0.0.1:9000/ws/v0/",
            "ws://localhost/",
            "ws://[::1]:9/",
        ] {
            check_section(json!({ "uri": uri })).unwrap();
        }
        let uri = "ws://facilitator.example/ws/v0/";
        let text = fault(json!({ "uri": uri }));
        assert!(text.contains("use `wss://`, or set `allow_plain`"));
        check_section(json!({ "uri": uri, "allow_plain": true })).unwrap();
        let disguised = fault(json!({ "uri": "ws://127.0.0.1.example/" }));
        assert!(disguised.contains("allow_plain"), "{disguised}");
    }

    #[test]
    fn uri_without_host_or_with_password_is_refused() {
        for uri in ["", "https://f/", "f"] {
            let text = fault(json!({ "uri": uri }));
            assert!(text.contains("not a `wss://`"), "{text}");
        }
        for uri in ["wss://", "wss:///ws", "wss://u:secret@f/"] {
            let text = fault(json!({ "uri": uri }));
            assert!(text.contains("needs a host"), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn value_out_of_bounds_is_named() {
        assert_eq!(
            fault(json!({ "connect_ms": 0 })),
            "config.horde_facilitator.connect_ms: 0 is not between 1 and 3600000"
        );
        let text = fault(json!({ "silent_ms_max": 20_000 }));
        assert!(text.contains("silent_ms_max: 20000 is not between 20001"));
        assert!(fault(json!({ "frame_bytes_max": 100 })).contains("frame_bytes_max"));
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "uri",
            "allow_plain",
            "frame_bytes_max",
            "ping_every_ms",
            "silent_ms_max",
            "connect_ms",
        ];
        check_example_config::<Config>(example, "horde_facilitator", &optional);
    }
}

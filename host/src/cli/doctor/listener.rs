//! The address that the host listens on, and who reaches it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use super::Finding;
use crate::config::Config;
use crate::error::listen_remedy;

/// Looks at port, access and TLS; `running` is the address of this config's running host.
pub(super) fn findings(config: &Config, running: Option<SocketAddr>) -> Vec<Finding> {
    let mut findings = vec![port(config.listen, running)];
    let is_far = !config.listen.ip().is_loopback();
    if is_far && config.tls.is_none() {
        let text = format!(
            "other machines reach {} without TLS: tokens and results cross the network in the clear",
            config.listen
        );
        let remedy =
            "set `tls.cert_file` and `tls.key_file`, or keep the network between to yourself";
        findings.push(Finding::warn("tls", text, remedy));
    }
    if is_far && !config.access.is_open() {
        findings.push(Finding::ok(
            "access",
            "other machines need a token, or an address that is allowed",
        ));
    }
    findings
}

fn port(address: SocketAddr, running: Option<SocketAddr>) -> Finding {
    let part = "port";
    let is_own = |running: &SocketAddr| running.port() == address.port() || address.port() == 0;
    if let Some(running) = running.filter(is_own) {
        return Finding::ok(part, format!("{running} is held by the running host"));
    }
    match TcpListener::bind(address) {
        Ok(_) if address.port() == 0 => {
            let text = format!("a free one is taken on {}", address.ip());
            Finding::ok(part, text)
        }
        Ok(_) => Finding::ok(part, format!("{address} is free")),
        Err(error) => Finding::fail(part, fault(address, &error), listen_remedy(&error)),
    }
}

fn fault(address: SocketAddr, error: &io::Error) -> String {
    format!("cannot listen on {address}: {error}")
}

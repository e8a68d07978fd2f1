//! The security of a config: secrets, access rules, TLS, and warnings about them.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use tig_http_client::Trust;
use tig_plugin_api::Secret;

use super::file::ConfigFile;
use super::tls::{ListenerTls, TlsFile};
use super::{Fault, keys, secret};
use crate::config::access::Access;
use crate::keys::Keys;

pub(super) struct Security {
    pub(super) api_key: Secret,
    pub(super) bind: IpAddr,
    pub(super) access: Access,
    pub(super) tls: Option<ListenerTls>,
    pub(super) trust: Trust,
    pub(super) keys: Keys,
    pub(super) warnings: Vec<Fault>,
}

impl Security {
    /// Reads the files that `file` names; `api_key` is from the command line, and `earlier` faults are reported with the others.
    ///
    /// # Errors
    ///
    /// All faults of the config, also those that have nothing to do with security.
    pub(super) fn read(
        file: &ConfigFile,
        folder: &Path,
        api_key: Option<Secret>,
        earlier: Vec<Fault>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = file.faults();
        faults.extend(earlier);
        let api_key = api_key.map_or_else(
            || {
                let (named, variable) = (file.api_key_file.as_ref(), file.api_key_env.as_ref());
                secret::api_key(named, variable, folder)
            },
            Ok,
        );
        let api_key = or_fault(api_key, &mut faults).unwrap_or_default();
        let metrics = file.metrics.networks(&mut faults);
        let operator = file.operator.read(folder, &mut faults);
        let access = file.access.read(folder, &mut faults).with_metrics(metrics);
        let access = access.with_operator(operator.as_ref());
        let tls = file.tls.as_ref().map(|tls| tls.listener(folder));
        let tls = or_fault(tls.transpose(), &mut faults).flatten().flatten();
        let keys = keys::read(&file.keys, &file.extensions, folder, &mut faults);
        let trust = or_fault(TlsFile::trust(file.tls.as_ref(), folder), &mut faults);
        // An invalid address is among the faults already.
        let bind = file.bind().ok().flatten();
        let bind = bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
        match trust {
            Some(trust) if faults.is_empty() => Ok(Self {
                api_key,
                bind,
                warnings: warnings(file, folder, bind, &access),
                access,
                tls,
                trust,
                keys,
            }),
            _ => Err(faults),
        }
    }
}

fn or_fault<T>(read: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

fn warnings(file: &ConfigFile, folder: &Path, bind: IpAddr, access: &Access) -> Vec<Fault> {
    let secrets = [
        ("api_key_file", file.api_key_file.as_ref()),
        ("operator.token_file", file.operator.token_file.as_ref()),
        ("access.token_file", file.access.token_file.as_ref()),
        (
            "tls.key_file",
            file.tls.as_ref().and_then(|tls| tls.key_file.as_ref()),
        ),
    ];
    let mut warnings: Vec<Fault> = secrets
        .into_iter()
        .filter_map(|(key, named)| secret::exposed(key, &folder.join(named?)))
        .collect();
    if !bind.is_loopback() && access.is_open() {
        let text = "whoever reaches this address may use the host: set `access.allow` or `access.token_file`";
        warnings.push(Fault::new("bind", text));
    }
    if !bind.is_loopback() && access.has_operator() && file.tls.is_none() {
        let text = "the operator's token crosses the network in the clear: set `tls`, or bind to loopback and use a tunnel";
        warnings.push(Fault::new("operator", text));
    }
    warnings
}

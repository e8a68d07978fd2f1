//! Log lines with fields, on hosts that know them and on older ones.

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use tig_plugin_api::abi::{Host, service};
use tig_plugin_api::frame::HostCall;
use tig_plugin_api::prelude::*;

/// Keeps the calls of log services, and knows those up to `latest`.
struct Logger {
    latest: u32,
    calls: Vec<(u32, String, Vec<u8>)>,
}

impl Host for Logger {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        if service > self.latest {
            return RResult::RErr("this host has no such service".into());
        }
        self.calls.push((service, name.into(), body.to_vec()));
        RResult::ROk(RVec::new())
    }
}

fn log(latest: u32) -> (u32, String, Vec<u8>) {
    let mut host = Logger {
        latest,
        calls: Vec::new(),
    };
    let settings: Settings = serde_json::from_str(r#"{"name":"x"}"#).expect("settings");
    let mut ctx = Context::new(&mut host, &settings);
    let reason: Option<&str> = None;
    ctx.warn_with(
        "batch released",
        &[("slave", &"s 1"), ("count", &3), ("reason", &reason)],
    );
    assert_eq!(host.calls.len(), 1);
    host.calls.remove(0)
}

#[test]
fn fields_cross_to_a_host_that_knows_them() {
    let (service, level, body) = log(service::LOG_FIELDS);
    assert_eq!((service, &*level), (service::LOG_FIELDS, "warn"));
    let call = HostCall::decode(service, &level, &body).unwrap();
    let HostCall::Log(_, line) = call else {
        panic!("{call:?}");
    };
    assert_eq!(line.message, "batch released");
    assert_eq!(
        line.fields,
        [
            ("slave".to_owned(), "s 1".into()),
            ("count".to_owned(), 3.into())
        ]
    );
}

#[test]
fn an_older_host_gets_fields_as_text() {
    let (service, level, body) = log(service::GAUGE);
    assert_eq!((service, &*level), (service::LOG, "warn"));
    assert_eq!(body, br#"batch released slave="s 1" count=3"#);
}

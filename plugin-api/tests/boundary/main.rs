//! An extension across the binary boundary and back, without a file: what `cargo miri test` can see of it.
//! A binary of its own: a file exports one extension.

#![cfg(test)]

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{ROption, RResult, RSlice, RStr, RString, RVec};
use tig_plugin_api::abi::{
    API_VERSION, EventRef, ExtensionModuleRef, Failure, Host, Host_TO, HostRef, InstanceBox,
    header, question, service,
};
use tig_plugin_api::prelude::*;
use tig_plugin_api::{HttpReply, HttpRequest, Settings};

/// Keeps what it is given, and panics on `fall`, in `snapshot` after it, and in its destructor.
struct Keeper {
    kept: Vec<String>,
}

#[extension(routes("GET /kept"))]
impl Keeper {
    fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
        let kept = ctx.get("kept")?.unwrap_or_default();
        Ok(Self { kept })
    }

    fn on_keep(&mut self, ctx: &mut Context<'_>, text: String) -> Result<()> {
        self.kept.push(text);
        ctx.put("kept", &self.kept)?;
        ctx.emit_json("kept", &self.kept)
    }

    fn on_fall(&mut self, _ctx: &mut Context<'_>) -> Result<()> {
        panic!("fallen with {} kept", self.kept.len());
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::json(200, &self.kept)
    }

    fn snapshot(&mut self) -> Result<Vec<String>> {
        Ok(self.kept.clone())
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, kept: Vec<String>) -> Result<()> {
        self.kept = kept;
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.kept.is_empty() {
            panic!("nothing was kept");
        }
    }
}

/// A host that keeps one value and counts events.
#[derive(Default)]
struct Memory {
    value: Option<Vec<u8>>,
    events: usize,
}

impl Host for Memory {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        match service {
            service::STORAGE_GET => {
                let framed = self.value.as_ref().map(|value| [&[1], &value[..]].concat());
                return RResult::ROk(framed.unwrap_or_default().into());
            }
            service::STORAGE_PUT => self.value = Some(body.to_vec()),
            service::EMIT => self.events += 1,
            unknown => {
                return RResult::RErr(format!("no service {unknown} for {name}").into());
            }
        }
        RResult::ROk(RVec::new())
    }
}

fn lend(memory: &mut Memory) -> HostRef<'_> {
    Host_TO::from_ptr(RMut::new(memory), TD_Opaque)
}

fn create(memory: &mut Memory, state: Option<&[u8]>) -> InstanceBox {
    let root = header::<Keeper>();
    let module = root.init_root_module::<ExtensionModuleRef>().unwrap();
    assert_eq!(module.api_version(), API_VERSION);
    let settings = serde_json::to_vec(&Settings::default()).unwrap();
    let state: ROption<RSlice<'_, u8>> = state.map(RSlice::from_slice).into();
    let created = module.create()(lend(memory), RSlice::from_slice(&settings), state);
    created.into_result().unwrap()
}

fn give(
    instance: &mut InstanceBox,
    memory: &mut Memory,
    name: &str,
    payload: &str,
) -> Result<(), Failure> {
    let event = EventRef {
        sequence: 1,
        redelivered: false,
        name: RStr::from_str(name),
        payload: RSlice::from_slice(payload.as_bytes()),
    };
    instance.on_event(lend(memory), event).into_result()
}

fn kept(instance: &mut InstanceBox, memory: &mut Memory) -> String {
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: "/kept".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        peer: String::new(),
        body: Vec::new(),
    };
    let request = request.encode().unwrap();
    let reply = instance.on_request(lend(memory), RSlice::from_slice(&request));
    let reply = HttpReply::decode(&reply.into_result().unwrap()).unwrap();
    String::from_utf8(reply.body).unwrap()
}

fn end(mut instance: InstanceBox, memory: &mut Memory) -> Result<(), Failure> {
    let asked = instance.ask(
        lend(memory),
        RStr::from_str(question::DROP),
        RSlice::from_slice(b""),
    );
    asked.into_result().map(drop)
}

#[test]
fn only_events_requests_state_and_panics_cross() {
    let mut memory = Memory::default();
    let mut instance = create(&mut memory, None);
    give(&mut instance, &mut memory, "keep", "\"one\"").unwrap();
    give(&mut instance, &mut memory, "unknown", "{}").unwrap();
    let failure = give(&mut instance, &mut memory, "keep", "7").unwrap_err();
    assert!(
        !failure.panicked && failure.text.contains("event `keep`"),
        "{failure:?}"
    );
    let failure = give(&mut instance, &mut memory, "fall", "{}").unwrap_err();
    assert!(
        failure.panicked && failure.text.contains("fallen with 1 kept"),
        "{failure:?}"
    );
    assert_eq!(kept(&mut instance, &mut memory), r#"["one"]"#);
    let state = instance
        .snapshot()
        .into_result()
        .unwrap()
        .into_option()
        .unwrap();
    end(instance, &mut memory).unwrap();

    let mut successor = create(&mut memory, Some(&state));
    assert_eq!(kept(&mut successor, &mut memory), r#"["one"]"#);
    assert_eq!(memory.events, 1);
    // Dropped without having been asked to run its destructor, as an earlier host does.
    drop(successor);
}

#[test]
fn a_destructor_panic_is_reported_and_contained() {
    let mut memory = Memory::default();
    let failure = end(create(&mut memory, None), &mut memory).unwrap_err();
    assert!(
        failure.panicked && failure.text.contains("nothing was kept"),
        "{failure:?}"
    );
    drop(create(&mut memory, None));
}

//! A host in memory: plugins from their files, one instance each, effects in lists.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::{Result, target_folder};
use tig_host::testing::{Loader, Plugin, PluginFile};
use tig_plugin_api::abi::{EventRef, Failure, Host, Host_TO, HostRef, InstanceBox};
use tig_plugin_api::frame::{self, HostAnswer, HostCall};
use tig_plugin_api::{HttpCall, HttpReply, HttpRequest, HttpResponse};
use tig_system_tests::PLUGINS;

/// Milliseconds since the Unix epoch at which each instance begins.
const START_MS: u64 = 1_700_000_000_000;

/// The plugin files that lie beside this program.
pub(crate) struct Plugins {
    plugins: HashMap<&'static str, Plugin>,
    /// The copies that are mapped.
    _cache: TempDir,
}

impl Plugins {
    pub(crate) fn load() -> Result<Self> {
        let folder = target_folder()?.join("release");
        let cache = tempfile::tempdir()?;
        let loader = Loader::new(cache.path().to_owned(), None);
        let mut plugins = HashMap::new();
        for name in PLUGINS {
            let candidate = PluginFile::read(&folder.join(format!("lib{name}.so")))?;
            plugins.insert(name, loader.load(&candidate)?);
        }
        Ok(Self {
            plugins,
            _cache: cache,
        })
    }

    /// A new instance with the `config` object of a config file.
    pub(crate) fn start(&self, name: &'static str, config: &Value) -> Result<Instance> {
        let settings = json!({ "name": name, "player_id": crate::world::PLAYER, "api_url": "http://127.0.0.1:1",
            "api_key": "key", "backup_folder": "", "port": 0, "config": config });
        let settings = serde_json::to_vec(&settings)?;
        let mut memory = Memory {
            now_ms: START_MS,
            ..Memory::default()
        };
        let plugin = &self.plugins[name];
        let instance = plugin
            .create(borrow(&mut memory), &settings, None)
            .map_err(|failure| failure.text.into_string())?;
        Ok(Instance { memory, instance })
    }
}

/// A running plugin.
pub(crate) struct Instance {
    pub(crate) memory: Memory,
    instance: InstanceBox,
}

impl Instance {
    pub(crate) fn event(&mut self, name: &str, payload: &[u8]) -> Result<()> {
        let event = EventRef {
            sequence: 0,
            redelivered: false,
            name: RStr::from_str(name),
            payload: RSlice::from_slice(payload),
        };
        finish(self.instance.on_event(borrow(&mut self.memory), event))
    }

    pub(crate) fn update(&mut self) -> Result<()> {
        self.event("update", b"{}")
    }

    pub(crate) fn respond(&mut self, response: &HttpResponse) -> Result<()> {
        self.event("http_response", &plain(response.encode())?)
    }

    pub(crate) fn request(&mut self, request: &HttpRequest) -> Result<HttpReply> {
        let encoded = plain(request.encode())?;
        let host = borrow(&mut self.memory);
        let reply = finish(self.instance.on_request(host, RSlice::from_slice(&encoded)))?;
        plain(HttpReply::decode(&reply))
    }

    /// The events emitted since the last call.
    pub(crate) fn emitted(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.memory.emitted)
    }

    /// The requests made since the last call.
    pub(crate) fn calls(&mut self) -> Vec<HttpCall> {
        std::mem::take(&mut self.memory.calls)
    }
}

fn borrow(memory: &mut Memory) -> HostRef<'_> {
    Host_TO::from_ptr(RMut::new(memory), TD_Opaque)
}

/// The SDK's errors are texts.
fn plain<T>(result: tig_plugin_api::Result<T>) -> Result<T> {
    result.map_err(|error| error.to_string().into())
}

fn finish<T>(result: RResult<T, Failure>) -> Result<T> {
    match result {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(failure) => Err(failure.text.into_string().into()),
    }
}

/// What a plugin asks for.
#[derive(Default)]
pub(crate) struct Memory {
    stored: BTreeMap<String, Vec<u8>>,
    emitted: Vec<(String, Vec<u8>)>,
    calls: Vec<HttpCall>,
    pub(crate) now_ms: u64,
    random: u64,
}

impl Memory {
    fn answer(&mut self, call: HostCall<'_>) -> Result<HostAnswer<'_>, &'static str> {
        match call {
            HostCall::Emit { name, payload, .. } => {
                self.emitted.push((name.to_owned(), payload.to_vec()));
            }
            HostCall::Get(key) => {
                let found = self.stored.get(key);
                let found = found.map(|value| Cow::Borrowed(value.as_slice()));
                return Ok(HostAnswer::Value(found));
            }
            HostCall::Write(key, Some(value)) => {
                self.stored.insert(key.to_owned(), value.to_vec());
            }
            HostCall::Write(key, None) => drop(self.stored.remove(key)),
            HostCall::Scan(prefix) => {
                let from = self.stored.range(prefix.to_owned()..);
                let found = from.take_while(|(key, _)| key.starts_with(prefix));
                let own = |(key, value): (&String, &Vec<u8>)| (key.clone(), value.clone());
                return Ok(HostAnswer::Entries(found.map(own).collect()));
            }
            HostCall::Http { call, .. } => self.calls.push(*call),
            HostCall::Now => return Ok(HostAnswer::Number(self.now_ms)),
            HostCall::Random => {
                // Weyl's sequence is even enough here.
                self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                return Ok(HostAnswer::Number(self.random));
            }
            HostCall::Log(..)
            | HostCall::Wake(_)
            | HostCall::Unfinished(_)
            | HostCall::Measure(..)
            | HostCall::Conditions(_) => {}
            _ => return Err("the host of the measurement has no such service"),
        }
        Ok(HostAnswer::Done)
    }
}

impl Host for Memory {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        frame::answer_call((service, name, body), |call| self.answer(call))
    }
}

/// A poll of a slave.
pub(crate) fn get_batch(slave: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        path: "/get-batch".to_owned(),
        query: String::new(),
        headers: vec![
            ("host".to_owned(), "127.0.0.1:5115".to_owned()),
            ("user-agent".to_owned(), slave.to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ],
        peer: "127.0.0.1:50000".to_owned(),
        body: Vec::new(),
    }
}

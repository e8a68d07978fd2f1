//! A copy of what crosses under plugin API 1. It is never changed: plugins that were built with it are out there.

use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};

#[sabi_trait]
pub trait Host {
    #[sabi(last_prefix_field)]
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString>;
}

pub type HostRef<'a> = Host_TO<'a, RMut<'a, ()>>;

#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct EventRef<'a> {
    pub sequence: u64,
    pub redelivered: bool,
    pub name: RStr<'a>,
    pub payload: RSlice<'a, u8>,
}

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct Failure {
    pub panicked: bool,
    pub text: RString,
}

#[sabi_trait]
pub trait Instance: Send {
    fn on_event(&mut self, host: HostRef<'_>, event: EventRef<'_>) -> RResult<(), Failure>;

    fn on_request(
        &mut self,
        host: HostRef<'_>,
        request: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, Failure>;

    fn snapshot(&mut self) -> RResult<ROption<RVec<u8>>, Failure>;

    #[sabi(last_prefix_field)]
    fn ask(
        &mut self,
        host: HostRef<'_>,
        question: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<ROption<RVec<u8>>, Failure>;
}

pub type InstanceBox = Instance_TO<'static, RBox<()>>;

#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ExtensionModuleRef)))]
#[sabi(missing_field(panic))]
pub struct ExtensionModule {
    pub api_version: u32,
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(
        host: HostRef<'_>,
        settings: RSlice<'_, u8>,
        snapshot: ROption<RSlice<'_, u8>>,
    ) -> RResult<InstanceBox, Failure>,
}

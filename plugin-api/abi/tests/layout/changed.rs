//! The same types with the changes that are easily made.

use abi_stable::std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};
use tig_plugin_abi::{self as abi, HostRef};

/// With a field more.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct EventRef<'a> {
    pub sequence: u64,
    pub redelivered: bool,
    pub priority: u32,
    pub name: RStr<'a>,
    pub payload: RSlice<'a, u8>,
}

/// With its fields in another order.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct Failure {
    pub text: RString,
    pub panicked: bool,
}

/// With a method more.
#[sabi_trait]
pub trait Instance: Send {
    fn on_event(
        &mut self,
        host: HostRef<'_>,
        event: abi::EventRef<'_>,
    ) -> RResult<(), abi::Failure>;

    fn on_request(
        &mut self,
        host: HostRef<'_>,
        request: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, abi::Failure>;

    fn snapshot(&mut self) -> RResult<ROption<RVec<u8>>, abi::Failure>;

    fn idle(&mut self) -> RResult<(), abi::Failure>;

    #[sabi(last_prefix_field)]
    fn ask(
        &mut self,
        host: HostRef<'_>,
        question: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<ROption<RVec<u8>>, abi::Failure>;
}

pub type InstanceBox = Instance_TO<'static, RBox<()>>;

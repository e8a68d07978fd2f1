//! Names of what is new.

use horde_proto::uuid_v4;
use tig_plugin_api::prelude::*;

/// A version 4 UUID, drawn by the host.
pub fn new_uuid(ctx: &mut Context<'_>) -> String {
    uuid_v4([ctx.random_u64(), ctx.random_u64()])
}

//! The template `observer` as it lies there, with its own tests.

#[expect(
    unreachable_pub,
    reason = "it is public where the crate is the plugin's own"
)]
#[path = "../../templates/observer/src/lib.rs"]
mod plugin;

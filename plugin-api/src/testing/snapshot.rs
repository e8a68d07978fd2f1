//! Snapshots of effects, with the feature `insta`.

/// Compares all effects of a harness ([`Harness::effects`](crate::testing::Harness::effects)) with a snapshot: a file beside the
/// test, or a text in it. Needs the feature `insta`, in an extension's dev-dependencies:
///
/// ```toml
/// [dev-dependencies]
/// tig-plugin-api = { version = "0.1", features = ["insta"] }
/// ```
///
/// ```
/// # use tig_plugin_api::{prelude::*, testing::Harness};
/// # struct Echo;
/// # #[extension]
/// # impl Echo {
/// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
/// #     fn on_ping(&mut self, ctx: &mut Context<'_>, n: u64) -> Result<()> { ctx.emit_json("pong", &n) }
/// # }
/// # fn main() {
/// let mut echo = Harness::<Echo>::start(serde_json::json!({ "name": "echo" }));
/// echo.event("ping", serde_json::json!(7));
/// tig_plugin_api::assert_effects_snapshot!(echo, @r#"
/// {
///   "events": [
///     {
///       "name": "pong",
///       "kind": "plain",
///       "arguments": 7
///     }
///   ]
/// }
/// "#);
/// # }
/// ```
///
/// A name in place of the text chooses the file, and without either its name is that of the test. A snapshot that is new or
/// differs fails the test; `cargo insta review` shows the difference and accepts it, and `INSTA_UPDATE=always` accepts all.
#[macro_export]
macro_rules! assert_effects_snapshot {
    ($harness:expr $(,)?) => {
        $crate::testing::insta::assert_json_snapshot!($harness.effects())
    };
    ($harness:expr, @$snapshot:literal $(,)?) => {
        $crate::testing::insta::assert_json_snapshot!($harness.effects(), @$snapshot)
    };
    ($harness:expr, $name:expr $(,)?) => {
        $crate::testing::insta::assert_json_snapshot!($name, $harness.effects())
    };
}

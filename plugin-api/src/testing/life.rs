//! Lives of an instance: restarts, kills, reloads and successors.

use serde_json::Value;

use super::Harness;
use crate::{Extension, Result};

impl<E: Extension> Harness<E> {
    /// Restarts the instance from storage, as the host does after a panic: timers and connections live on.
    ///
    /// # Panics
    ///
    /// `new` fails.
    pub fn restart(&mut self) {
        let settings = &self.settings;
        self.host.unfinished = 0;
        let made = self
            .host
            .transaction(settings, |ctx| E::create(settings, ctx));
        self.extension = made.unwrap_or_else(|error| panic!("new: {error}"));
    }

    /// Starts the host again after it was killed: what is stored is left, and neither timers nor connections are.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Counter { n: u64 }
    /// # #[extension]
    /// # impl Counter {
    /// #     fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
    /// #         Ok(Self { n: ctx.get("n")?.unwrap_or(0) })
    /// #     }
    /// #     fn on_one(&mut self, ctx: &mut Context<'_>) -> Result<()> {
    /// #         ctx.put("n", &(self.n + 1))?;
    /// #         ctx.at("tick", 0)?;
    /// #         self.n += 1;
    /// #         Ok(())
    /// #     }
    /// # }
    /// # fn main() {
    /// // Stores a number and sets a timer.
    /// let mut counter = Harness::<Counter>::start(serde_json::json!({ "name": "counter" }));
    /// counter.event("one", serde_json::Value::Null);
    /// counter.restart();
    /// assert_eq!(counter.timers().len(), 1, "timers outlive an instance");
    /// counter.kill();
    /// assert_eq!(counter.extension().n, 1);
    /// assert!(counter.timers().is_empty(), "and end with the host");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// `new` fails.
    pub fn kill(&mut self) {
        self.host.forget();
        self.restart();
    }

    /// Replaces the instance and hands the old one's state over, as the host does at a reload.
    ///
    /// # Panics
    ///
    /// `snapshot`, `new` or `restore` fails.
    pub fn reload(&mut self) {
        self.try_reload()
            .unwrap_or_else(|error| panic!("reload: {error}"));
    }

    /// Replaces the instance and hands the old one's state over, as the host does at a reload.
    ///
    /// # Errors
    ///
    /// `snapshot`, `new` or `restore` fails; then the present instance stays.
    pub fn try_reload(&mut self) -> Result<()> {
        let state = self.extension.snapshot()?;
        self.succeed(state.as_deref())
    }

    /// Replaces the instance by one with the state of another version of the plugin: to test `migrate`.
    ///
    /// # Errors
    ///
    /// `new`, `migrate` or `restore` fails; then the present instance stays.
    pub fn succeed_to(&mut self, state_version: u32, state: &Value) -> Result<()> {
        let state = crate::extension::encode_state(state_version, state)?;
        self.succeed(state.as_deref())
    }

    fn succeed(&mut self, state: Option<&[u8]>) -> Result<()> {
        let settings = &self.settings;
        self.extension = self.host.transaction(settings, |ctx| {
            let mut extension = E::create(settings, ctx)?;
            if let Some(state) = state {
                extension.restore(ctx, state)?;
            }
            Ok(extension)
        })?;
        Ok(())
    }

    /// Number of instances restored from storage after a handler had asked for effects and failed.
    #[must_use]
    pub fn restores(&self) -> u64 {
        self.restores
    }
}

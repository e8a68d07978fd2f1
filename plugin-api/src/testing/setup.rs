//! What a harness begins with.

use std::marker::PhantomData;

use serde_json::Value;

use super::host::TestHost;
use super::random::Random;
use super::{Harness, TestKey};
use crate::{Extension, Result, Settings};

/// What a harness begins with, made by [`Harness::setup`].
///
/// ```
/// # use tig_plugin_api::{prelude::*, testing::Harness};
/// # struct Dice;
/// # #[extension]
/// # impl Dice {
/// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
/// #     fn on_roll(&mut self, ctx: &mut Context<'_>) -> Result<()> {
/// #         let eyes = ctx.random_u64() % 6 + 1;
/// #         ctx.emit_json("eyes", &eyes)
/// #     }
/// # }
/// # fn main() {
/// let roll = |seed| {
///     let settings = serde_json::json!({ "name": "dice" });
///     let mut dice = Harness::<Dice>::setup(settings).with_seed(seed).start();
///     for _ in 0..20 {
///         dice.event("roll", serde_json::Value::Null);
///     }
///     dice.emitted()
/// };
/// assert_eq!(roll(1), roll(1), "the same seed, the same numbers");
/// assert_ne!(roll(1), roll(2));
/// # }
/// ```
#[must_use = "a setup starts nothing before `start`"]
pub struct Setup<E> {
    settings: Value,
    host: TestHost,
    extension: PhantomData<fn() -> E>,
}

impl<E: Extension> Setup<E> {
    pub(super) fn new(settings: Value) -> Self {
        Self {
            settings,
            host: TestHost::new(),
            extension: PhantomData,
        }
    }

    /// Seed of the random numbers; 0 without this function.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.host.random = Random::from_seed(seed);
        self
    }

    /// First time of the clock, in milliseconds since the Unix epoch; 1,700,000,000,000 without this function.
    pub fn with_now_ms(mut self, unix_ms: u64) -> Self {
        self.host.now_ms = unix_ms;
        self
    }

    /// A key that the host has; one of the same name is replaced.
    pub fn with_key(mut self, key: TestKey) -> Self {
        self.host.keys.insert(key.name.clone(), key);
        self
    }

    /// A value that an earlier run has stored.
    pub fn with_stored(mut self, key: &str, value: &Value) -> Self {
        let value = value.to_string().into_bytes();
        self.host.stored.insert(key.to_owned(), value);
        self
    }

    /// Creates the instance.
    ///
    /// # Panics
    ///
    /// The settings do not decode or `new` fails.
    #[must_use]
    pub fn start(self) -> Harness<E> {
        self.try_start()
            .unwrap_or_else(|error| panic!("new: {error}"))
    }

    /// Creates the instance.
    ///
    /// # Errors
    ///
    /// The settings do not decode or `new` fails.
    pub fn try_start(mut self) -> Result<Harness<E>> {
        let settings: Settings = serde_json::from_value(self.settings)?;
        let extension = self
            .host
            .transaction(&settings, |ctx| E::create(&settings, ctx))?;
        Ok(Harness {
            extension,
            settings,
            host: self.host,
            restores: 0,
        })
    }
}

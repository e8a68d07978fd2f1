//! The storage of a harness.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Harness;
use crate::Extension;

impl<E: Extension> Harness<E> {
    /// What is stored, by key.
    #[must_use]
    pub fn stored(&self) -> BTreeMap<String, Value> {
        let value = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        self.host
            .stored
            .iter()
            .map(|(key, bytes)| (key.clone(), value(bytes)))
            .collect()
    }

    /// Puts bytes into the storage, such as a damaged record for a [`Harness::restart`] to find.
    ///
    /// ```
    /// # use tig_plugin_api::{prelude::*, testing::Harness};
    /// # struct Keeper { n: u64 }
    /// # #[extension]
    /// # impl Keeper {
    /// #     fn new(_config: serde_json::Value, ctx: &mut Context<'_>) -> Result<Self> {
    /// #         Ok(Self { n: ctx.get_sound("n")?.unwrap_or(0) })
    /// #     }
    /// # }
    /// # fn main() {
    /// let mut keeper = Harness::<Keeper>::start(serde_json::json!({ "name": "keeper" }));
    /// keeper.store("n", "{torn");
    /// keeper.restart();
    /// assert_eq!(keeper.extension().n, 0);
    /// assert!(keeper.stored().contains_key("damaged/n"), "set aside");
    /// # }
    /// ```
    pub fn store(&mut self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.host.stored.insert(key.to_owned(), bytes.into());
    }
}

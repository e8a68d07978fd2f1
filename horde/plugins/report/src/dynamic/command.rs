//! The commands `constance_get`, `constance_list` and `constance_set`.

use horde_dynamic::{DynamicConfig, KeyError, LocalValue, Origin};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::{Dynamic, store};

/// Arguments of `constance_get`.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyArguments {
    /// The key, such as `DYNAMIC_WEIGHTS_VERSION`.
    key: String,
}

/// Arguments of `constance_list`: none.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListArguments {}

/// Arguments of `constance_set`.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetArguments {
    /// The key, such as `DYNAMIC_WEIGHTS_VERSION` or `SERVING`.
    key: String,
    /// The value: `true`, `3`, `1.05` or `class=number,class=number`. It wins over all files. Without it, the value that was set so
    /// is dropped.
    #[serde(default)]
    value: Option<String>,
}

/// A key and its value.
#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    value: String,
    /// The value of the profile.
    profile: String,
    #[serde(flatten)]
    origin: Origin,
}

impl Dynamic {
    pub(crate) fn get(&self, ctx: &mut Context<'_>, arguments: &KeyArguments) -> Result<Started> {
        let row = self.row(&arguments.key)?;
        ctx.finish(ctx.ticket(), 0, &row)?;
        Ok(Started)
    }

    pub(crate) fn list(&self, ctx: &mut Context<'_>) -> Result<Started> {
        let rows = DynamicConfig::keys().map(|key| self.row(key));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        ctx.finish(ctx.ticket(), 0, &rows)?;
        Ok(Started)
    }

    /// Sets or drops a value of the operator's, if all values fit together then.
    pub(crate) fn set(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: SetArguments,
    ) -> Result<Started> {
        let SetArguments { key, value } = arguments;
        let now_ms = ctx.now_ms();
        let mut local = self.local.clone();
        match value {
            Some(text) => {
                DynamicConfig::default().set(&key, &text)?;
                let since_ms = now_ms;
                local.insert(key, LocalValue { text, since_ms });
            }
            None => {
                if local.remove(&key).is_none() {
                    bail!("key {key:?} was not set by `constance_set`: there is nothing to drop");
                }
            }
        }
        let files = self.file_list(&self.files);
        self.layers(&files, &local).check_from(now_ms)?;
        store::put_local(ctx, &local)?;
        self.local = local;
        let changes = self.apply(ctx)?;
        ctx.finish(ctx.ticket(), 0, &changes)?;
        Ok(Started)
    }

    fn row<'a>(&self, key: &'a str) -> Result<Row<'a>, KeyError> {
        Ok(Row {
            key,
            value: self.in_force.config.get(key)?,
            profile: self.profile.config().get(key)?,
            origin: self.in_force.origin(key),
        })
    }
}

//! A plugin's life: its file is found, admitted, tried and started, replaced while it runs, and rolled back if the new
//! version fails.

pub(crate) mod admission;
pub(crate) mod drain;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod plugin_files;
pub(crate) mod reconfigure;
pub(crate) mod recording;
pub(crate) mod reload;
pub(crate) mod rollback;
pub(crate) mod shadowing;
pub(crate) mod start;
pub(crate) mod supervisor;
pub(crate) mod ticker;
pub(crate) mod trial;
pub(crate) mod watch;

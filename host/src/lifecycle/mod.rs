//! A plugin's life: its file is found, admitted, tried and started, replaced while it runs, and rolled back if the new
//! version fails.

pub mod admission;
pub mod drain;
pub mod plugin_files;
pub mod reconfigure;
pub mod reload;
pub mod rollback;
pub mod shadowing;
pub mod start;
pub mod supervisor;
pub mod ticker;
pub mod trial;
pub mod watch;

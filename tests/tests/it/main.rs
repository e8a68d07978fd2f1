//! The whole system as its users run it: real processes, real plugin files, real proof of work, on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod algorithm_page;
mod bad_input;
mod bad_slaves;
mod cli_stock;
mod closed_output;
mod cordon;
mod dashboard;
mod demo;
mod deploy_container;
mod deploy_deb;
mod deploy_guide;
mod deploy_notify;
mod deploy_units;
mod dev;
mod disk;
mod doctor_network;
mod documents;
mod dual_stack;
mod example_config;
mod example_thompson;
mod failing_modules;
mod few_threads;
mod garbage;
mod guide;
mod history;
mod kills;
mod life_cycle;
mod listen_errors;
mod memory_arenas;
mod monitoring;
mod noexec;
mod notifier;
mod operator_api;
mod orphans;
mod outage;
mod player_ids;
mod plugin_files;
mod process_one;
mod programs;
mod proxies;
mod rate_limits;
mod readme_plugin;
mod recorded;
mod recording;
mod restart;
mod reverse_proxy;
mod scaffold;
mod selector;
mod slave_disk;
mod support;
mod troubles;
mod upgrade;
mod web_pages;
mod webhook;
mod wrong_clocks;

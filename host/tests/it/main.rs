//! Whole hosts with real plugin files on loopback.

#![cfg(test)]

mod admin;
mod apply;
mod bundle;
mod check;
mod commands;
mod crash;
mod doctor;
mod doctor_trial;
mod edge;
mod handlers;
mod in_process;
mod init;
mod init_terminal;
mod keys;
mod log_fields;
mod metrics;
mod misbehaving;
mod operator_access;
mod operator_conditions;
mod operator_events;
mod outgoing;
mod plugin_libraries;
mod pressure;
mod printing_plugin;
mod private_ca;
mod probation;
mod rejections;
mod reload;
mod replaced_files;
mod restore;
mod schema;
mod shadow;
mod slow_copies;
mod start;
mod stepped;
mod store;
mod stream;
mod support;
mod timers;
mod websockets;
mod windows_files;

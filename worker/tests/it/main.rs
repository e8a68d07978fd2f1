//! The worker from outside: batches, fuel, the cache, the command line, and guests that misbehave.
#![cfg(test)]

mod any_module;
mod batches;
mod cache;
mod command_line;
mod drawn;
mod fuel;
mod guests;
mod instrumentation;
mod mini;
mod modules;
mod promise;
mod windows_files;

//! Whole hosts with real plugin files on loopback.

#![cfg(test)]

mod admin;
mod check;
mod crash;
mod edge;
mod handlers;
mod reload;
mod start;
mod support;

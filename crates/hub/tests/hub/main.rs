//! The client against a Hub on this machine.
#![allow(clippy::unwrap_used, reason = "these functions only serve tests")]

#[path = "../support/loopback_hub/mod.rs"]
mod loopback_hub;

mod cache;
mod cancel;
mod common;
mod download;
mod faults;
mod upload;

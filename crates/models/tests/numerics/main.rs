//! The numerics of whole models: logits, losses, gradients, drawn weights and orders against transformers and torch, and what
//! changes no number against itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod activations;
mod adapters;
mod descriptions;
mod distillation;
mod families;
mod parity;
mod same_numbers;
mod support;
mod threads;
mod torch_stream;

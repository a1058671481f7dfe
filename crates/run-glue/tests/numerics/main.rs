//! Numbers beside those of Python: token ids, and whole training runs beside the Hugging Face Trainer's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod adapters;
mod dropout_stream;
mod tokenize;
mod tokenizer_forms;
mod trajectory;
mod unigram;

//! The log of a run as it grows: lines of JSON, and TensorBoard's event files.

pub mod journal;
pub mod tensorboard;

//! The log of a run as it grows: lines of JSON, TensorBoard's event files, and what a tracker is told.

pub mod journal;
pub mod tensorboard;
pub mod tracker;

//! What a run takes of the machine: memory, energy, and what the machine is.

pub mod energy;
pub mod environment;
pub mod host;

//! Optimizers over a module's parameters: each parameter with its learning rate and weight decay, and a rule that makes the
//! step.

mod adamw;
mod gradients;
mod parameter_info;
mod rule;
mod rules;
mod tensors;
mod update;

pub use self::gradients::Gradients;
pub(crate) use self::parameter_info::frozen;
pub use self::update::Optimizer;

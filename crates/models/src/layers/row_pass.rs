//! What a layer is given besides its input.

use std::sync::Arc;

use crate::batch::Sequences;
use crate::ops::DropoutPlan;

/// What a layer needs of a forward pass to drop units of its own.
pub struct RowPass<'a> {
    /// Names the streams.
    pub plan: &'a mut DropoutPlan,
    /// Names the rows of the layer's input.
    pub sequences: &'a Arc<Sequences>,
}

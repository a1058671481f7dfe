//! Tensors and storages as a pickle describes them: nothing is checked against the file yet.

use std::rc::Rc;

use super::element::Element;

/// A tensor's place in its storage.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    pub(super) storage: Storage,
    /// Elements from the start of the storage.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// From one index of each axis to the next, in elements.
    pub(super) strides: Vec<usize>,
}

/// A run of elements that tensors share.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    pub(super) element: &'static Element,
    pub(super) key: Rc<str>,
    /// Number of elements, of which `view` may be a part.
    pub(super) len: usize,
    /// The part that is used, as first element and count, where the storage is a view (files before torch 0.4).
    pub(super) view: Option<(usize, usize)>,
}

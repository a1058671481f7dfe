//! A tensor's elements in row-major order, however they lie in their storage.

use std::ops::Range;

use super::element::{Element, Float};
use super::stored::StoredTensor;

/// A tensor whose elements are known to lie within the file.
pub(super) struct LocatedTensor {
    pub(super) element: &'static Element,
    pub(super) shape: Vec<usize>,
    /// Of the storage, in the file.
    bytes: Range<usize>,
    /// In elements.
    offset: usize,
    /// In elements; 0 for axes of one element, where any stride is good.
    strides: Vec<usize>,
}

impl LocatedTensor {
    /// Finds a tensor in the bytes of its storage; `None` if it reaches beyond them.
    pub(super) fn locate(stored: &StoredTensor, bytes: Range<usize>) -> Option<Self> {
        let storage = &stored.storage;
        let element = storage.element;
        if storage.len.checked_mul(element.bytes)? > bytes.len() {
            return None;
        }
        let (first, len) = storage.view.unwrap_or((0, storage.len));
        let view_end = first.checked_add(len).filter(|&end| end <= storage.len)?;
        let offset = first.checked_add(stored.offset)?;
        let axes = || stored.shape.iter().zip(&stored.strides);
        let strides = axes().map(|(&size, &stride)| if size > 1 { stride } else { 0 }).collect();
        if !stored.shape.contains(&0) {
            let last = axes().try_fold(offset, |at, (&size, &stride)| (size - 1).checked_mul(stride)?.checked_add(at));
            last.filter(|&last| last < view_end)?;
        }
        Some(Self { element, shape: stored.shape.clone(), bytes, offset, strides })
    }

    /// Elements. A tensor may repeat those of its storage (stride 0), so this can be any number.
    pub(super) fn count(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().fold(1, |n: usize, &size| n.saturating_mul(size)) }
    }

    /// The elements in row-major order; `None` if they are no floats.
    pub(super) fn values(&self, file: &[u8]) -> Option<Vec<f32>> {
        let data = file.get(self.bytes.clone())?;
        Some(match self.element.float? {
            Float::F32 => self.gather(data.as_chunks().0, f32::from_le_bytes),
            Float::F16 => self.gather(data.as_chunks().0, |b| half::f16::from_le_bytes(b).to_f32()),
            Float::BF16 => self.gather(data.as_chunks().0, |b| half::bf16::from_le_bytes(b).to_f32()),
            Float::F64 => self.gather(data.as_chunks().0, |b| f64::from_le_bytes(b) as f32),
        })
    }

    fn gather<const N: usize>(&self, data: &[[u8; N]], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let count = self.count();
        let mut values = Vec::with_capacity(count);
        let (row, outer) = self.shape.split_last().map_or((1, &[][..]), |(&row, outer)| (row, outer));
        let step = self.strides.last().copied().unwrap_or(0);
        let mut index = vec![0; outer.len()];
        let mut at = self.offset;
        while values.len() < count {
            if step == 1 {
                values.extend(data[at..at + row].iter().map(|&b| convert(b)));
            } else {
                values.extend((0..row).map(|i| convert(data[at + i * step])));
            }
            for axis in (0..outer.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < outer[axis] {
                    break;
                }
                at -= self.strides[axis] * outer[axis];
                index[axis] = 0;
            }
        }
        values
    }
}

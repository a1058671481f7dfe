//! Buffers that go from step to step: the same sizes come back every step, and memory that stays in the process costs
//! neither page faults nor clearing. A buffer keeps its old numbers, so whoever takes one writes all of it.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Bytes;
use burn_std::{AllocationController, AllocationProperty};

/// Elements below which the allocator is as good.
const SMALL: usize = 1024;

/// Idle buffers by length, and how many elements are out.
struct Pool {
    idle: BTreeMap<usize, Vec<Vec<f32>>>,
    idle_elements: usize,
    live_elements: usize,
    most_live_elements: usize,
}

static POOL: Mutex<Pool> =
    Mutex::new(Pool { idle: BTreeMap::new(), idle_elements: 0, live_elements: 0, most_live_elements: 0 });

fn pool() -> MutexGuard<'static, Pool> {
    // Between two statements the pool is whole, so a panic elsewhere leaves nothing broken.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// An idle buffer of at least `n` elements, half as many more at the most.
    fn take_idle(&mut self, n: usize) -> Option<Vec<f32>> {
        let length = *self.idle.range(n..=n + n / 2).find(|(_, buffers)| !buffers.is_empty())?.0;
        let buffer = self.idle.get_mut(&length)?.pop()?;
        self.idle_elements -= length;
        Some(buffer)
    }

    /// Frees the largest idle buffers until what is out and what is idle exceed the most that was ever out by a quarter
    /// at the most.
    fn trim(&mut self) {
        while self.idle_elements + self.live_elements > self.most_live_elements / 4 * 5 {
            let Some(mut largest) = self.idle.last_entry() else { return };
            match largest.get_mut().pop() {
                Some(buffer) => self.idle_elements -= buffer.len(),
                None => drop(largest.remove()),
            }
        }
    }
}

/// A buffer of the pool, which takes it back when it is dropped.
#[derive(Debug)]
pub(super) struct Buffer {
    data: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// `n` elements with any values.
    pub(super) fn new(n: usize) -> Self {
        if n < SMALL {
            return Self { data: vec![0.0; n], len: n };
        }
        let mut pool = pool();
        let found = pool.take_idle(n);
        // Lengths in steps of a sixteenth or less, so that batches of nearly the same size share buffers.
        let data = found.unwrap_or_else(|| vec![0.0; n.next_multiple_of((n / 16).next_power_of_two())]);
        pool.live_elements += data.len();
        pool.most_live_elements = pool.most_live_elements.max(pool.live_elements);
        pool.trim();
        Self { data, len: n }
    }

    /// `n` zeros.
    pub(super) fn zeros(n: usize) -> Self {
        let mut buffer = Self::new(n);
        buffer.fill(0.0);
        buffer
    }

    /// The buffer as a tensor's bytes.
    pub(super) fn into_bytes(self) -> Bytes {
        let bytes = self.len * size_of::<f32>();
        // SAFETY: all of the buffer's elements have values, `len` of them at least.
        unsafe { Bytes::from_controller(Box::new(self), bytes) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        if data.len() >= SMALL {
            let mut pool = pool();
            pool.live_elements -= data.len();
            pool.idle_elements += data.len();
            pool.idle.entry(data.len()).or_default().push(data);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.data[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.len]
    }
}

impl AllocationController for Buffer {
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let bytes = size_of_val(self.data.as_slice());
        // SAFETY: the same memory, seen as bytes, borrowed as long as `self`; the caller writes only values.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_mut_ptr().cast(), bytes) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let bytes = size_of_val(self.data.as_slice());
        // SAFETY: the same memory, seen as bytes, borrowed as long as `self`.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr().cast(), bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_comes_back_and_others_do_not_share_it() {
        let n = 1_234_567;
        let first = Buffer::zeros(n);
        let place = first.as_ptr();
        let second = Buffer::new(n);
        assert_ne!(place, second.as_ptr());
        drop(first);
        let again = Buffer::new(n - 1000);
        assert_eq!(place, again.as_ptr());
        assert_eq!(again.len(), n - 1000);
    }

    #[test]
    fn bytes_keep_the_values_and_copies_are_apart() {
        let mut buffer = Buffer::new(5000);
        buffer.iter_mut().enumerate().for_each(|(i, v)| *v = i as f32);
        let bytes = buffer.into_bytes();
        let copy = bytes.clone();
        drop(bytes);
        let mut other = Buffer::new(5000);
        other.fill(-1.0);
        assert_eq!(copy.len(), 20_000);
        assert_eq!(f32::from_le_bytes([copy[4 * 77], copy[4 * 77 + 1], copy[4 * 77 + 2], copy[4 * 77 + 3]]), 77.0);
    }

    #[test]
    fn lengths_are_close_above() {
        for n in [SMALL, 5000, 100_000, 2048 * 1536, 786_433] {
            let len = Buffer::new(n).data.len();
            assert!(len >= n);
        }
    }
}

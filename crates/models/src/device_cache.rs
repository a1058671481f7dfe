//! What the kernels of a device keep of a batch: made and copied there once, and dropped with it.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Copies by their kind. A clone of its owner starts without any, and owners compare as if it were not there.
#[derive(Default)]
pub(crate) struct DeviceCache(Mutex<Vec<Box<dyn Any + Send>>>);

impl DeviceCache {
    /// The copy that `key` names, made where there is none yet.
    pub(crate) fn get<K, T>(&self, key: K, make: impl FnOnce() -> T) -> T
    where
        K: PartialEq + Send + 'static,
        T: Clone + Send + 'static,
    {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().filter_map(|entry| entry.downcast_ref::<(K, T)>()).find(|entry| entry.0 == key);
        if let Some((_, copy)) = found {
            return copy.clone();
        }
        let copy = make();
        kept.push(Box::new((key, copy.clone())));
        copy
    }
}

impl Clone for DeviceCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for DeviceCache {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for DeviceCache {}

impl fmt::Debug for DeviceCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_made_once_for_each_key() {
        let kept = DeviceCache::default();
        let mut made = 0;
        let mut get = |key: u32| {
            kept.get(key, || {
                made += 1;
                key * 10
            })
        };
        assert_eq!([get(1), get(2), get(1)], [10, 20, 10]);
        assert_eq!(made, 2);
        assert_eq!(kept.get("another kind", || 7u8), 7);
    }
}

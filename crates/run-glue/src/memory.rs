//! The allocator's settings.

/// Tells the allocator to keep freed pages: tensors of the same sizes come and go every step, and giving their memory
/// back to the system each time costs a fifth of a training step in page faults. `MIMALLOC_PURGE_DELAY` still counts.
/// To be called first in `main`.
pub fn keep_freed_pages() {
    // `mi_option_purge_delay` of `mi_option_e` in mimalloc.h; -1 is never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets a number that the allocator reads; nothing else runs yet.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
    }
}

//! What the program shows of downloads and uploads, and when they end early.

use trainer::source::TransferHooks;

/// Bars or lines for downloads and uploads, which end where the user wants to stop.
#[must_use]
pub fn transfer_hooks() -> TransferHooks {
    TransferHooks {
        #[cfg(feature = "hub")]
        progress: crate::transfer_bars::to_stderr(),
        #[cfg(feature = "hub")]
        cancel: hub::Cancel::when(crate::interrupt::requested),
    }
}

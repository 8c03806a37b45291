//! What the tests see of the driver.

use super::{Driver, Os, Seat};

impl<S: Seat + Clone, O: Os> Driver<S, O> {
    /// No lock is held, tried or waited for.
    pub fn is_idle(&self) -> bool {
        self.registry.lock().is_empty() && self.waits.lock().is_empty()
    }

    pub fn os(&self) -> &O {
        &self.os
    }
}

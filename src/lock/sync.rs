//! The mutex, the condition and the clock of the driver; in tests with `--cfg shuttle`, those of a
//! scheduler that explores interleavings.

#[cfg(all(test, shuttle))]
#[path = "tests/shuttled.rs"]
mod imp;

#[cfg(not(all(test, shuttle)))]
mod imp {
    use std::time::Instant;

    pub use parking_lot::{Condvar, Mutex};

    /// This moment of the monotonic clock.
    pub fn now() -> Instant {
        Instant::now()
    }
}

pub use imp::{Condvar, Mutex, now};

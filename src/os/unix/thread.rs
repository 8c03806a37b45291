//! A thread that blocks in flock(2): a directed signal makes the call return EINTR.

use super::signal;
use crate::os::wait::Delivery;

/// A thread that can be interrupted while it is alive.
#[derive(Clone, Copy, Debug)]
pub struct BlockedThread(libc::pthread_t);

// SAFETY: a pthread_t names a thread for every thread of the process, also where it is a pointer.
unsafe impl Send for BlockedThread {}

impl BlockedThread {
    pub fn this_thread() -> Option<Self> {
        // SAFETY: it has no preconditions.
        Some(Self(unsafe { libc::pthread_self() }))
    }

    /// Makes the thread's blocking call return.
    ///
    /// # Safety
    ///
    /// The thread must not have ended.
    pub unsafe fn interrupt(&self) -> Delivery {
        // SAFETY: the caller vouches for the thread.
        if unsafe { signal::send(self.0) } { Delivery::Sent } else { Delivery::Unsupported }
    }

    /// Blocks signals that are meant for other threads, on the calling one.
    pub fn block_other_signals() {
        signal::block_others();
    }
}

//! A thread that blocks in flock(2): a directed signal makes the call return EINTR.

use super::signal;
use crate::os::interrupt::Struck;

/// A thread that can be struck while it is alive.
#[derive(Clone, Copy, Debug)]
pub struct Target(libc::pthread_t);

// SAFETY: a pthread_t names a thread for every thread of the process, also where it is a pointer.
unsafe impl Send for Target {}

impl Target {
    pub fn this_thread() -> Option<Self> {
        // SAFETY: it has no preconditions.
        Some(Self(unsafe { libc::pthread_self() }))
    }

    /// Makes the thread's blocking call return.
    ///
    /// # Safety
    ///
    /// The thread must not have ended.
    pub unsafe fn strike(&self) -> Struck {
        // SAFETY: the caller vouches for the thread.
        if unsafe { signal::send(self.0) } { Struck::Sent } else { Struck::Impossible }
    }

    /// Makes the calling thread deaf to signals that are meant for others.
    pub fn take_no_other() {
        signal::take_no_other();
    }
}

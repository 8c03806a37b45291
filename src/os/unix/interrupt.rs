//! Ending a flock(2) that blocks: a directed signal makes it return EINTR.
//!
//! A signal that arrives before the call has begun to block is lost, so it is sent again until
//! the thread says that it is out. The one who asks waits for that a moment (it takes
//! microseconds); what takes longer goes to a thread that lives as long as there is such a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::signal;

/// How long the asking thread waits before it leaves the matter to another.
const AT_ONCE: Duration = Duration::from_micros(200);
/// How long to wait between two signals.
const AGAIN: Duration = Duration::from_millis(1);

/// Shared by the thread that waits and those who may end its wait.
#[derive(Debug, Default)]
pub struct Interrupt {
    requested: AtomicBool,
    /// The thread, while it can be blocked in the call.
    exposed: Mutex<Option<libc::pthread_t>>,
    left: Condvar,
}

impl Interrupt {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `blocking` on this thread, open to signals; `blocking` is given a way to ask whether
    /// it was interrupted.
    pub fn expose<T>(&self, blocking: impl FnOnce(&dyn Fn() -> bool) -> T) -> T {
        // SAFETY: pthread_self cannot fail.
        *self.exposed.lock() = Some(unsafe { libc::pthread_self() });
        let result = blocking(&|| self.requested.load(Ordering::SeqCst));
        *self.exposed.lock() = None;
        self.left.notify_all();
        result
    }

    /// Asks the wait to end, and sees to it that it does.
    pub fn interrupt(self: &Arc<Self>) {
        self.requested.store(true, Ordering::SeqCst);
        if self.strike(AT_ONCE) == Struck::StillThere {
            Resender::add(Arc::clone(self));
        }
    }

    /// Sends the signal and waits for its effect, for so long.
    fn strike(&self, patience: Duration) -> Struck {
        let mut exposed = self.exposed.lock();
        let Some(thread) = *exposed else { return Struck::Gone };
        // SAFETY: the thread is alive: before it ends it takes itself out, under this mutex.
        if !unsafe { signal::send(thread) } {
            return Struck::Impossible;
        }
        self.left.wait_for(&mut exposed, patience);
        if exposed.is_some() { Struck::StillThere } else { Struck::Gone }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Struck {
    /// The thread is out of the call.
    Gone,
    /// It may not have noticed.
    StillThere,
    /// No signal can be sent: the wait goes on until the lock is granted.
    Impossible,
}

/// Those who have not noticed yet. The thread that sends to them runs while there are any.
struct Resender {
    running: bool,
    pending: Vec<Arc<Interrupt>>,
}

static RESENDER: Mutex<Resender> = Mutex::new(Resender { running: false, pending: Vec::new() });

impl Resender {
    fn add(interrupt: Arc<Interrupt>) {
        let mut resender = RESENDER.lock();
        resender.pending.push(interrupt);
        if !resender.running {
            let thread = std::thread::Builder::new()
                .name("locket-interrupt".into())
                .stack_size(super::WAIT_STACK);
            // Without a thread the wait is left to end by itself.
            resender.running = thread.spawn(Self::run).is_ok();
        }
    }

    fn run() {
        signal::take_no_other();
        loop {
            let pending = {
                let mut resender = RESENDER.lock();
                if resender.pending.is_empty() {
                    resender.running = false;
                    return;
                }
                std::mem::take(&mut resender.pending)
            };
            let mut rest: Vec<_> = pending
                .into_iter()
                .filter(|interrupt| interrupt.strike(AGAIN) == Struck::StillThere)
                .collect();
            RESENDER.lock().pending.append(&mut rest);
        }
    }
}

//! Ending a thread's wait in the operating system's lock call.
//!
//! How to make the call return is for each family of systems to say ([`BlockedThread`]). Everywhere
//! an interrupt that comes before the call has begun to block is lost, so it is repeated until the
//! thread has left the call. The caller waits for that a moment (it takes microseconds); what takes
//! longer is left to a thread that runs as long as there is such a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::STACK;
use crate::os::imp::BlockedThread;

/// How long the calling thread waits before it leaves the rest to another.
const FIRST_WAIT: Duration = Duration::from_micros(200);
/// How long that other thread waits between its first two interrupts; twice as long between the
/// next two, and so on.
const RETRY_PAUSE: Duration = Duration::from_millis(1);
/// How often the pause doubles: to 64 ms.
const DOUBLINGS: u32 = 6;
/// How often in a row the thread may be found not to block before it is left alone: half a second.
/// A thread about to block does so within microseconds, so this is a system that cannot tell.
const MAX_MISSES: u32 = 12;

/// What became of an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The call returns if the thread is blocked in it.
    Sent,
    /// The thread was not seen to block in a call.
    #[cfg_attr(unix, expect(dead_code, reason = "a signal is sent to a running thread as well"))]
    NotBlocked,
    /// The system cannot end the wait: it goes on until the lock is granted.
    Unsupported,
}

/// Shared by the thread that waits and those that may end its wait.
#[derive(Debug, Default)]
pub struct Interrupt {
    requested: AtomicBool,
    /// The thread, while it can be blocked in the call.
    blocked: Mutex<Option<BlockedThread>>,
    left: Condvar,
}

impl Interrupt {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `blocking` on this thread, so that [`Interrupt::interrupt`] ends it. `blocking` is given
    /// a function that returns `true` once an interrupt was requested.
    pub fn run_interruptible<T>(&self, blocking: impl FnOnce(&dyn Fn() -> bool) -> T) -> T {
        *self.blocked.lock() = BlockedThread::this_thread();
        let result = blocking(&|| self.requested.load(Ordering::SeqCst));
        *self.blocked.lock() = None;
        self.left.notify_all();
        result
    }

    /// Requests the end of the wait, and repeats the interrupt until the thread has left the call.
    pub fn interrupt(self: &Arc<Self>) {
        self.requested.store(true, Ordering::SeqCst);
        let mut pending = PendingInterrupt { interrupt: Arc::clone(self), sent: 0, misses: 0 };
        // Of many at once, only the first ones are waited for.
        let pause = if RESENDER.lock().running { Duration::ZERO } else { FIRST_WAIT };
        if pending.deliver(pause) {
            Resender::add(pending);
        }
    }
}

/// A wait that has not ended yet.
struct PendingInterrupt {
    interrupt: Arc<Interrupt>,
    sent: u32,
    misses: u32,
}

impl PendingInterrupt {
    /// Interrupts the thread, and waits up to `pause` for it to leave the call. Returns `true` if
    /// another interrupt may be needed.
    fn deliver(&mut self, pause: Duration) -> bool {
        let mut blocked = self.interrupt.blocked.lock();
        let Some(thread) = &*blocked else { return false };
        // SAFETY: the thread is alive: before it ends it takes itself out, under this mutex.
        match unsafe { thread.interrupt() } {
            Delivery::Sent => self.misses = 0,
            Delivery::NotBlocked => self.misses += 1,
            Delivery::Unsupported => return false,
        }
        self.sent += 1;
        self.interrupt.left.wait_for(&mut blocked, pause);
        blocked.is_some() && self.misses < MAX_MISSES
    }

    fn deliver_again(&mut self) -> bool {
        self.deliver(RETRY_PAUSE * 2_u32.pow(self.sent.saturating_sub(1).min(DOUBLINGS)))
    }
}

/// The thread that repeats interrupts. It runs while there are any.
struct Resender {
    running: bool,
    pending: Vec<PendingInterrupt>,
}

static RESENDER: Mutex<Resender> = Mutex::new(Resender { running: false, pending: Vec::new() });

impl Resender {
    fn add(interrupt: PendingInterrupt) {
        let mut resender = RESENDER.lock();
        resender.pending.push(interrupt);
        if !resender.running {
            let thread = thread::Builder::new().name("locket-interrupt".into()).stack_size(STACK);
            // Without a thread the wait is left to end by itself.
            resender.running = thread.spawn(Self::run).is_ok();
        }
    }

    fn run() {
        BlockedThread::block_other_signals();
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
                .filter_map(|mut interrupt| interrupt.deliver_again().then_some(interrupt))
                .collect();
            RESENDER.lock().pending.append(&mut rest);
        }
    }
}

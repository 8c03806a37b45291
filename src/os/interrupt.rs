//! Ending a thread's wait in the operating system's lock call.
//!
//! How a thread is struck, so that the call it blocks in returns, is for each family of systems to
//! say ([`Target`]). Everywhere a strike that comes before the call has begun to block is lost, so
//! it is repeated until the thread says that it is out. The one who asks waits for that a moment
//! (it takes microseconds); what takes longer goes to a thread that lives as long as there is such
//! a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::WAIT_STACK;
use super::imp::Target;

/// How long the asking thread waits before it leaves the matter to another.
const AT_ONCE: Duration = Duration::from_micros(200);
/// How long to wait between the first two strikes of that other thread; twice as long between the
/// next two, and so on.
const AGAIN: Duration = Duration::from_millis(1);
/// How often the pause doubles: to 64 ms.
const DOUBLINGS: u32 = 6;
/// How often a strike may find no wait to end before the thread is left alone: half a second. A
/// thread about to block does so within microseconds, so this is a system that cannot do it.
const MISSES: u32 = 12;

/// What a strike did to the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// If it is blocked, it will notice.
    Sent,
    /// It was not seen to block in a call.
    #[cfg_attr(unix, expect(dead_code, reason = "a signal is sent to a running thread as well"))]
    Missed,
    /// It cannot be struck: its wait goes on until the lock is granted.
    Impossible,
}

/// Shared by the thread that waits and those who may end its wait.
#[derive(Debug, Default)]
pub struct Interrupt {
    requested: AtomicBool,
    /// The thread, while it can be blocked in the call.
    exposed: Mutex<Option<Target>>,
    left: Condvar,
}

impl Interrupt {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `blocking` on this thread, open to strikes; `blocking` is given a way to ask whether
    /// it was interrupted.
    pub fn expose<T>(&self, blocking: impl FnOnce(&dyn Fn() -> bool) -> T) -> T {
        *self.exposed.lock() = Target::this_thread();
        let result = blocking(&|| self.requested.load(Ordering::SeqCst));
        *self.exposed.lock() = None;
        self.left.notify_all();
        result
    }

    /// Asks the wait to end, and sees to it that it does.
    pub fn interrupt(self: &Arc<Self>) {
        self.requested.store(true, Ordering::SeqCst);
        let mut case = Case { interrupt: Arc::clone(self), strikes: 0, misses: 0 };
        if case.strike(AT_ONCE) {
            Resender::add(case);
        }
    }
}

/// A wait that is to end.
struct Case {
    interrupt: Arc<Interrupt>,
    strikes: u32,
    misses: u32,
}

impl Case {
    /// Strikes, and waits for the effect, for so long. True: another strike may be needed.
    fn strike(&mut self, patience: Duration) -> bool {
        let mut exposed = self.interrupt.exposed.lock();
        let Some(target) = &*exposed else { return false };
        // SAFETY: the thread is alive: before it ends it takes itself out, under this mutex.
        match unsafe { target.strike() } {
            Struck::Sent => self.misses = 0,
            Struck::Missed => self.misses += 1,
            Struck::Impossible => return false,
        }
        self.strikes += 1;
        self.interrupt.left.wait_for(&mut exposed, patience);
        exposed.is_some() && self.misses < MISSES
    }

    fn strike_again(&mut self) -> bool {
        self.strike(AGAIN * 2_u32.pow(self.strikes.saturating_sub(1).min(DOUBLINGS)))
    }
}

/// Those who have not noticed yet. The thread that strikes them runs while there are any.
struct Resender {
    running: bool,
    pending: Vec<Case>,
}

static RESENDER: Mutex<Resender> = Mutex::new(Resender { running: false, pending: Vec::new() });

impl Resender {
    fn add(case: Case) {
        let mut resender = RESENDER.lock();
        resender.pending.push(case);
        if !resender.running {
            let thread =
                std::thread::Builder::new().name("locket-interrupt".into()).stack_size(WAIT_STACK);
            // Without a thread the wait is left to end by itself.
            resender.running = thread.spawn(Self::run).is_ok();
        }
    }

    fn run() {
        Target::take_no_other();
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
                .filter_map(|mut case| case.strike_again().then_some(case))
                .collect();
            RESENDER.lock().pending.append(&mut rest);
        }
    }
}

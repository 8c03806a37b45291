//! What one JavaScript environment has yet to be told.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use parking_lot::Mutex;

use crate::lock::{self, Holder, Outcome, Parker};

/// Calls into the environment's thread with what [`Mailbox::look`] answers there.
pub type Wake = ThreadsafeFunction<(), (), f64, Status, false, true>;

/// Answers that are not the number of a waiter, as `lib/environment.js` reads them.
pub mod answer {
    /// Nothing to tell.
    pub const DONE: f64 = 0.0;
    /// There was nothing to release.
    pub const NOT_HELD: f64 = -1.0;
    /// Letters wait to be drained.
    pub const DRAIN: f64 = -2.0;
}

/// How many numbers make a letter: the waiter, what happened, and two that depend on it.
pub const LETTER: usize = 4;

thread_local! {
    /// The mailbox that this thread will see emptied anyway, right after what it does now.
    #[cfg_attr(windows, allow(clippy::missing_const_for_thread_local, reason = "it is const"))]
    static ATTENDED: Cell<*const Mailbox> = const { Cell::new(ptr::null()) };
}

/// The kind of the letter that grants the lock.
const GRANTED: f64 = 0.0;

/// Letters to one environment, from any thread.
pub struct Mailbox {
    letters: Mutex<Vec<f64>>,
    /// The environment was woken, and has not looked yet.
    woken: AtomicBool,
    /// None before the environment has begun and after it has ended.
    wake: Mutex<Option<Wake>>,
}

impl Mailbox {
    /// Nobody can be woken before it is [opened](Mailbox::open).
    pub fn new() -> Arc<Self> {
        let letters = Mutex::new(Vec::new());
        Arc::new(Self { letters, woken: AtomicBool::new(false), wake: Mutex::new(None) })
    }

    pub fn open(&self, wake: Wake) {
        *self.wake.lock() = Some(wake);
    }

    /// What a woken environment answers. Whoever puts a letter in after this wakes it again.
    pub fn look(&self) -> f64 {
        self.woken.store(false, Ordering::SeqCst);
        self.answer()
    }

    /// What a call that may have settled waiters of this environment answers at once: one of the
    /// [`answer`] codes, or the number of the one waiter that was granted the lock.
    pub fn answer(&self) -> f64 {
        let mut letters = self.letters.lock();
        match letters[..] {
            [] => answer::DONE,
            [number, kind, ..] if letters.len() == LETTER && kind == GRANTED => {
                letters.clear();
                number
            }
            _ => answer::DRAIN,
        }
    }

    /// Takes out what there is.
    pub fn take(&self) -> Option<Vec<f64>> {
        let mut letters = self.letters.lock();
        if letters.is_empty() { None } else { Some(std::mem::take(&mut *letters)) }
    }

    /// Runs `work` on a thread that empties this mailbox right after: nobody has to be woken.
    pub fn attend<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = ATTENDED.replace(self);
        let result = work();
        ATTENDED.set(before);
        result
    }

    /// Does something with the way to wake the environment, while there is one.
    pub fn with_wake(&self, act: impl FnOnce(&mut Wake)) {
        if let Some(wake) = &mut *self.wake.lock() {
            act(wake);
        }
    }

    /// The environment has ended: nobody is there to be told.
    pub fn close(&self) {
        drop(self.wake.lock().take());
        self.letters.lock().clear();
    }

    fn put(&self, letter: [f64; LETTER]) {
        self.letters.lock().extend(letter);
        self.alert();
    }

    /// Wakes the environment, unless it is on its way already.
    fn alert(&self) {
        if !ptr::eq(ATTENDED.get(), self) && !self.woken.swap(true, Ordering::SeqCst) {
            self.with_wake(|wake| {
                wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            });
        }
    }
}

/// Where the answer to one acquire goes.
#[derive(Clone)]
pub enum Seat {
    /// To the environment, under the number it gave.
    Mail { mailbox: Arc<Mailbox>, number: f64 },
    /// To the thread that waits.
    Thread(Arc<Parker>),
}

impl lock::Seat for Seat {
    fn settle(self, outcome: Outcome) {
        match self {
            Self::Mail { mailbox, number } => {
                let [kind, a, b] = encode(outcome);
                mailbox.put([number, kind, a, b]);
            }
            Self::Thread(parker) => parker.settle(outcome),
        }
    }

    fn alert(&self) {
        match self {
            Self::Mail { mailbox, .. } => mailbox.alert(),
            Self::Thread(_) => {}
        }
    }

    fn notice(&self, holder: Holder) {
        match self {
            Self::Mail { mailbox, number } => {
                mailbox.put([*number, 5.0, encode_holder(holder), 0.0])
            }
            Self::Thread(parker) => parker.notice(holder),
        }
    }
}

/// An outcome as the three numbers that `lib/environment.js` reads.
pub fn encode(outcome: Outcome) -> [f64; 3] {
    match outcome {
        Outcome::Granted => [GRANTED, 0.0, 0.0],
        Outcome::Busy => [1.0, 0.0, 0.0],
        Outcome::TimedOut => [2.0, 0.0, 0.0],
        Outcome::Deadlock => [3.0, 0.0, 0.0],
        Outcome::Failed(error) => [4.0, error.errno.into(), (error.syscall as u8).into()],
    }
}

/// A holder as a number: 1 for this process.
pub fn encode_holder(holder: Holder) -> f64 {
    match holder {
        Holder::Own => 1.0,
        Holder::Foreign => 0.0,
    }
}

//! The mutex, the condition and the clock under shuttle's scheduler.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::MutexGuard;

use crate::lock::hold::TURN;

/// With the interface of the mutex that stands here otherwise: a panic does not poison it.
#[derive(Debug)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A condition that is never waited for: to wait in vain, or until time is up, may happen anywhere.
#[derive(Debug)]
pub struct Condvar;

/// See [`Condvar`].
pub struct TimedOut;

impl Condvar {
    pub fn new() -> Self {
        Self
    }

    pub fn notify_all(&self) {}

    pub fn wait_until<T>(&self, _guard: &mut MutexGuard<'_, T>, _deadline: Instant) -> TimedOut {
        TimedOut
    }
}

impl TimedOut {
    pub fn timed_out(&self) -> bool {
        true
    }
}

/// At each look, half a turn may have passed.
pub fn now() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    static HALF_TURNS: AtomicU32 = AtomicU32::new(0);
    let passed = u32::from(thread_rng().gen_bool(0.3));
    *START + TURN / 2 * (HALF_TURNS.fetch_add(passed, Ordering::Relaxed) + passed)
}

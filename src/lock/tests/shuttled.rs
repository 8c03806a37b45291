//! The mutex and the clock under shuttle's scheduler.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::MutexGuard;

use crate::lock::state::TURN;

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

/// At each look, half a turn may have passed.
pub fn now() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    static HALF_TURNS: AtomicU32 = AtomicU32::new(0);
    let passed = u32::from(thread_rng().gen_bool(0.3));
    *START + TURN / 2 * (HALF_TURNS.fetch_add(passed, Ordering::Relaxed) + passed)
}

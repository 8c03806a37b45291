//! A thread that waits for its own acquire.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::command::Offer;
use super::waiter::{Blocker, Outcome};

/// Where a blocked thread waits for what its waiter is told.
#[derive(Debug, Default)]
pub struct Parker {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    notice: Option<Blocker>,
    offer: Option<Offer>,
    outcome: Option<Outcome>,
}

/// What a thread wakes up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// The acquire is over.
    Outcome(Outcome),
    /// The lock is the thread's to accept.
    Offer(Offer),
    /// The lock is taken. Told at most once.
    Notice(Blocker),
    /// The time is over.
    TimedOut,
}

impl Parker {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn complete(&self, outcome: Outcome) {
        self.told.lock().outcome = Some(outcome);
        self.changed.notify_one();
    }

    pub fn offer(&self, offer: Offer) {
        self.told.lock().offer = Some(offer);
        self.changed.notify_one();
    }

    pub fn notice(&self, blocker: Blocker) {
        self.told.lock().notice = Some(blocker);
        self.changed.notify_one();
    }

    /// Waits for something to happen, until the deadline if there is one. A notice that the outcome
    /// has overtaken is void.
    pub fn wait(&self, deadline: Option<Instant>) -> Parked {
        let mut told = self.told.lock();
        loop {
            if let Some(outcome) = told.outcome {
                return Parked::Outcome(outcome);
            }
            if let Some(offer) = told.offer.take() {
                return Parked::Offer(offer);
            }
            if let Some(blocker) = told.notice.take() {
                return Parked::Notice(blocker);
            }
            match deadline {
                None => self.changed.wait(&mut told),
                Some(deadline) if deadline <= Instant::now() => return Parked::TimedOut,
                Some(deadline) => {
                    self.changed.wait_until(&mut told, deadline);
                }
            }
        }
    }
}

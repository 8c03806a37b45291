//! A thread that waits for its own acquire.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::waiter::{Holder, Outcome};

/// Where a blocked thread waits for what its waiter is told.
#[derive(Debug, Default)]
pub struct Parker {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    notice: Option<Holder>,
    outcome: Option<Outcome>,
}

impl Parker {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn settle(&self, outcome: Outcome) {
        self.told.lock().outcome = Some(outcome);
        self.changed.notify_one();
    }

    pub fn notice(&self, holder: Holder) {
        self.told.lock().notice = Some(holder);
    }

    /// What was noticed, if the acquire is not settled yet.
    pub fn noticed(&self) -> Option<Holder> {
        let told = self.told.lock();
        told.notice.filter(|_| told.outcome.is_none())
    }

    /// The outcome; waits for it, until the deadline if there is one.
    pub fn wait(&self, deadline: Option<Instant>) -> Option<Outcome> {
        let mut told = self.told.lock();
        while told.outcome.is_none() {
            match deadline {
                None => self.changed.wait(&mut told),
                Some(deadline) => {
                    if self.changed.wait_until(&mut told, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        told.outcome
    }
}

//! Where a test waits for the outcome of an acquire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::threads::{Condvar, Mutex};
use crate::lock::driver::{Attempt, Driver};
use crate::lock::waiter::{Holder, LockPath, Outcome, OwnerId, Patience, Seat, Waiter, WaiterId};
use crate::os::Os;

/// A seat that minds what it is told.
#[derive(Clone, Default)]
pub struct Chair(Arc<Told>);

#[derive(Default)]
struct Told {
    outcome: Mutex<Option<Outcome>>,
    notice: Mutex<Option<Holder>>,
    alerted: AtomicBool,
    changed: Condvar,
}

impl Chair {
    /// The outcome; waits for it.
    pub fn wait(&self) -> Outcome {
        let mut outcome = self.0.outcome.lock().expect("no thread panicked");
        loop {
            match *outcome {
                Some(outcome) => return outcome,
                None => outcome = self.0.changed.wait(outcome).expect("no thread panicked"),
            }
        }
    }

    /// Whether it was told that an outcome may come.
    #[cfg(not(shuttle))]
    pub fn alerted(&self) -> bool {
        self.0.alerted.load(Ordering::SeqCst)
    }

    /// The outcome, if there is one yet.
    pub fn outcome(&self) -> Option<Outcome> {
        *self.0.outcome.lock().expect("no thread panicked")
    }
}

impl Seat for Chair {
    fn alert(&self) {
        self.0.alerted.store(true, Ordering::SeqCst);
    }

    fn settle(self, outcome: Outcome) {
        let before = self.0.outcome.lock().expect("no thread panicked").replace(outcome);
        assert_eq!(before, None, "an acquire has one outcome");
        self.0.changed.notify_all();
    }

    fn notice(&self, holder: Holder) {
        let before = self.0.notice.lock().expect("no thread panicked").replace(holder);
        assert_eq!(before, None, "a waiter is noticed once");
    }
}

/// One acquire of a test.
pub struct Acquire<O: Os> {
    driver: Arc<Driver<Chair, O>>,
    pub id: WaiterId,
    pub path: LockPath,
    pub chair: Chair,
}

impl<O: Os> Acquire<O> {
    /// Asks, and makes the attempt there and then.
    pub fn start(driver: &Arc<Driver<Chair, O>>, id: (u32, u64), path: &LockPath) -> Self {
        Self::start_with(driver, id, path, Patience::Forever)
    }

    pub fn start_with(
        driver: &Arc<Driver<Chair, O>>,
        id: (u32, u64),
        path: &LockPath,
        patience: Patience,
    ) -> Self {
        Self::run(Self::request(driver, id, path, patience))
    }

    /// One attempt by a thread that cannot wait for what other threads do.
    pub fn start_sync(driver: &Arc<Driver<Chair, O>>, id: (u32, u64), path: &LockPath) -> Self {
        Self::run(Self::request_as(driver, id, path, Patience::Once, true))
    }

    fn run((acquire, attempt): (Self, Option<Attempt<Chair, O>>)) -> Self {
        if let Some(attempt) = attempt {
            attempt.run();
        }
        acquire
    }

    /// Asks, and leaves the attempt to the caller.
    pub fn request(
        driver: &Arc<Driver<Chair, O>>,
        id: (u32, u64),
        path: &LockPath,
        patience: Patience,
    ) -> (Self, Option<Attempt<Chair, O>>) {
        Self::request_as(driver, id, path, patience, false)
    }

    fn request_as(
        driver: &Arc<Driver<Chair, O>>,
        (owner, number): (u32, u64),
        path: &LockPath,
        patience: Patience,
        blocks_owner: bool,
    ) -> (Self, Option<Attempt<Chair, O>>) {
        let chair = Chair::default();
        let id = WaiterId { owner: OwnerId(owner), number };
        let attempt = driver.request(Waiter {
            id,
            path: path.clone(),
            patience,
            blocks_owner,
            wants_notice: true,
            seat: chair.clone(),
        });
        (Self { driver: Arc::clone(driver), id, path: path.clone(), chair }, attempt)
    }

    pub fn outcome(&self) -> Outcome {
        self.chair.wait()
    }

    pub fn cancel(&self) -> bool {
        self.driver.cancel(&self.path, self.id)
    }

    pub fn release(&self) -> bool {
        self.driver.release_only(&self.path, self.id)
    }
}

//! Takes the outcome of an acquire to the test that waits for it.

use std::sync::Arc;

use super::threads::{Condvar, Mutex};
use crate::lock::command::Offer;
use crate::lock::driver::{Attempt, Driver};
use crate::lock::waiter::{
    AcquireId, Blocker, Expired, LockId, Outcome, OwnerId, Reply, WaitLimit, Waiter,
};
use crate::os::{Mode, Os};
use crate::path::LockPath;

/// A reply that remembers what it is told.
#[derive(Clone, Default)]
pub struct TestReply(Arc<Told>);

#[derive(Default)]
struct Told {
    outcome: Mutex<Option<Outcome>>,
    notice: Mutex<Option<Blocker>>,
    offers: Mutex<Vec<Offer>>,
    changed: Condvar,
}

impl TestReply {
    /// Returns the outcome, if there is one yet.
    pub fn outcome(&self) -> Option<Outcome> {
        *self.0.outcome.lock().expect("no thread panicked")
    }

    /// Returns the offer, if there is one that was not taken yet.
    pub fn take_offer(&self) -> Option<Offer> {
        self.0.offers.lock().expect("no thread panicked").pop()
    }

    /// Waits for the outcome; accepts what is offered until then.
    fn wait(&self, accept: impl Fn(Offer)) -> Outcome {
        let mut outcome = self.0.outcome.lock().expect("no thread panicked");
        loop {
            if let Some(outcome) = *outcome {
                return outcome;
            }
            // Told under this mutex, so that none is missed.
            if let Some(offer) = self.take_offer() {
                drop(outcome);
                accept(offer);
                outcome = self.0.outcome.lock().expect("no thread panicked");
            } else {
                outcome = self.0.changed.wait(outcome).expect("no thread panicked");
            }
        }
    }
}

impl Reply for TestReply {
    fn offer(&self, offer: Offer) {
        let outcome = self.0.outcome.lock().expect("no thread panicked");
        self.0.offers.lock().expect("no thread panicked").push(offer);
        drop(outcome);
        self.0.changed.notify_all();
    }

    fn complete(self, outcome: Outcome) {
        let before = self.0.outcome.lock().expect("no thread panicked").replace(outcome);
        assert_eq!(before, None, "an acquire has one outcome");
        self.0.changed.notify_all();
    }

    fn notice(&self, blocker: Blocker) {
        let before = self.0.notice.lock().expect("no thread panicked").replace(blocker);
        assert_eq!(before, None, "a waiter is noticed once");
    }
}

/// One acquire of a test.
pub struct Acquire<O: Os> {
    driver: Arc<Driver<TestReply, O>>,
    pub id: AcquireId,
    pub path: LockPath,
    pub reply: TestReply,
}

impl<O: Os> Acquire<O> {
    /// Asks, and makes the attempt at once.
    pub fn start(driver: &Arc<Driver<TestReply, O>>, id: (u32, u64), path: &LockPath) -> Self {
        Self::start_with(driver, id, path, WaitLimit::Unlimited)
    }

    pub fn start_with(
        driver: &Arc<Driver<TestReply, O>>,
        id: (u32, u64),
        path: &LockPath,
        limit: WaitLimit,
    ) -> Self {
        Self::run(Self::request(driver, id, path, limit))
    }

    pub fn start_shared(
        driver: &Arc<Driver<TestReply, O>>,
        id: (u32, u64),
        path: &LockPath,
    ) -> Self {
        Self::run(Self::request_as(driver, id, path, Mode::Shared, WaitLimit::Unlimited, false))
    }

    /// In shared mode, by a thread that waits for nothing else.
    pub fn start_shared_sync(
        driver: &Arc<Driver<TestReply, O>>,
        id: (u32, u64),
        path: &LockPath,
    ) -> Self {
        Self::run(Self::request_as(driver, id, path, Mode::Shared, WaitLimit::Unlimited, true))
    }

    /// One attempt in shared mode.
    pub fn try_shared(driver: &Arc<Driver<TestReply, O>>, id: (u32, u64), path: &LockPath) -> Self {
        Self::run(Self::request_as(driver, id, path, Mode::Shared, WaitLimit::None, false))
    }

    /// One attempt by a thread that cannot wait for what other threads do.
    pub fn start_sync(driver: &Arc<Driver<TestReply, O>>, id: (u32, u64), path: &LockPath) -> Self {
        Self::run(Self::request_as(driver, id, path, Mode::Exclusive, WaitLimit::None, true))
    }

    fn run((acquire, attempt): (Self, Option<Attempt<TestReply, O>>)) -> Self {
        if let Some(attempt) = attempt {
            attempt.run();
        }
        acquire
    }

    /// Asks, and leaves the attempt to the caller.
    pub fn request(
        driver: &Arc<Driver<TestReply, O>>,
        id: (u32, u64),
        path: &LockPath,
        limit: WaitLimit,
    ) -> (Self, Option<Attempt<TestReply, O>>) {
        Self::request_as(driver, id, path, Mode::Exclusive, limit, false)
    }

    fn request_as(
        driver: &Arc<Driver<TestReply, O>>,
        (owner, sequence): (u32, u64),
        path: &LockPath,
        mode: Mode,
        limit: WaitLimit,
        is_sync: bool,
    ) -> (Self, Option<Attempt<TestReply, O>>) {
        let reply = TestReply::default();
        let id = AcquireId { owner: OwnerId(owner), sequence };
        let requested = driver.request(Waiter {
            id,
            path: path.clone(),
            lock: LockId(sequence),
            mode,
            limit,
            is_sync,
            wants_notice: true,
            reply: reply.clone(),
        });
        (Self { driver: Arc::clone(driver), id, path: path.clone(), reply }, requested.attempt)
    }

    pub fn outcome(&self) -> Outcome {
        self.reply.wait(|offer| self.driver.accept(offer))
    }

    pub fn cancel(&self) -> bool {
        self.driver.cancel(self.id)
    }

    pub fn expire(&self) -> Expired {
        self.driver.expire(self.id)
    }

    pub fn downgrade(&self) {
        assert_eq!(self.driver.downgrade(self.id), Ok(true), "it is exclusive");
    }

    pub fn release(&self) -> bool {
        self.driver.release_only(self.id)
    }
}

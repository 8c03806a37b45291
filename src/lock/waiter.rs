//! A waiter, and what it is told.

use super::command::Offer;
use crate::error::Error;
use crate::os::Mode;
use crate::path::LockPath;

/// One JavaScript environment (the main thread or a worker). What it acquired is released when it
/// ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub u32);

/// One acquire, and later the one acquisition that it led to. Unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AcquireId {
    /// The environment that asked.
    pub owner: OwnerId,
    /// The number that the environment gave to this acquire.
    pub sequence: u64,
}

/// The object by which an acquire was made. Unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockId(pub u64);

/// How long an acquire may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitLimit {
    /// One attempt.
    None,
    /// Until its caller gives up. The caller keeps the deadline: it ends a wait, and refuses no lock
    /// that came in time to be granted.
    Bounded,
    /// Indefinitely.
    Unlimited,
}

/// An acquire that has no outcome yet.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Waiter<R> {
    pub id: AcquireId,
    pub path: LockPath,
    pub lock: LockId,
    pub mode: Mode,
    pub limit: WaitLimit,
    /// The calling thread waits itself, so it cannot release what it already holds.
    pub is_sync: bool,
    /// Is told once when the lock turns out to be taken.
    pub wants_notice: bool,
    pub reply: R,
}

impl<R> Waiter<R> {
    pub fn is_single(&self) -> bool {
        self.limit == WaitLimit::None
    }

    pub fn is_shared(&self) -> bool {
        self.mode == Mode::Shared
    }

    /// Returns `true` if its thread does nothing else before its outcome.
    pub fn blocks_thread(&self) -> bool {
        self.is_sync && self.limit == WaitLimit::Unlimited
    }

    /// Returns `true` if it would wait indefinitely while `owner` has the lock.
    pub fn would_deadlock_with(&self, owner: OwnerId) -> bool {
        self.blocks_thread() && self.id.owner == owner
    }
}

/// What came of a waiter whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// It gives up, as by [`cancel`](super::driver::Driver::cancel).
    Removed,
    /// What is under way decides about it.
    Tried,
    /// It has its outcome, or is being told.
    Over,
}

/// How an acquire ended. Every waiter is told exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The lock is the waiter's.
    Granted,
    /// The one attempt found the lock taken.
    Busy,
    /// The caller gave up.
    Cancelled,
    /// The waiting thread holds the lock itself and would wait indefinitely.
    Deadlock,
    /// The operating system refused.
    Failed(Error),
}

/// The process that has the lock a waiter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// This process.
    ThisProcess,
    /// Another process.
    OtherProcess,
}

/// Takes the outcome of an acquire to its caller.
pub trait Reply: Send + 'static {
    /// Tells the outcome; nothing is told after it.
    fn complete(self, outcome: Outcome);
    /// The operating system has granted the lock. The caller's thread is to
    /// [accept](super::driver::Driver::accept) it: so it is woken once, and with the lock.
    fn offer(&self, offer: Offer);
    /// Tells, at most once, that the lock is taken. The outcome may overtake it on another thread;
    /// then it has no meaning any more.
    fn notice(&self, blocker: Blocker);
}

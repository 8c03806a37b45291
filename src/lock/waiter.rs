//! Those who ask for a lock, and what they are told.

use std::ffi::OsStr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;

/// An absolute path as its user spelled it. Cheap to clone; compared byte by byte, because
/// whether two spellings mean one file is for the file system to say.
#[derive(Clone)]
pub struct LockPath(Arc<OsStr>);

impl LockPath {
    /// Wraps an absolute path.
    pub fn new(path: &OsStr) -> Self {
        Self(Arc::from(path))
    }

    /// The path, for the operating system.
    pub fn as_path(&self) -> &Path {
        Path::new(&*self.0)
    }
}

impl PartialEq for LockPath {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for LockPath {}

impl Hash for LockPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.as_encoded_bytes());
    }
}

impl fmt::Debug for LockPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One JavaScript environment (the main thread or a worker): what it acquired is freed when it
/// ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub u32);

/// One acquire, and later the one acquisition it led to. Unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaiterId {
    /// The environment that asked.
    pub owner: OwnerId,
    /// The number that environment gave to this acquire.
    pub number: u64,
}

/// How long an acquire may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Patience {
    /// One attempt.
    Once,
    /// Until this moment of the monotonic clock.
    Until(Instant),
    /// For ever.
    Forever,
}

/// One who asked for a lock and has not been told yet.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Waiter<S> {
    pub id: WaiterId,
    pub path: LockPath,
    pub patience: Patience,
    /// The asking thread itself waits, so it cannot release what it already holds.
    pub blocks_owner: bool,
    /// Wants to be told once when the lock turns out to be taken.
    pub wants_notice: bool,
    pub seat: S,
}

impl<S> Waiter<S> {
    pub fn expired(&self, now: Instant) -> bool {
        matches!(self.patience, Patience::Until(deadline) if deadline <= now)
    }

    /// Cannot wait even for an attempt that another thread is making.
    pub fn never_waits(&self) -> bool {
        self.blocks_owner && self.patience == Patience::Once
    }

    /// Would wait for ever if `owner` had the lock?
    pub fn waits_for_itself(&self, owner: OwnerId) -> bool {
        self.blocks_owner && self.patience == Patience::Forever && self.id.owner == owner
    }

    /// Does this waiter have to be looked at when the lock changes hands, though it is not first?
    pub fn is_special(&self) -> bool {
        self.wants_notice || self.blocks_owner || self.patience == Patience::Once
    }
}

/// How an acquire ended. Every waiter is told exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The lock is the waiter's.
    Granted,
    /// The one attempt found the lock taken.
    Busy,
    /// The lock came free after the deadline; it went to the next waiter.
    TimedOut,
    /// The waiting thread holds the lock itself and would wait for ever.
    Deadlock,
    /// The operating system refused.
    Failed(Error),
}

/// Who stands in the way of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This process.
    Own,
    /// Another process.
    Foreign,
}

/// Where the answer to a waiter goes.
pub trait Seat: Send + 'static {
    /// Tells the outcome; nothing is told after it.
    fn settle(self, outcome: Outcome);
    /// The outcome may be about to come: whoever will hear it can begin to wake up.
    fn alert(&self) {}
    /// Tells, at most once, that the lock is taken. The outcome may overtake it on another thread;
    /// then it means nothing any more.
    fn notice(&self, holder: Holder);
}

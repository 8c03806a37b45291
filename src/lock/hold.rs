//! Whether this process has the lock of a file, and which acquisitions in it.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::command::WorkId;
use super::waiter::{AcquireId, LockId, OwnerId};
use crate::os::{FileId, Gate, Identified, Mode};
use crate::path::LockPath;

/// How long one process may hand the lock over among its own waiters before it queues again
/// behind other processes. A turn costs about 0.1 ms: with 5 ms instead of 2, four busy processes
/// did 3 % more, and the longest wait behind them was 85 ms instead of 30.
pub const TURN: Duration = Duration::from_millis(2);

/// The same for a shared lock, where it cannot be told whether another process waits. To let go of
/// it, new readers have to wait for the ones that there are: with a short turn that is most of the
/// time.
pub const BLIND_TURN: Duration = Duration::from_millis(50);

/// The hold of an entry.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub enum Hold<F> {
    /// The lock is not ours.
    Free,
    /// An attempt is under way.
    Attempting(Attempt),
    /// The exclusive lock is ours, and the thread of the first waiter is woken to take it.
    Offered { file: F, since: Instant, to: AcquireId, number: u64 },
    /// The exclusive lock is ours and goes to the first waiter once its path is verified.
    Verifying { file: F, since: Instant },
    /// The exclusive lock is ours and belongs to one acquisition, which `lock` asked for by `path`.
    Held { file: F, since: Instant, holder: AcquireId, path: LockPath, lock: LockId },
    /// The lock is ours, and shared or about to be.
    Shared(Shared<F>),
}

/// An attempt that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub work: WorkId,
    /// The mode of the waiter that it was ordered for.
    pub mode: Mode,
    /// It waits for a thread of the pool, which can be busy for any time. Some environments take
    /// their work with them when they end (Deno's workers).
    pub pool_of: Option<OwnerId>,
    /// It runs: it can create the file, and have the lock for a moment.
    pub has_begun: bool,
}

/// A shared lock, which serves all readers of this process.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Shared<F> {
    pub file: FileId,
    /// When the lock became ours.
    pub since: Instant,
    pub readers: Readers,
    /// Its turn is over, and others wait: it is passed on to no more readers.
    pub is_closed: bool,
    pub step: Step<F>,
}

/// What goes on at a shared lock. While it is under way, the file is where that is done.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub enum Step<F> {
    Idle(F),
    /// The exclusive lock that it was is being made a shared one.
    Downgrading,
    /// The path of the first waiter is verified.
    Checking,
}

/// The acquisitions that share the lock.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub struct Readers(FxHashMap<AcquireId, Reader>);

/// One of them, which `lock` asked for by `path`.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Reader {
    pub path: LockPath,
    pub lock: LockId,
}

impl Attempt {
    /// Returns `true` if it waits for the pool.
    pub fn is_pooled(&self) -> bool {
        self.pool_of.is_some() && !self.has_begun
    }
}

impl<F: Identified> Hold<F> {
    /// Returns the file whose lock is ours.
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::Shared(shared) => Some(shared.file),
            _ => self.open_file().map(Identified::id),
        }
    }
}

impl<F> Hold<F> {
    /// Returns the open file whose exclusive lock is ours.
    pub fn open_file(&self) -> Option<&F> {
        match self {
            Self::Offered { file, .. } | Self::Verifying { file, .. } | Self::Held { file, .. } => {
                Some(file)
            }
            Self::Free | Self::Attempting(_) | Self::Shared(_) => None,
        }
    }
}

impl<F: Identified> Shared<F> {
    /// A lock that is shared, and has no reader yet.
    pub fn new(file: F, since: Instant) -> Self {
        let id = file.id();
        Self { step: Step::Idle(file), ..Self::downgrading(id, since) }
    }

    /// An exclusive lock that is being made a shared one.
    pub fn downgrading(file: FileId, since: Instant) -> Self {
        let step = Step::Downgrading;
        Self { file, since, readers: Readers::default(), is_closed: false, step }
    }

    /// Returns `true` if more readers may go in.
    pub fn admits(&self, gate: Gate, now: Instant) -> bool {
        let held = now.duration_since(self.since);
        match gate {
            Gate::Open => true,
            Gate::Closed => held < TURN,
            Gate::Absent => held < BLIND_TURN,
        }
    }
}

impl Readers {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn insert(&mut self, id: AcquireId, reader: Reader) {
        self.0.insert(id, reader);
    }

    /// Returns `false` if there is no such reader.
    pub fn remove(&mut self, reader: AcquireId) -> bool {
        self.0.remove(&reader).is_some()
    }

    pub fn remove_owner(&mut self, owner: OwnerId) {
        self.0.retain(|reader, _| reader.owner != owner);
    }

    pub fn contains(&self, reader: AcquireId) -> bool {
        self.0.contains_key(&reader)
    }

    /// Returns `true` if one of them is of `owner`.
    pub fn contains_owner(&self, owner: OwnerId) -> bool {
        self.0.keys().any(|reader| reader.owner == owner)
    }

    /// Returns `true` if one of them asked by `path`.
    pub fn contains_path(&self, path: &LockPath) -> bool {
        self.0.values().any(|reader| reader.path == *path)
    }

    /// Returns the earliest that was acquired by `lock`.
    pub fn first_of(&self, lock: LockId) -> Option<AcquireId> {
        self.0.iter().filter(|(_, reader)| reader.lock == lock).map(|(id, _)| *id).min()
    }

    /// Returns the only one.
    pub fn sole(&self) -> Option<AcquireId> {
        self.0.keys().copied().next().filter(|_| self.len() == 1)
    }

    /// Takes out the only one.
    pub fn pop(&mut self) -> Option<(AcquireId, Reader)> {
        self.0.drain().next()
    }

    #[cfg(test)]
    pub fn sorted(&self) -> Vec<AcquireId> {
        let mut all: Vec<_> = self.0.keys().copied().collect();
        all.sort();
        all
    }

    #[cfg(test)]
    pub fn paths(&self) -> impl Iterator<Item = &LockPath> {
        self.0.values().map(|reader| &reader.path)
    }
}

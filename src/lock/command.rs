//! What the state machine and its driver say to each other.

use super::waiter::{AcquireId, Blocker, Outcome};
use crate::error::Error;
use crate::os::{FileId, Mode};
use crate::path::LockPath;

/// An entry of the registry: one file that is held, tried or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub u64);

/// One piece of file work that an entry ordered. A result under a number that is no longer
/// expected is stale, and the file that it brings is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId {
    pub entry: EntryId,
    pub number: u64,
}

/// A lock that the operating system has granted, on its way to the thread of a waiter. Under a number
/// that is no longer expected it is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Offer {
    pub entry: EntryId,
    pub number: u64,
}

/// What the driver has to do, in this order, outside the mutex.
#[derive(Debug)]
pub enum Action<R, F> {
    /// Open the file, ask [`file_opened`](super::registry::Registry::file_opened), try once,
    /// report with [`tried`](super::registry::Registry::tried).
    Attempt { work: WorkId, path: LockPath, mode: Mode },
    /// The same on a separate thread (with `file`, if that is open already), but wait for the
    /// lock; report with [`waited`](super::registry::Registry::waited).
    Wait { work: WorkId, path: LockPath, mode: Mode, file: Option<F> },
    /// End the wait if it can be ended.
    Interrupt { work: WorkId },
    /// Unlock the file, and wait for it again as [`Action::Wait`] does, without opening it anew.
    Requeue { work: WorkId, path: LockPath, mode: Mode, file: F },
    /// Tell a waiter that the operating system has granted the lock; its thread reports with
    /// [`accepted`](super::registry::Registry::accepted). Meanwhile another thread may compare the file
    /// at the path with `file`, and [confirm](super::registry::Registry::confirmed) that it is there.
    Offer { offer: Offer, path: LockPath, file: FileId, reply: R },
    /// Compare the file at the path with `file`; report with
    /// [`verified`](super::registry::Registry::verified).
    Verify { entry: EntryId, path: LockPath, file: FileId },
    /// The same for a file that is locked in shared mode; look at its gate, too, if `looks_at_gate`.
    /// Report with [`checked`](super::registry::Registry::checked).
    Check { entry: EntryId, path: LockPath, file: F, looks_at_gate: bool },
    /// Make the exclusive lock a shared one; report with
    /// [`downgraded`](super::registry::Registry::downgraded).
    Downgrade { entry: EntryId, file: F },
    /// Tell a waiter how its acquire ended.
    Complete { id: AcquireId, reply: R, outcome: Outcome },
    /// Tell a waiter that it has to wait.
    Notice { reply: R, blocker: Blocker },
    /// Unlock and close.
    Unlock { file: F },
}

/// The actions that one event leads to.
pub type Actions<R, F> = Vec<Action<R, F>>;

/// The result of one attempt.
#[derive(Debug)]
pub enum Tried<F> {
    /// Locked, and the path still names the file.
    Locked(F),
    /// Another process (or another copy of this package) has it.
    Busy(F),
    /// Another program has a lease on it, so that it cannot be opened yet.
    Leased,
    /// It could not be opened or locked.
    Failed(Error),
}

/// How a wait ended.
#[derive(Debug)]
pub enum WaitEnd<F> {
    /// Locked. Whether the path still names the file is not verified.
    Granted(F),
    /// Ended on request.
    Interrupted,
    /// It could not be opened, locked or waited for.
    Failed(Error),
}

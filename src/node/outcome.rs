//! An outcome as one number. `lib/native/outcome.js` reads it by the constants that stand here.

use napi_derive::napi;

use crate::error::Syscall;
use crate::lock::{Blocker, Outcome};

/// The lowest bits of an outcome: its kind.
#[napi]
pub const KIND_BITS: u32 = 4;

/// The bits above: the failed call as an index into `syscallNames()`, or 1 where this process is the
/// holder. Above these stands the error, libuv's number negated.
#[napi]
pub const DETAIL_BITS: u32 = 4;

/// What an outcome says about an acquire.
#[napi]
pub enum Kind {
    /// The lock is the caller's.
    Granted,
    /// The one attempt found the lock taken.
    Busy,
    /// It was cancelled, or its time is over.
    Cancelled,
    /// The waiting thread holds the lock itself and would wait indefinitely.
    Deadlock,
    /// The operating system refused.
    Failed,
    /// No outcome yet: the lock is taken, and the acquire waits.
    Waiting,
    /// The acquisition is over: another caller released it.
    Lost,
}

/// The names of the calls, as Node's errors carry them in `syscall`.
#[napi]
pub fn syscall_names() -> Vec<&'static str> {
    Syscall::NAMES.to_vec()
}

impl From<Kind> for u32 {
    fn from(kind: Kind) -> Self {
        kind as Self
    }
}

/// Encodes an outcome.
pub fn encode(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Granted => Kind::Granted.into(),
        Outcome::Busy => Kind::Busy.into(),
        Outcome::Cancelled => Kind::Cancelled.into(),
        Outcome::Deadlock => Kind::Deadlock.into(),
        Outcome::Failed(error) => {
            u32::from(Kind::Failed)
                | (error.syscall as u32) << KIND_BITS
                | error.errno.unsigned_abs() << (KIND_BITS + DETAIL_BITS)
        }
    }
}

/// Encodes that an acquire waits.
pub fn encode_waiting(blocker: Blocker) -> u32 {
    u32::from(Kind::Waiting) | u32::from(blocker == Blocker::ThisProcess) << KIND_BITS
}

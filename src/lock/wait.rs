//! The one thread of this process that waits in the operating system's queue of a file.

use super::command::WorkId;
use crate::os::{FileId, Mode};

/// The wait of an entry.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Wait {
    pub work: WorkId,
    pub mode: Mode,
    /// The file in whose queue it stands, once it is known.
    pub file: Option<FileId>,
    /// The thread has reached the operating system's queue.
    pub queued: bool,
    /// `true` while a waiter needs the result. Otherwise an interrupt was requested and the result
    /// is discarded.
    pub wanted: bool,
}

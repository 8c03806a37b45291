//! The one door to the operating system.
//!
//! [`Os`] is the contract, written once; a folder for each family of systems fulfils it for
//! [`System`]. Nothing outside this module opens, locks or compares files.

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod imp;
mod interrupt;
mod open;
mod wait_thread;

use std::fs;

use crate::error::Error;
use crate::lock::LockPath;

/// What the thread of a wait needs: it opens a file and blocks.
const WAIT_STACK: usize = 128 * 1024;

/// Which file it is, however its path is spelled: device and inode, or volume and file id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The device, or the volume's serial number.
    pub volume: u64,
    /// The inode, or the file's id.
    pub file: u128,
}

/// An open file that knows which file it is.
pub trait Identified {
    /// The identity read when the file was opened. It cannot be reused while the file is open.
    fn id(&self) -> FileId;
}

/// An open lock file of [`System`].
#[derive(Debug)]
pub struct File {
    file: fs::File,
    id: FileId,
}

impl Identified for File {
    fn id(&self) -> FileId {
        self.id
    }
}

/// How a wait in the operating system's lock call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The lock is held by the file.
    Granted,
    /// [`Os::interrupt`] ended the wait; nothing is held.
    Interrupted,
}

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its command line, where it is another one and can be read.
    pub command: Option<String>,
}

/// What the lock needs of an operating system.
pub trait Os: Send + Sync + 'static {
    /// An open lock file. Dropping it lets go of its lock.
    type File: Identified + Send + 'static;
    /// What two threads share so that one can end the other's [`Os::lock`].
    type Interrupt: Send + Sync + 'static;

    /// Opens the lock file, creating it where it is missing, so that no child process inherits
    /// it. Nothing is written or truncated, no file comes into being through a dangling symbolic
    /// link, and what is not a regular file is an error.
    fn open(&self, path: &LockPath) -> Result<Self::File, Error>;

    /// Which file is at the path now?
    fn identify(&self, path: &LockPath) -> Result<FileId, Error>;

    /// Takes the exclusive lock if it is free (true); never waits.
    fn try_lock(&self, file: &Self::File) -> Result<bool, Error>;

    /// A new, unused way to end a wait.
    fn new_interrupt(&self) -> Self::Interrupt;

    /// Waits in the operating system for the exclusive lock, on a thread of its own, until it is
    /// granted or interrupted.
    fn lock(&self, file: &Self::File, interrupt: &Self::Interrupt) -> Result<Waited, Error>;

    /// Asks the wait to end, whether it has begun or not. Returns soon, and without a promise:
    /// where the operating system cannot end the wait, it goes on until the lock is granted.
    fn interrupt(&self, interrupt: &std::sync::Arc<Self::Interrupt>);

    /// Lets go of the lock and closes the file. When this returns, another process can have it.
    fn unlock(&self, file: Self::File);

    /// The process that holds the lock of the file, where it can be known.
    fn holder(&self, file: FileId) -> Option<Process>;

    /// The process this runs in.
    fn this_process(&self) -> Process {
        Process { pid: std::process::id(), command: None }
    }

    /// Runs `body` on a thread made for [`Os::lock`]: a small stack, no signals of others.
    fn spawn(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Error>;
}

/// The operating system this was compiled for.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

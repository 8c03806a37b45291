//! The one door to the operating system.
//!
//! [`Os`] is the contract, written once; a folder for each family of systems fulfils it for
//! [`System`]. Nothing outside this module opens, locks or compares files.

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod imp;
mod open;
pub mod record;
mod wait;

use std::sync::OnceLock;
use std::{fs, io};

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use self::imp::copy_acl;
#[cfg(unix)]
pub use self::imp::descriptor;

use crate::error::Error;
use crate::path::LockPath;

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
    /// The same file open for writing, where the system locks no other.
    #[cfg_attr(windows, expect(dead_code, reason = "a handle for reading is enough there"))]
    writable: OnceLock<fs::File>,
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "there is nothing to know there")
    )]
    gate: imp::GateState,
}

impl File {
    fn new(file: fs::File, id: FileId) -> Self {
        Self { file, id, writable: OnceLock::new(), gate: imp::GateState::default() }
    }

    /// The open file that has, or takes, the lock.
    #[cfg(unix)]
    fn handle(&self) -> &fs::File {
        self.writable.get().unwrap_or(&self.file)
    }
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

/// How a lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// By one acquisition.
    #[default]
    Exclusive,
    /// By any number of acquisitions, and no exclusive one.
    Shared,
}

/// What keeps new readers of other processes behind a writer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "no system gives each of these answers")]
pub enum Gate {
    /// No other open file waits.
    Open,
    /// Another one waits: a shared lock is not to be passed on to new readers without end.
    Closed,
    /// The system or the file system has none.
    Absent,
}

/// A process that holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HolderInfo {
    /// Its process id.
    pub pid: u32,
    /// How it holds the lock.
    pub mode: Mode,
    /// When it started, in ticks since the system did, if it is another process and the system tells.
    pub start: Option<u64>,
    /// Its command line, if it is another process and the system tells: at most 4 KiB.
    pub argv: Option<Vec<String>>,
}

/// The lock of a file, whichever processes hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockState {
    /// The mode in which it is held; `None` if it is free.
    pub mode: Option<Mode>,
    /// How many processes wait for it. One counts once, however many of its acquires wait.
    pub waiting: u32,
}

/// Returns the state of the lock at the path without taking it, or `None` if the system does not
/// tell.
pub fn state(path: &LockPath) -> Option<LockState> {
    imp::state(path)
}

/// What the lock needs of an operating system.
pub trait Os: Send + Sync + 'static {
    /// An open lock file. Dropping it releases its lock.
    type File: Identified + Send + 'static;
    /// What two threads share so that one can end the other's [`Os::lock`].
    type Interrupt: Send + Sync + 'static;

    /// Opens the lock file, and creates it if it is missing. No child process inherits it. Nothing
    /// is written or truncated, and what is not a regular file is an error. Through a dangling
    /// symbolic link a file is created under the rule of Linux's `fs.protected_symlinks`.
    ///
    /// The path [of a folder](LockPath::is_folder) opens that folder, which must be there.
    fn open(&self, path: &LockPath) -> Result<Self::File, Error>;

    /// Opens the lock file as [`Os::open`] does, and waits where that fails because another program
    /// has a lease on it ([`Error::is_lease`]). Returns `None` if the wait was interrupted.
    fn open_past_lease(
        &self,
        path: &LockPath,
        interrupt: &Self::Interrupt,
    ) -> Result<Option<Self::File>, Error>;

    /// Returns the identity of the file that is at the path now.
    fn identify(&self, path: &LockPath) -> Result<FileId, Error>;

    /// Takes the lock if that is possible at once, and returns `true` then. Never waits. A shared
    /// lock is not possible while another open file waits at the gate.
    fn try_lock(&self, file: &Self::File, mode: Mode) -> Result<bool, Error>;

    /// Returns a new, unused way to end a wait.
    fn new_interrupt(&self) -> Self::Interrupt;

    /// Waits in the operating system for the lock until it is granted or interrupted. Keeps the gate
    /// closed meanwhile, where there is one; once the lock is granted, until [`Os::open_gate`] or until it
    /// is unlocked or downgraded. Runs on a thread of [`Os::spawn`].
    fn lock(
        &self,
        file: &Self::File,
        mode: Mode,
        interrupt: &Self::Interrupt,
    ) -> Result<Waited, Error>;

    /// Makes the exclusive lock that the file holds a shared one. No other process gets it in
    /// between. On an error the lock is exclusive still.
    fn downgrade(&self, file: &Self::File) -> Result<(), Error>;

    /// Opens the gate that the wait for the lock has closed. Apart from [`Os::lock`], because the waiter
    /// is told first: that a gate is closed means nothing as long as the lock is exclusive.
    fn open_gate(&self, file: &Self::File);

    /// Returns whether another open file waits for the lock, as far as the gate tells.
    fn gate(&self, file: &Self::File) -> Gate;

    /// Asks the wait to end, whether it has begun or not. Returns soon. Where the operating system
    /// cannot end the wait, it goes on until the lock is granted.
    fn interrupt(&self, interrupt: &std::sync::Arc<Self::Interrupt>);

    /// Releases the lock, in either mode. When this returns, another process can have it. The file stays open.
    fn unlock(&self, file: &Self::File);

    /// Returns the processes that hold the lock of the file at each path, as far as the system
    /// tells. Asks no file system about the files of other processes.
    fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>>;

    /// Returns the process this runs in.
    fn this_process(&self) -> HolderInfo {
        HolderInfo { pid: std::process::id(), ..HolderInfo::default() }
    }

    /// Runs `body` on a thread made for [`Os::lock`]: a small stack, no signals of others. `body`
    /// returns `true` if its wait was granted; then the thread is kept for the next one for a moment.
    fn spawn(&self, body: Box<dyn FnOnce() -> bool + Send>) -> Result<(), Error>;
}

/// Returns the error in libuv's numbering (negative), as Node's own errors carry it.
pub fn errno(error: &io::Error) -> i32 {
    imp::errno(error)
}

/// The operating system this was compiled for.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

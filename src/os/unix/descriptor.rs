//! Locks of what is no lock file of the contract: a descriptor that was inherited, a range of bytes.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::errors::failed;
use super::id_of;
use super::kernel::ofd::{self, Bytes};
use super::kernel::reopen_for_writing;
use crate::error::{Error, Syscall};
use crate::os::wait::Interrupt;
use crate::os::{File, Waited};

/// Which lock of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// flock(2).
    Whole,
    /// Bytes, by fcntl(2), owned by the open file and not by the process. A length of 0 is to the end
    /// and beyond.
    Range {
        /// The first byte.
        start: i64,
        /// How many.
        length: i64,
    },
}

/// What to do with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Takes it for this open file alone.
    Exclusive,
    /// Takes it together with others.
    Shared,
    /// Lets go of it.
    Unlock,
}

impl File {
    /// Another descriptor of the open file that an inherited descriptor is of: they have the lock
    /// together. It is held until the last of them is closed.
    pub fn of_descriptor(number: RawFd) -> Result<Self, Error> {
        let dup = || {
            if number < 0 {
                return Err(io::Error::from_raw_os_error(libc::EBADF));
            }
            // SAFETY: whether it is open is for the call to say, which does nothing else with it.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            with_id(rustix::io::fcntl_dupfd_cloexec(descriptor, 3)?.into())
        };
        dup().map_err(|error| failed(Syscall::Lock, &error))
    }

    /// Opens the file for writing as well, which an exclusive lock of a range needs.
    pub fn open_for_writing(self) -> Result<Self, Error> {
        match reopen_for_writing(&self.file) {
            Ok(writable) => Ok(Self::new(writable, self.id)),
            Err(error) => Err(failed(Syscall::Open, &error)),
        }
    }

    /// Lets a command that this process becomes have the descriptor.
    pub fn keep_on_exec(&self) -> io::Result<()> {
        Ok(rustix::io::fcntl_setfd(self.handle(), rustix::io::FdFlags::empty())?)
    }
}

fn with_id(file: fs::File) -> io::Result<File> {
    let id = id_of(&rustix::fs::fstat(&file)?);
    Ok(File::new(file, id))
}

/// Does it if that is possible at once (true); never waits.
pub fn try_lock(file: &File, kind: Kind, operation: Operation) -> Result<bool, Error> {
    loop {
        match call(file, kind, operation, false) {
            Ok(()) => return Ok(true),
            Err(Errno::INTR) => {}
            // fcntl(2) may say either.
            Err(Errno::WOULDBLOCK | Errno::ACCESS) => return Ok(false),
            Err(error) => return Err(failed(Syscall::Lock, &error.into())),
        }
    }
}

/// Waits as [`Os::lock`](crate::os::Os::lock) does.
pub fn lock(
    file: &File,
    kind: Kind,
    operation: Operation,
    interrupt: &Interrupt,
) -> Result<Waited, Error> {
    interrupt.run_interruptible(|interrupted| {
        loop {
            if interrupted() {
                return Ok(Waited::Interrupted);
            }
            match call(file, kind, operation, true) {
                Ok(()) => return Ok(Waited::Granted),
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed(Syscall::Lock, &error.into())),
            }
        }
    })
}

fn call(file: &File, kind: Kind, operation: Operation, waits: bool) -> Result<(), Errno> {
    match kind {
        Kind::Whole => rustix::fs::flock(file.handle().as_fd(), flock_operation(operation, waits)),
        Kind::Range { start, length } => {
            lock_range(file, Bytes { start, length }, operation, waits)
        }
    }
}

fn flock_operation(operation: Operation, waits: bool) -> FlockOperation {
    match (operation, waits) {
        (Operation::Exclusive, true) => FlockOperation::LockExclusive,
        (Operation::Exclusive, false) => FlockOperation::NonBlockingLockExclusive,
        (Operation::Shared, true) => FlockOperation::LockShared,
        (Operation::Shared, false) => FlockOperation::NonBlockingLockShared,
        (Operation::Unlock, _) => FlockOperation::Unlock,
    }
}

fn lock_range(file: &File, bytes: Bytes, operation: Operation, waits: bool) -> Result<(), Errno> {
    let kind = match operation {
        Operation::Exclusive => ofd::Kind::Exclusive,
        Operation::Shared => ofd::Kind::Shared,
        Operation::Unlock => ofd::Kind::Unlocked,
    };
    let call = if waits { ofd::wait } else { ofd::set };
    call(file.handle(), bytes, kind)
}

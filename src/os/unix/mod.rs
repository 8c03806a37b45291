//! flock(2) and what belongs to it.

pub mod descriptor;
mod errors;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux/mod.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "other.rs")]
mod kernel;
mod links;
mod open;
mod record;
mod signal;
mod thread;

use std::io;
use std::sync::Arc;

use fs4::{FileExt, TryLockError};
use rustix::fs::Stat;

pub use self::errors::errno;
use self::errors::{failed, is_interruption};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use self::kernel::copy_acl;
use self::kernel::gate;
pub use self::kernel::gate::GateState;
pub use self::kernel::{process_start, state};
pub use self::record::{RecordFile, read_record};
pub use self::thread::BlockedThread;
use super::wait::{self, Interrupt};
use super::{File, FileId, Gate, HolderInfo, Mode, Os, System, Waited};
use crate::error::{Error, Syscall};
use crate::path::LockPath;

impl Os for System {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        let open = || {
            let open = if path.is_folder() { open::open_folder } else { open::open };
            let (file, stat) = open(path.as_path())?;
            Ok(File::new(file, id_of(&stat)))
        };
        open().map_err(|error| failed(Syscall::Open, &error))
    }

    fn open_past_lease(
        &self,
        path: &LockPath,
        interrupt: &Interrupt,
    ) -> Result<Option<File>, Error> {
        if path.is_folder() {
            // It has no leases.
            return self.open(path).map(Some);
        }
        interrupt.run_interruptible(|interrupted| {
            while !interrupted() {
                match open::open_past_lease(path.as_path()) {
                    Ok((file, stat)) => return Ok(Some(File::new(file, id_of(&stat)))),
                    Err(error) if is_interruption(&error) => {}
                    Err(error) => return Err(failed(Syscall::Open, &error)),
                }
            }
            Ok(None)
        })
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        match kernel::current_stat(path.as_path()) {
            Ok(stat) => Ok(id_of(&stat)),
            Err(error) => Err(failed(Syscall::Stat, &error)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn try_lock(&self, file: &File, mode: Mode) -> Result<bool, Error> {
        loop {
            let tried = match mode {
                Mode::Exclusive => FileExt::try_lock(file.handle()),
                Mode::Shared => FileExt::try_lock_shared(file.handle()),
            };
            match tried {
                Ok(()) if mode == Mode::Shared && !gate::admits_reader(file) => {
                    let _ = FileExt::unlock(file.handle());
                    return Ok(false);
                }
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) if is_interruption(&error) => {}
                Err(TryLockError::Error(error)) if kernel::is_busy(&error, file.handle()) => {
                    return Ok(false);
                }
                Err(TryLockError::Error(error)) => reopen_for(error, file)?,
            }
        }
    }

    fn new_interrupt(&self) -> Interrupt {
        Interrupt::new()
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn lock(&self, file: &File, mode: Mode, interrupt: &Interrupt) -> Result<Waited, Error> {
        interrupt.run_interruptible(|interrupted| {
            let lock = || {
                while !interrupted() {
                    let locked = match mode {
                        Mode::Exclusive => FileExt::lock(file.handle()),
                        Mode::Shared => FileExt::lock_shared(file.handle()),
                    };
                    match locked {
                        Ok(()) => return Ok(Waited::Granted),
                        Err(error) if is_interruption(&error) => {}
                        Err(error) => reopen_for(error, file)?,
                    }
                }
                Ok(Waited::Interrupted)
            };
            gate::wait(file, mode, interrupted, &lock)
        })
    }

    /// Linux since 4.0 converts under the lock of its list, and macOS in place: the exclusive lock and
    /// the shared one are not both absent at any time. A shared one conflicts with no waiter's lock,
    /// as none is held.
    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn downgrade(&self, file: &File) -> Result<(), Error> {
        gate::withdraw(file);
        gate::mark(file);
        loop {
            match FileExt::lock_shared(file.handle()) {
                Ok(()) => return Ok(()),
                Err(error) if is_interruption(&error) => {}
                Err(error) => {
                    gate::unmark(file);
                    return Err(failed(Syscall::Lock, &error));
                }
            }
        }
    }

    fn open_gate(&self, file: &File) {
        gate::withdraw(file);
    }

    fn gate(&self, file: &File) -> Gate {
        gate::look(file)
    }

    fn interrupt(&self, interrupt: &Arc<Interrupt>) {
        interrupt.interrupt();
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the file locks")]
    fn unlock(&self, file: &File) {
        gate::withdraw(file);
        // Not left to close(2) alone: between fork and exec a child of this process has the
        // descriptor too. Should the unlock fail, the close that follows is all there is to do.
        let _ = FileExt::unlock(file.handle());
        gate::unmark(file);
    }

    fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
        kernel::holders(paths)
    }

    fn spawn(&self, body: wait::Body) -> Result<(), Error> {
        signal::install();
        wait::run(body).map_err(|error| failed(Syscall::Thread, &error))
    }
}

/// Opens the file for writing if that is what the lock was refused for: NFS answers EBADF to an
/// exclusive lock of a file that is open for reading, and SMB can answer EIO.
fn reopen_for(refusal: io::Error, file: &File) -> Result<(), Error> {
    let asks_for_writing = matches!(refusal.raw_os_error(), Some(libc::EBADF | libc::EIO));
    if !asks_for_writing || file.writable.get().is_some() {
        return Err(failed(Syscall::Lock, &refusal));
    }
    match kernel::reopen_for_writing(&file.file) {
        Ok(writable) => {
            // Another thread may have been first: then its file serves as well.
            let _ = file.writable.set(writable);
            Ok(())
        }
        // That writing is not allowed is why there is no lock.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(failed(Syscall::Open, &error))
        }
        Err(_) => Err(failed(Syscall::Lock, &refusal)),
    }
}

#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
fn id_of(stat: &Stat) -> FileId {
    FileId { volume: stat.st_dev as u64, file: stat.st_ino as u128 }
}

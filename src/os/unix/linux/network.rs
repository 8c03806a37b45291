//! File systems of a server, which the client answers for from its cache.
//!
//! On NFS another client can delete the file, rename another over it or move it away, and stat(2) of
//! the path still shows the old one; fstat(2), statx(2) of the path and a new open(2) can too. After
//! statx(2) of the folder that asks the server, stat(2) of the path has shown the truth in every case
//! tried, on NFSv3 and NFSv4.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Stat, StatxFlags};
use rustix::io::{Errno, retry_on_intr};

use super::statfs;

/// Returns what is at the path now, also if another machine has just put it there.
pub fn current_stat(path: &Path) -> io::Result<Stat> {
    match retry_on_intr(|| rustix::fs::stat(path)) {
        Ok(stat) if is_current(path, &stat) => Ok(stat),
        Ok(_) | Err(Errno::STALE) => {
            ask_server(path);
            retry_on_intr(|| rustix::fs::stat(path)).map_err(|error| match error {
                // The server knows no such file any more.
                Errno::STALE => Errno::NOENT.into(),
                error => error.into(),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// AT_STATX_FORCE_SYNC, which rustix names for glibc alone.
const FORCE_SYNC: AtFlags = AtFlags::from_bits_retain(0x2000);

/// Returns `true` if no server is asked for the file. A disk has a device number of its own, which
/// saves a call for most files.
fn is_current(path: &Path, stat: &Stat) -> bool {
    libc::major(stat.st_dev) != 0 || statfs::is_local_path(path)
}

/// Makes the client ask its server what is in the folder of the path, and in that of the file which a
/// link there leads to.
fn ask_server(path: &Path) {
    let real = fs::canonicalize(path);
    for path in [Some(path), real.as_deref().ok()].into_iter().flatten() {
        if let Some(folder) = path.parent() {
            // If that fails, what the path shows is all there is to go by.
            let _ = retry_on_intr(|| {
                rustix::fs::statx(CWD, folder, FORCE_SYNC, StatxFlags::BASIC_STATS)
            });
        }
    }
}

/// Returns `true` if the refusal of a lock is SMB's answer where another client holds it.
pub fn is_busy(refusal: &io::Error, file: &File) -> bool {
    refusal.raw_os_error() == Some(libc::EACCES) && statfs::is_smb(file)
}

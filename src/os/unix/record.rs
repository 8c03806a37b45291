//! A record in an extended attribute.

use std::fs::File;
use std::io;
use std::path::Path;

use super::open;

/// The lock file, opened once more: closing it leaves the lock alone.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    is_written: bool,
}

impl RecordFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open::options(open::FLAGS).open(path)?;
        Ok(Self { file, is_written: false })
    }

    pub fn write(&mut self, record: &[u8]) -> io::Result<()> {
        attribute::set(&self.file, record)?;
        self.is_written = true;
        Ok(())
    }
}

impl Drop for RecordFile {
    fn drop(&mut self) {
        if self.is_written {
            // A reader does not believe what stays.
            let _ = attribute::remove(&self.file);
        }
    }
}

/// Reads the record into the buffer, and returns its length.
pub fn read_record(path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
    attribute::get(path, buffer)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod attribute {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, getxattr};

    /// On Linux, users may write attributes of this class; elsewhere it is a name like any other.
    const NAME: &str = "user.locket";

    pub fn set(file: &File, value: &[u8]) -> io::Result<()> {
        Ok(fsetxattr(file, NAME, value, XattrFlags::empty())?)
    }

    pub fn remove(file: &File) -> io::Result<()> {
        Ok(fremovexattr(file, NAME)?)
    }

    pub fn get(path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(getxattr(path, NAME, buffer)?)
    }
}

/// Other systems have other calls.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod attribute {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub fn set(_file: &File, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn remove(_file: &File) -> io::Result<()> {
        Ok(())
    }

    pub fn get(_path: &Path, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

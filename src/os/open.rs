//! Opening the lock file without changing anything but, at most, that it exists.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// How often the file may vanish between two looks at it before that is an error. Each time
/// another process has to create or delete it in between.
const TRIES: usize = 1000;

/// How a family of systems opens a lock file.
pub struct Access {
    /// For reading, at least; creates nothing.
    pub options: OpenOptions,
    /// Does this refusal to write leave hope for reading?
    pub wants_read_only: fn(&io::Error) -> bool,
    /// Creates what is not there, exclusively.
    pub create_new: fn(&Path) -> io::Result<File>,
}

impl Access {
    /// Opens the file as it is; only where there is none is it created, and then exclusively.
    /// Opening with O_CREAT would be refused for another user's file in a sticky folder, and would
    /// create the target of a dangling symbolic link.
    pub fn open_or_create(&self, path: &Path) -> io::Result<File> {
        let mut last = io::ErrorKind::NotFound.into();
        for _ in 0..TRIES {
            let missing = match self.open_existing(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => error,
                opened => return opened,
            };
            match (self.create_new)(path) {
                // Either somebody else created it just now, or it is a link to nowhere.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
                        return self.open_existing(path).map_err(|_| missing);
                    }
                    last = missing;
                }
                created => return created,
            }
        }
        Err(last)
    }

    /// Read-write, because some network file systems lock nothing else; read-only where the file
    /// or the file system allows no more.
    fn open_existing(&self, path: &Path) -> io::Result<File> {
        match self.options.clone().write(true).open(path) {
            Err(error) if (self.wants_read_only)(&error) => {
                self.options.open(path).map_err(|_| error)
            }
            opened => opened,
        }
    }
}

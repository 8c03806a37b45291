//! Opening the lock file without changing anything but, at most, that it exists.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// How often the file may vanish or appear between two calls before that is an error. Each time
/// another process has to create or delete it in between.
const MAX_RACES: usize = 1000;

/// How a family of systems opens a lock file.
pub struct OpenPolicy {
    /// For reading; creates nothing. Opened for writing, a program could not be started, a watcher
    /// would see a change, and a file system could not become read-only.
    pub options: OpenOptions,
    /// Creates a file that is missing, exclusively.
    pub create_new: fn(&Path) -> io::Result<File>,
}

impl OpenPolicy {
    /// Opens the file as it is, and creates it exclusively if it is missing. Opening with O_CREAT
    /// would be refused for another user's file in a sticky folder, and would create the target of
    /// any dangling symbolic link.
    pub fn open_or_create(&self, path: &Path) -> io::Result<File> {
        let mut last = io::ErrorKind::NotFound.into();
        for _ in 0..MAX_RACES {
            let missing = match self.options.open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => error,
                opened => return opened,
            };
            match (self.create_new)(path) {
                // Either another process created it just now, or it is a link to nowhere.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
                        return self.options.open(path).map_err(|_| missing);
                    }
                    last = missing;
                }
                created => return created,
            }
        }
        Err(last)
    }
}

//! What the holder of a lock says of itself: a few bytes beside the content of the lock file, and
//! never in it. Not every file system has room for them.

use std::io;

use super::imp;
use crate::path::LockPath;

/// The largest record, in bytes. ext4 keeps all attributes of a file in one block of this size.
pub const MAX_LENGTH: usize = 4096;

/// A file that can have a record. Dropping it removes the record that was written.
#[derive(Debug)]
pub struct RecordFile(imp::RecordFile);

impl RecordFile {
    /// Opens the lock file at the path.
    pub fn open(path: &LockPath) -> io::Result<Self> {
        imp::RecordFile::open(path.as_path()).map(Self)
    }

    /// Writes the record. One that is there is replaced.
    pub fn write(&mut self, record: &[u8]) -> io::Result<()> {
        if record.len() > MAX_LENGTH {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(record)
    }
}

/// Returns the record of the lock file at the path, of any writer, and whether that holds the
/// lock or not.
pub fn read(path: &LockPath) -> Option<Vec<u8>> {
    let mut record = vec![0; MAX_LENGTH];
    let length = imp::read_record(path.as_path(), &mut record).ok()?;
    record.truncate(length);
    Some(record)
}

/// Returns when the process started, in a unit of the system: with its number it tells one process
/// from all others. Returns `None` if there is no such process, or the system does not tell.
pub fn process_start(pid: u32) -> Option<u64> {
    imp::process_start(pid)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn a_record_is_beside_the_content_and_goes_with_its_file() {
        let name = env::temp_dir().join(format!("locket-record-{}", process::id()));
        fs::write(&name, "content").unwrap();
        let path = LockPath::new(name.as_os_str());
        let mut file = RecordFile::open(&path).unwrap();
        assert_eq!(read(&path), None);
        // Some file systems have no room for it.
        if file.write(b"first").is_ok() {
            file.write(b"second").unwrap();
            assert_eq!(read(&path).as_deref(), Some(&b"second"[..]));
            assert!(file.write(&[0; MAX_LENGTH + 1]).is_err());
            assert_eq!(fs::read(&name).unwrap(), b"content");
            drop(file);
            assert_eq!(read(&path), None);
        }
        fs::remove_file(&name).unwrap();
    }

    #[test]
    fn a_process_keeps_its_start() {
        let own = process_start(process::id());
        assert!(own.is_some());
        assert_eq!(process_start(process::id()), own);
        // No system numbers processes so high.
        assert_eq!(process_start(u32::MAX / 2), None);
    }
}

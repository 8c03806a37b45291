//! Folders that go when their test ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use crate::path::LockPath;

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("locket-{}-{number}", process::id()));
        fs::create_dir(&path).expect("the folder can be made");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a lock in it, by this spelling of its name.
    pub fn lock(&self, name: &str) -> LockPath {
        LockPath::new(self.0.join(name).as_os_str())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to tidy up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

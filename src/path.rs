//! The path of a lock file.

use std::ffi::OsStr;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{self, Path};
use std::sync::Arc;

/// An absolute path as its caller spelled it, and what is to be locked there. Cheap to clone;
/// compared byte by byte, because only the file system can tell whether two spellings mean one file.
#[derive(Clone)]
pub struct LockPath {
    path: Arc<OsStr>,
    is_folder: bool,
    /// Of the path: each section looks it up, and does not read it for that.
    digest: u64,
}

impl LockPath {
    /// Wraps a path that is absolute.
    #[cfg(test)]
    pub fn new(path: &OsStr) -> Self {
        Self::from_absolute(Arc::from(path))
    }

    /// Makes a path absolute without asking the file system what is there: `..` and a slash at the
    /// end stay, because they decide which file it is.
    ///
    /// Fails if the path is relative and the working directory cannot be read.
    pub fn absolute(path: &Path) -> io::Result<Self> {
        let mut absolute = path::absolute(path)?;
        // Left out by std, but as for a slash, what is before it must be a folder.
        if cfg!(unix) && path.as_os_str().as_encoded_bytes().ends_with(b"/.") {
            absolute.push("");
        }
        Ok(Self::from_absolute(Arc::from(absolute.into_os_string())))
    }

    fn from_absolute(path: Arc<OsStr>) -> Self {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        Self { path, is_folder: false, digest: hasher.finish() }
    }

    /// Returns the same path, for the lock of the folder that is there.
    pub fn of_folder(self) -> Self {
        Self { is_folder: true, ..self }
    }

    /// Returns `true` if a folder is to be locked, and no regular file.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The path, for the operating system.
    pub fn as_path(&self) -> &Path {
        Path::new(&*self.path)
    }
}

impl PartialEq for LockPath {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
            && self.is_folder == other.is_folder
            && (Arc::ptr_eq(&self.path, &other.path) || self.path == other.path)
    }
}

impl Eq for LockPath {}

impl Hash for LockPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl fmt::Debug for LockPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::env;

    use super::*;

    fn absolute(path: &str) -> String {
        let path = LockPath::absolute(Path::new(path)).unwrap();
        path.as_path().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_relative_path_begins_at_the_working_directory() {
        let here = env::current_dir().unwrap();
        assert_eq!(absolute("./a//b/./c.lock"), here.join("a/b/c.lock").to_str().unwrap());
    }

    #[test]
    fn what_decides_which_file_it_is_stays() {
        for (given, expected) in [
            ("/a/../b.lock", "/a/../b.lock"),
            ("/a.lock/", "/a.lock/"),
            ("/a.lock//", "/a.lock/"),
            ("/a.lock/.", "/a.lock/"),
            ("/a.lock/./.", "/a.lock/"),
            ("/a.lock/..", "/a.lock/.."),
            ("/", "/"),
        ] {
            assert_eq!(absolute(given), expected, "{given}");
        }
    }
}

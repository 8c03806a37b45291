//! Creating the lock file in the folder that its path leads to, and in no folder that a stranger's
//! link leads to: what `fs.protected_symlinks` of Linux forbids, wherever it is off.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, PROC_SUPER_MAGIC, Stat};
use rustix::io::{Errno, retry_on_intr};

/// How many links a path may lead through: as many as in the kernel.
const MOST_LINKS: usize = 40;

/// A folder on the way, to go on from and not to be read.
const ON_THE_WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Creates the file at an absolute path, for reading and writing. It must not exist, nor may a link.
pub fn create_new(path: &Path, flags: OFlags, mode: Mode) -> io::Result<File> {
    debug_assert!(path.is_absolute());
    let path = path.as_os_str().as_bytes();
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let (folder, name) = path.split_at(end);
    let folder = enter(folder)?;
    let flags = flags | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| rustix::fs::openat(&folder, name, flags, mode))?.into())
}

/// The folder that an absolute path leads to. It is entered step by step, so that what was looked
/// at is what is gone through.
fn enter(path: &[u8]) -> Result<OwnedFd, Errno> {
    let root = || retry_on_intr(|| rustix::fs::open("/", ON_THE_WAY, Mode::empty()));
    let mut folder = root()?;
    let mut steps = steps(path);
    let mut links = 0;
    while let Some(step) = steps.pop() {
        let step = OsStr::from_bytes(&step);
        match step_into(&folder, step, OFlags::NOFOLLOW) {
            Ok(next) => folder = next,
            Err(Errno::NOTDIR | Errno::LOOP) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::LOOP);
                }
                if is_proc(&folder)? {
                    folder = step_into(&folder, step, OFlags::empty())?;
                    continue;
                }
                let target = follow(&folder, step)?;
                if target.starts_with(b"/") {
                    folder = root()?;
                }
                steps.extend(self::steps(&target));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(folder)
}

fn step_into(folder: &OwnedFd, step: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::openat(folder, step, ON_THE_WAY | flags, Mode::empty()))
}

/// The links of /proc are the kernel's own, and some lead where no path does: into another
/// process's root, say.
fn is_proc(folder: &OwnedFd) -> Result<bool, Errno> {
    Ok(retry_on_intr(|| rustix::fs::fstatfs(folder))?.f_type == PROC_SUPER_MAGIC)
}

/// The steps of a path, the first one last. That one keeps the slash of an absolute path: qemu opens
/// as the root folder another than the one where it lets such paths begin.
fn steps(path: &[u8]) -> Vec<Vec<u8>> {
    let steps = path.split(|byte| *byte == b'/').filter(|step| !step.is_empty());
    let mut steps: Vec<_> = steps.rev().map(<[u8]>::to_vec).collect();
    if let Some(first) = steps.last_mut()
        && path.starts_with(b"/")
    {
        first.insert(0, b'/');
    }
    steps
}

/// Where the link leads, if it may be followed.
fn follow(folder: &OwnedFd, name: &OsStr) -> Result<Vec<u8>, Errno> {
    let link = retry_on_intr(|| rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW))?;
    if FileType::from_raw_mode(link.st_mode) != FileType::Symlink {
        return Err(Errno::NOTDIR);
    }
    if !is_trusted(&link, &rustix::fs::fstat(folder)?) {
        return Err(Errno::ACCESS);
    }
    // It is this link still: in a sticky folder only the owner of one can take it away.
    let target = retry_on_intr(|| rustix::fs::readlinkat(folder, name, Vec::new()))?;
    Ok(target.into_bytes())
}

/// In a sticky folder that everybody may write, a link is followed if it is ours or of the owner
/// of the folder.
fn is_trusted(link: &Stat, folder: &Stat) -> bool {
    let mode = Mode::from_raw_mode(folder.st_mode);
    let is_open = mode.contains(Mode::SVTX | Mode::WOTH);
    !is_open || link.st_uid == this_user() || link.st_uid == folder.st_uid
}

fn this_user() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};
    use std::path::PathBuf;
    use std::{env, process};

    use super::*;

    const A_STRANGER: u32 = 12345;

    /// A folder that is gone in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("locket-create-{name}-{}", process::id()));
            fs::create_dir(&path).unwrap();
            Self(fs::canonicalize(path).unwrap())
        }

        fn create(&self, path: &str) -> io::Result<File> {
            create_new(&self.0.join(path), OFlags::empty(), Mode::from_raw_mode(0o600))
        }

        fn link(&self, name: &str, target: impl AsRef<Path>) {
            symlink(target, self.0.join(name)).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn errno(result: io::Result<File>) -> Option<i32> {
        result.err().and_then(|error| error.raw_os_error())
    }

    #[test]
    fn every_way_to_the_folder_is_gone() {
        let folder = Folder::new("ways");
        fs::create_dir_all(folder.0.join("a/b")).unwrap();
        folder.link("relative", "a/./b");
        folder.link("up", "a/b/../../a");
        folder.link("absolute", folder.0.join("up/b"));
        for (number, way) in ["a/b", "a//b/.", "relative", "up/b", "absolute"].iter().enumerate() {
            folder.create(&format!("{way}/{number}.lock")).unwrap();
            assert!(folder.0.join(format!("a/b/{number}.lock")).exists(), "by {way}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_the_error_that_the_kernel_gives() {
        let folder = Folder::new("nowhere");
        folder.link("circle", "circle");
        folder.link("nowhere", "missing");
        fs::write(folder.0.join("file"), "").unwrap();
        for (path, errno_there) in [
            ("circle/x", libc::ELOOP),
            ("nowhere/x", libc::ENOENT),
            ("missing/x", libc::ENOENT),
            ("file/x", libc::ENOTDIR),
            ("file", libc::EEXIST),
            ("nowhere", libc::EEXIST),
        ] {
            assert_eq!(errno(folder.create(path)), Some(errno_there), "{path}");
            let by_kernel = File::create_new(folder.0.join(path));
            assert_eq!(errno(by_kernel), Some(errno_there), "{path}");
        }
    }

    #[test]
    fn in_a_sticky_folder_a_strangers_link_is_not_followed() {
        let folder = Folder::new("sticky");
        fs::create_dir(folder.0.join("own")).unwrap();
        fs::create_dir(folder.0.join("open")).unwrap();
        folder.link("open/link", "../own");
        let link = folder.0.join("open/link");
        if lchown(&link, Some(A_STRANGER), None).is_err() {
            eprintln!("only root can make a stranger's link");
            return;
        }
        for (mode, expected) in [(0o777, None), (0o1775, None), (0o1777, Some(libc::EACCES))] {
            fs::set_permissions(folder.0.join("open"), Permissions::from_mode(mode)).unwrap();
            let created = folder.create(&format!("open/link/{mode:o}"));
            assert_eq!(errno(created), expected, "{mode:o}");
        }
        lchown(&link, Some(this_user()), None).unwrap();
        folder.create("open/link/ours").unwrap();
        std::os::unix::fs::chown(folder.0.join("open"), Some(A_STRANGER), None).unwrap();
        lchown(&link, Some(A_STRANGER), None).unwrap();
        folder.create("open/link/of the folder's owner").unwrap();
    }
}

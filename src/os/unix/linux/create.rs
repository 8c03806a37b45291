//! Creating the lock file in the folder that its path leads to, and in no folder that another user's
//! link leads to: what `fs.protected_symlinks` of Linux forbids, even where it is off.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, PROC_SUPER_MAGIC, Stat};
use rustix::io::{Errno, retry_on_intr};

use crate::os::imp::links::{MAX_LINKS, leads_on, leads_to_file};
use crate::os::imp::open::{FLAGS, MODE};

/// A folder to open others from, not to be read.
const DIR: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Creates the file at an absolute path, which must not exist. Links are followed if they may be, one
/// in place of the file too.
pub fn create_new(path: &Path) -> io::Result<File> {
    debug_assert!(path.is_absolute());
    Ok(create(path.as_os_str().as_bytes())?.into())
}

fn create(path: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::from_bits_retain(FLAGS as u32) | OFlags::CREATE | OFlags::EXCL;
    let mut links = 0;
    let (parent, mut name) = split(path);
    let mut folder = open_parent(open_root()?, &parent, &mut links)?;
    loop {
        let mode = Mode::from_raw_mode(MODE);
        let open = || rustix::fs::openat(&folder, &*name, flags | OFlags::CLOEXEC, mode);
        match retry_on_intr(open) {
            Err(Errno::EXIST) => {}
            created => return created,
        }
        let target = match target_of(&folder, OsStr::from_bytes(&name), leads_to_file) {
            // Another process created it just now.
            Err(Errno::NOTDIR) => return Err(Errno::EXIST),
            target => target?,
        };
        // A link of /proc whose file was deleted leads nowhere.
        if is_proc(&folder)? {
            return Err(Errno::NOENT);
        }
        count_link(&mut links)?;
        let (parent, next) = split(&target);
        if target.starts_with(b"/") {
            folder = open_root()?;
        }
        folder = open_parent(folder, &parent, &mut links)?;
        name = next;
    }
}

/// Returns the path of the folder and the name in it, which is empty after a slash at the end.
fn split(path: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    (path[..end].to_vec(), path[end..].to_vec())
}

fn open_root() -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::open("/", DIR, Mode::empty()))
}

/// Opens the folder that a path leads to from `folder`, one component at a time, so that each link
/// is followed after it was checked.
fn open_parent(mut folder: OwnedFd, path: &[u8], links: &mut usize) -> Result<OwnedFd, Errno> {
    let mut components = components(path);
    while let Some(name) = components.pop() {
        let name = OsStr::from_bytes(&name);
        match open_folder(&folder, name, OFlags::NOFOLLOW) {
            Ok(next) => folder = next,
            Err(Errno::NOTDIR | Errno::LOOP) => {
                count_link(links)?;
                if is_proc(&folder)? {
                    folder = open_folder(&folder, name, OFlags::empty())?;
                    continue;
                }
                let target = target_of(&folder, name, leads_on)?;
                if target.starts_with(b"/") {
                    folder = open_root()?;
                }
                components.extend(self::components(&target));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(folder)
}

fn count_link(links: &mut usize) -> Result<(), Errno> {
    *links += 1;
    if *links > MAX_LINKS { Err(Errno::LOOP) } else { Ok(()) }
}

fn open_folder(folder: &OwnedFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::openat(folder, name, DIR | flags, Mode::empty()))
}

/// Returns `true` in /proc, whose links are the kernel's own. Some lead where no path does, such as
/// into another process's root.
fn is_proc(folder: &OwnedFd) -> Result<bool, Errno> {
    Ok(retry_on_intr(|| rustix::fs::fstatfs(folder))?.f_type == PROC_SUPER_MAGIC)
}

/// Returns the components of a path, the first one last. That one keeps the slash of an absolute
/// path: qemu opens as the root folder another than the one where it lets such paths begin.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
    let mut names: Vec<_> = names.rev().map(<[u8]>::to_vec).collect();
    if let Some(first) = names.last_mut()
        && path.starts_with(b"/")
    {
        first.insert(0, b'/');
    }
    names
}

/// Returns where the link leads. NOTDIR if it is no link, EACCES if it may not be followed.
fn target_of(
    folder: &OwnedFd,
    name: &OsStr,
    may_follow: fn(&Stat, &Stat) -> bool,
) -> Result<Vec<u8>, Errno> {
    let link = retry_on_intr(|| rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW))?;
    if FileType::from_raw_mode(link.st_mode) != FileType::Symlink {
        return Err(Errno::NOTDIR);
    }
    if !may_follow(&link, &rustix::fs::fstat(folder)?) {
        return Err(Errno::ACCESS);
    }
    // It is this link still: in a sticky folder only the owner of one can take it away.
    let target = retry_on_intr(|| rustix::fs::readlinkat(folder, name, Vec::new()))?;
    Ok(target.into_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};
    use std::path::PathBuf;
    use std::{env, process};

    use super::*;
    use crate::os::imp::links;

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
            create_new(&self.0.join(path))
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
        ] {
            assert_eq!(errno(folder.create(path)), Some(errno_there), "{path}");
            let by_kernel = File::create_new(folder.0.join(path));
            assert_eq!(errno(by_kernel), Some(errno_there), "{path}");
        }
    }

    #[test]
    fn a_link_in_place_of_the_file_is_followed() {
        let folder = Folder::new("target");
        fs::create_dir(folder.0.join("a")).unwrap();
        folder.link("a/relative", "target");
        folder.link("chain", "a/relative");
        folder.link("absolute", folder.0.join("a/other"));
        folder.link("to a folder", "a/");
        folder.link("circle", "circle");
        folder.create("chain").unwrap();
        assert!(folder.0.join("a/target").exists());
        folder.create("absolute").unwrap();
        assert!(folder.0.join("a/other").exists());
        assert_eq!(errno(folder.create("chain")), Some(libc::EEXIST));
        assert_eq!(errno(folder.create("circle")), Some(libc::ELOOP));
        assert!(folder.create("to a folder").is_err());
    }

    #[test]
    fn in_a_folder_that_others_may_write_a_strangers_link_is_no_file() {
        let folder = Folder::new("open");
        fs::create_dir(folder.0.join("open")).unwrap();
        folder.link("open/link", "../target");
        if lchown(folder.0.join("open/link"), Some(A_STRANGER), None).is_err() {
            eprintln!("only root can make a stranger's link");
            return;
        }
        for (mode, expected) in
            [(0o1777, Some(libc::EACCES)), (0o777, Some(libc::EACCES)), (0o775, None)]
        {
            fs::set_permissions(folder.0.join("open"), Permissions::from_mode(mode)).unwrap();
            assert_eq!(errno(folder.create("open/link")), expected, "{mode:o}");
            assert_eq!(folder.0.join("target").exists(), expected.is_none());
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
        lchown(&link, Some(links::this_user()), None).unwrap();
        folder.create("open/link/ours").unwrap();
        std::os::unix::fs::chown(folder.0.join("open"), Some(A_STRANGER), None).unwrap();
        lchown(&link, Some(A_STRANGER), None).unwrap();
        folder.create("open/link/of the folder's owner").unwrap();
    }
}

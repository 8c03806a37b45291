//! How the kernel names a file in its lists of locks: not as stat(2) shows it on btrfs and overlayfs,
//! whose files have devices of their own there.

use std::fs;
use std::os::fd::AsRawFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, StatxFlags};
use rustix::io::retry_on_intr;

use super::read_small;
use crate::path::LockPath;

/// The device of the file system, and the kernel's inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub device: u64,
    pub inode: u64,
}

impl Key {
    /// Reads `fe:00:5678`, the device in hexadecimal.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut hexadecimal = || u32::from_str_radix(parts.next()?, 16).ok();
        let (major, minor) = (hexadecimal()?, hexadecimal()?);
        let inode = parts.next()?.parse().ok()?;
        Some(Self { device: libc::makedev(major, minor), inode })
    }
}

/// The device of the file system of each mount, by its number.
type Mounts = Vec<(u64, u64)>;

/// Returns the key of the file at each path; `None` where there is no file.
pub fn keys_of(paths: &[LockPath]) -> Vec<Option<Key>> {
    let devices = devices_of_mounts();
    paths.iter().map(|path| key_of(path.as_path(), &devices)).collect()
}

fn key_of(path: &Path, devices: &[(u64, u64)]) -> Option<Key> {
    let stat = retry_on_intr(|| rustix::fs::stat(path)).ok()?;
    let shown = Key { device: stat.st_dev, inode: stat.st_ino };
    match mount_of(path, &stat).and_then(|mount| device_of(mount, devices)) {
        Some(device) if device == shown.device => Some(shown),
        _ => Some(key_by_descriptor(path, devices).unwrap_or(shown)),
    }
}

fn device_of(mount: u64, devices: &[(u64, u64)]) -> Option<u64> {
    devices.iter().find(|(number, _)| *number == mount).map(|(_, device)| *device)
}

/// Returns the mount, which the kernel tells since Linux 5.8.
fn mount_of(path: &Path, stat: &Stat) -> Option<u64> {
    let flags = StatxFlags::MNT_ID | StatxFlags::INO;
    let statx = retry_on_intr(|| rustix::fs::statx(CWD, path, AtFlags::empty(), flags)).ok()?;
    let told = StatxFlags::from_bits_retain(statx.stx_mask).contains(StatxFlags::MNT_ID);
    (told && statx.stx_ino == stat.st_ino).then_some(statx.stx_mnt_id)
}

/// Returns the mount's device, and the inode's number as the kernel has it.
fn key_by_descriptor(path: &Path, devices: &[(u64, u64)]) -> Option<Key> {
    let open = || rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let file = retry_on_intr(open).ok()?;
    let stat = rustix::fs::fstat(&file).ok()?;
    let info = read_small(CWD, format!("/proc/self/fdinfo/{}", file.as_raw_fd()).as_str())?;
    let field =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    let device = field("mnt_id:").and_then(|mount| device_of(mount, devices));
    Some(Key { device: device.unwrap_or(stat.st_dev), inode: field("ino:").unwrap_or(stat.st_ino) })
}

/// Returns the device of the file system by the number of the mount. A line of mountinfo reads
/// `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw`.
fn devices_of_mounts() -> Mounts {
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounts = String::from_utf8_lossy(&mounts);
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let mount = words.next()?.parse().ok()?;
        let (major, minor) = words.nth(1)?.split_once(':')?;
        Some((mount, libc::makedev(major.parse().ok()?, minor.parse().ok()?)))
    };
    mounts.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_the_kernel_writes_it() {
        let key = Key { device: libc::makedev(0xfe, 0x12c), inode: 5678 };
        assert_eq!(Key::parse("fe:12c:5678"), Some(key));
        assert_eq!(Key::parse("fe:00"), None);
        assert_eq!(Key::parse("<none>:0"), None);
    }
}

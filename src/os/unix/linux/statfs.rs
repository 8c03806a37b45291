//! What kind of file system a file is on.

use std::fs::File;
use std::path::Path;

use rustix::fs::StatFs;
use rustix::io::retry_on_intr;

/// The file systems whose locks the kernel itself keeps, by their number in statfs(2): there flock and
/// fcntl do not see each other. A network file system is none, nor is FUSE: with some of them
/// flock becomes a lock of bytes, and a gate could free it or deadlock with it. One that is missing
/// here has no gate, and is locked all the same.
const LOCAL: [u32; 27] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0xf2f5_2010, // f2fs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlayfs
    0x8584_58f6, // ramfs
    0x2fc1_2fc1, // zfs
    0xca45_1a4e, // bcachefs
    0x3153_464a, // jfs
    0x5265_4973, // reiserfs
    0x4d44,      // vfat
    0x2011_bab0, // exfat
    0x5346_544e, // ntfs
    0x7366_746e, // ntfs3
    0x4244,      // hfs
    0x482b,      // hfs+
    0x3434,      // nilfs2
    0x7371_7368, // squashfs
    0xe0f5_e1e2, // erofs
    0x9660,      // iso9660
    0x1501_3346, // udf
    0x28cd_3d45, // cramfs
    0x2405_1905, // ubifs
    0x72b6,      // jffs2
    0x0027_e0eb, // cgroup
    0x9584_58f6, // hugetlbfs
];

/// Linux's two clients of SMB.
const SMB: [u32; 2] = [0xff53_4d42, 0xfe53_4d42];

/// Returns `true` if the locks of the file are the kernel's own.
pub fn is_local(file: &File) -> bool {
    number_of(file).is_some_and(|number| LOCAL.contains(&number))
}

/// As [`is_local`], for the file at the path.
pub fn is_local_path(path: &Path) -> bool {
    let stat = retry_on_intr(|| rustix::fs::statfs(path));
    stat.is_ok_and(|stat| LOCAL.contains(&number(&stat)))
}

/// Returns `true` if the file is on a server that is reached by SMB.
pub fn is_smb(file: &File) -> bool {
    number_of(file).is_some_and(|number| SMB.contains(&number))
}

fn number_of(file: &File) -> Option<u32> {
    retry_on_intr(|| rustix::fs::fstatfs(file)).ok().map(|stat| number(&stat))
}

/// The field has another type on each platform, and the numbers have 32 bits.
#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
fn number(stat: &StatFs) -> u32 {
    stat.f_type as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_is_not_local() {
        for (name, number) in [
            ("nfs", 0x6969),
            ("cifs", 0xff53_4d42),
            ("smb2", 0xfe53_4d42),
            ("9p", 0x0102_1997),
            ("fuse", 0x6573_5546),
            ("ceph", 0x00c3_6400),
            ("afs", 0x5346_414f),
            ("gfs2", 0x0116_1970),
            ("ocfs2", 0x7461_636f),
        ] {
            assert!(!LOCAL.contains(&number), "{name}");
        }
    }
}

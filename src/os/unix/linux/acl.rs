//! Access control lists.

use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, getxattr};
use rustix::io::{Errno, Result};

/// As the kernel has the list of a file.
const NAME: &str = "system.posix_acl_access";

/// The largest attribute, in bytes.
const MAX_LENGTH: usize = 65_536;

/// What file systems say that have no lists, and what they say of a file that has none.
const NONE: [Errno; 3] = [Errno::NODATA, Errno::NOTSUP, Errno::NOSYS];

/// Gives the open file the list of the one at the path; or none if that has none, because a new file
/// can have one of its folder.
///
/// A list has a part in the mode: without it, what its users had would be the group's.
pub fn copy_acl(from: &Path, to: BorrowedFd<'_>) -> Result<()> {
    let mut list = vec![0; MAX_LENGTH];
    let copied = match getxattr(from, NAME, &mut list[..]) {
        Ok(length) => fsetxattr(to, NAME, &list[..length], XattrFlags::empty()),
        Err(error) if NONE.contains(&error) => fremovexattr(to, NAME),
        Err(error) => Err(error),
    };
    copied.or_else(|error| if NONE.contains(&error) { Ok(()) } else { Err(error) })
}

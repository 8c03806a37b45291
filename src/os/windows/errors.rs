//! Errors of Win32 in libuv's numbering, as Node's own errors carry them.

use std::io;

use windows_sys::Win32::Foundation::*;

// libuv gives these numbers on Windows, where it cannot take them from the system.
const UV_EACCES: i32 = -4092;
const UV_EAGAIN: i32 = -4088;
const UV_EBADF: i32 = -4083;
const UV_EBUSY: i32 = -4082;
const UV_ECANCELED: i32 = -4081;
const UV_ECONNRESET: i32 = -4077;
const UV_EEXIST: i32 = -4075;
const UV_EHOSTUNREACH: i32 = -4073;
const UV_EINVAL: i32 = -4071;
const UV_EIO: i32 = -4070;
pub const UV_EISDIR: i32 = -4068;
const UV_ELOOP: i32 = -4067;
const UV_EMFILE: i32 = -4066;
const UV_ENAMETOOLONG: i32 = -4064;
const UV_ENETUNREACH: i32 = -4062;
const UV_ENOENT: i32 = -4058;
const UV_ENOMEM: i32 = -4057;
const UV_ENOSPC: i32 = -4055;
const UV_ENOTSUP: i32 = -4049;
const UV_EPERM: i32 = -4048;
const UV_EROFS: i32 = -4043;
const UV_ETIMEDOUT: i32 = -4039;
const UV_UNKNOWN: i32 = -4094;

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    /// What the kernel itself last said to this thread.
    fn RtlGetLastNtStatus() -> NTSTATUS;
}

/// The number of Win32.
pub fn code_of(error: &io::Error) -> Option<WIN32_ERROR> {
    error.raw_os_error().map(|code| code as WIN32_ERROR)
}

/// Did the file that this thread has just tried to open exist only until its last handle is
/// closed? Win32 calls that ERROR_ACCESS_DENIED, like a real denial.
pub fn is_deletion(error: &io::Error) -> bool {
    match code_of(error) {
        // SAFETY: it has no preconditions.
        Some(ERROR_ACCESS_DENIED) => unsafe { RtlGetLastNtStatus() == STATUS_DELETE_PENDING },
        code => code == Some(ERROR_DELETE_PENDING),
    }
}

/// The number for an error of a call about a path.
pub fn errno(error: &io::Error) -> i32 {
    match code_of(error) {
        Some(code) => of_code(code),
        None if error.kind() == io::ErrorKind::InvalidInput => UV_EINVAL,
        None => UV_UNKNOWN,
    }
}

/// The number for an error of the lock call: a file system that knows no locks says so.
pub fn lock_errno(error: &io::Error) -> i32 {
    match code_of(error) {
        Some(ERROR_INVALID_FUNCTION) => UV_ENOTSUP,
        _ => errno(error),
    }
}

/// As libuv has it, for what the calls of this module can say; ERROR_ACCESS_DENIED as Node's fs
/// has had it throughout.
fn of_code(code: WIN32_ERROR) -> i32 {
    match code {
        ERROR_ACCESS_DENIED | ERROR_DELETE_PENDING | ERROR_PRIVILEGE_NOT_HELD => UV_EPERM,
        ERROR_NOACCESS | ERROR_ELEVATION_REQUIRED | ERROR_CANT_ACCESS_FILE => UV_EACCES,
        ERROR_NO_SYSTEM_RESOURCES => UV_EAGAIN,
        ERROR_INVALID_HANDLE | ERROR_INVALID_FLAGS => UV_EBADF,
        ERROR_LOCK_VIOLATION | ERROR_SHARING_VIOLATION | ERROR_PIPE_BUSY => UV_EBUSY,
        ERROR_OPERATION_ABORTED => UV_ECANCELED,
        ERROR_NETNAME_DELETED => UV_ECONNRESET,
        ERROR_ALREADY_EXISTS | ERROR_FILE_EXISTS => UV_EEXIST,
        ERROR_HOST_UNREACHABLE => UV_EHOSTUNREACH,
        ERROR_INVALID_PARAMETER
        | ERROR_INVALID_DATA
        | ERROR_INSUFFICIENT_BUFFER
        | ERROR_SYMLINK_NOT_SUPPORTED => UV_EINVAL,
        ERROR_CRC | ERROR_IO_DEVICE | ERROR_GEN_FAILURE | ERROR_OPEN_FAILED
        | ERROR_DISK_CORRUPT => UV_EIO,
        ERROR_INVALID_FUNCTION => UV_EISDIR,
        ERROR_CANT_RESOLVE_FILENAME => UV_ELOOP,
        ERROR_TOO_MANY_OPEN_FILES => UV_EMFILE,
        ERROR_FILENAME_EXCED_RANGE => UV_ENAMETOOLONG,
        ERROR_NETWORK_UNREACHABLE => UV_ENETUNREACH,
        ERROR_FILE_NOT_FOUND
        | ERROR_PATH_NOT_FOUND
        | ERROR_INVALID_NAME
        | ERROR_BAD_PATHNAME
        | ERROR_BAD_NETPATH
        | ERROR_BAD_NET_NAME
        | ERROR_DIRECTORY
        | ERROR_INVALID_DRIVE
        | ERROR_INVALID_REPARSE_DATA => UV_ENOENT,
        ERROR_NOT_ENOUGH_MEMORY | ERROR_OUTOFMEMORY => UV_ENOMEM,
        ERROR_DISK_FULL | ERROR_HANDLE_DISK_FULL | ERROR_CANNOT_MAKE => UV_ENOSPC,
        ERROR_NOT_SUPPORTED => UV_ENOTSUP,
        ERROR_WRITE_PROTECT => UV_EROFS,
        ERROR_SEM_TIMEOUT => UV_ETIMEDOUT,
        _ => UV_UNKNOWN,
    }
}

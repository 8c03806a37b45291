//! Which file a handle is open on.

use std::fs::File;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::ERROR_NOT_SUPPORTED;
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ID_INFO, FILE_TYPE_DISK, FileIdInfo,
    GetFileInformationByHandle, GetFileInformationByHandleEx, GetFileType,
};

use crate::os::FileId;

/// Is it a file or folder, not a device or a pipe?
pub fn is_on_disk(file: &File) -> bool {
    // SAFETY: the handle is open.
    unsafe { GetFileType(file.as_raw_handle()) == FILE_TYPE_DISK }
}

/// Volume and file id: 128 bits where the file system has them, otherwise 64.
pub fn of(file: &File) -> io::Result<FileId> {
    if let Some(id) = wide(file) {
        return Ok(id);
    }
    let mut info = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::uninit();
    // SAFETY: the handle is open, and the place given is as large as the structure.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), info.as_mut_ptr()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled in, as the call succeeded.
    let info = unsafe { info.assume_init() };
    let index = u64::from(info.nFileIndexHigh) << 32 | u64::from(info.nFileIndexLow);
    if index == 0 || index == u64::MAX {
        // One lock for all files of such a volume, or none, would both be wrong.
        return Err(io::Error::from_raw_os_error(ERROR_NOT_SUPPORTED as i32));
    }
    Ok(FileId { volume: info.dwVolumeSerialNumber.into(), file: index.into() })
}

fn wide(file: &File) -> Option<FileId> {
    let mut info = FILE_ID_INFO::default();
    let size = mem::size_of::<FILE_ID_INFO>() as u32;
    let place = (&raw mut info).cast();
    // SAFETY: the handle is open, and the place given is as large as said.
    if unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileIdInfo, place, size) } == 0 {
        return None;
    }
    let id = u128::from_le_bytes(info.FileId.Identifier);
    // The two values mean that there is none.
    (id != 0 && id != u128::MAX).then_some(FileId { volume: info.VolumeSerialNumber, file: id })
}

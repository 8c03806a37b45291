//! A record in a stream of the file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;

use windows_sys::Win32::Foundation::{FILETIME, GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{DELETE, FILE_FLAG_DELETE_ON_CLOSE};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
};

use super::SHARE_ALL;

const STREAM: &str = ":user.locket";

/// The stream, which the system removes with its last handle, also when the process is killed.
#[derive(Debug)]
pub struct RecordFile {
    stream: File,
}

impl RecordFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        let stream = OpenOptions::new()
            .access_mode(GENERIC_READ | GENERIC_WRITE | DELETE)
            .share_mode(SHARE_ALL)
            .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
            .create(true)
            .open(name_of(path))?;
        Ok(Self { stream })
    }

    pub fn write(&mut self, record: &[u8]) -> io::Result<()> {
        self.stream.rewind()?;
        self.stream.write_all(record)?;
        self.stream.set_len(record.len() as u64)
    }
}

/// Reads the record into the buffer, and returns its length.
pub fn read_record(path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
    let mut stream = OpenOptions::new().read(true).share_mode(SHARE_ALL).open(name_of(path))?;
    let mut length = 0;
    while length < buffer.len() {
        match stream.read(&mut buffer[length..])? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

fn name_of(path: &Path) -> OsString {
    let mut name = OsString::from(path);
    name.push(STREAM);
    name
}

/// Returns when the process was created, in units of 100 ns.
pub fn process_start(pid: u32) -> Option<u64> {
    // SAFETY: there are no pointers among the arguments.
    let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if handle.is_null() {
        return None;
    }
    // SAFETY: the handle was opened above, and has no other owner.
    let process = unsafe { OwnedHandle::from_raw_handle(handle) };
    let zero = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    let (mut created, mut exited, mut kernel, mut user) = (zero, zero, zero, zero);
    // SAFETY: the handle is open, and the four times are there to be written to.
    let is_known = unsafe {
        GetProcessTimes(process.as_raw_handle(), &mut created, &mut exited, &mut kernel, &mut user)
    } != 0;
    // One that has ended can still be opened while another has it open.
    let has_ended = exited.dwLowDateTime != 0 || exited.dwHighDateTime != 0;
    let start = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
    (is_known && !has_ended).then_some(start)
}

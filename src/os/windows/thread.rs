//! A thread that blocks in LockFileEx on a synchronous handle: CancelSynchronousIo makes the call
//! return ERROR_OPERATION_ABORTED.

use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_NOT_FOUND, GetLastError};
use windows_sys::Win32::System::IO::CancelSynchronousIo;
use windows_sys::Win32::System::Threading::GetCurrentThread;

use crate::os::wait::Delivery;

/// A thread that can be interrupted.
#[derive(Debug)]
pub struct BlockedThread(OwnedHandle);

impl BlockedThread {
    /// Returns `None` if no handle is left for it.
    pub fn this_thread() -> Option<Self> {
        // SAFETY: it has no preconditions.
        let pseudo = unsafe { GetCurrentThread() };
        // SAFETY: the pseudo handle is always valid, and the clone is a real one with its access.
        let current = unsafe { BorrowedHandle::borrow_raw(pseudo) };
        current.try_clone_to_owned().ok().map(Self)
    }

    /// Makes the thread's blocking call return.
    ///
    /// # Safety
    ///
    /// The thread must not have ended.
    pub unsafe fn interrupt(&self) -> Delivery {
        // SAFETY: the handle is open, and has the access of the thread to itself.
        if unsafe { CancelSynchronousIo(self.0.as_raw_handle()) } != 0 {
            return Delivery::Sent;
        }
        // SAFETY: it has no preconditions.
        let error = unsafe { GetLastError() };
        if error == ERROR_NOT_FOUND { Delivery::NotBlocked } else { Delivery::Unsupported }
    }

    /// There are no signals here.
    pub fn block_other_signals() {}
}

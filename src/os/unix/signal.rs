//! The signal that ends a wait: its handler does nothing, its arrival makes flock(2) return.

use std::mem::MaybeUninit;
use std::ptr;

use parking_lot::Mutex;

use super::kernel;

/// The number in use, once one was found.
static CHOSEN: Mutex<Option<libc::c_int>> = Mutex::new(None);

extern "C" fn do_nothing(_: libc::c_int) {}

/// Finds an unused signal and gives it the empty handler, unless that was done and still holds.
/// Returns `None` if there is no such signal; then waits cannot be ended.
pub fn install() -> Option<libc::c_int> {
    let mut chosen = CHOSEN.lock();
    if let Some(signal) = *chosen
        && is_ours(signal)
    {
        return Some(signal);
    }
    *chosen = kernel::interrupt_signals().find(|signal| adopt(*signal));
    *chosen
}

/// Blocks all signals on this thread except ours and synchronous faults, so that handlers of the
/// program do not run on its small stack. SIGSYS is among the faults: a sandbox may make the
/// thread's system calls for it there, and where it is blocked the kernel ends the process.
pub fn block_others() {
    let Some(ours) = *CHOSEN.lock() else { return };
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the place given is as large as a set.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: sigfillset has initialised the whole of it.
    let mut set = unsafe { set.assume_init() };
    let faults =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
    for signal in [ours].into_iter().chain(faults) {
        // SAFETY: the set is initialised, and a bad number is refused.
        unsafe { libc::sigdelset(&raw mut set, signal) };
    }
    // SAFETY: the set is initialised; the former mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()) };
}

/// Sends our signal to a thread. Nothing is sent unless the handler is still ours: the default
/// action would end the process.
///
/// # Safety
///
/// The thread must not have been joined or have ended.
pub unsafe fn send(thread: libc::pthread_t) -> bool {
    let Some(signal) = install() else { return false };
    // SAFETY: the caller vouches for the thread; the signal is valid and handled.
    unsafe { libc::pthread_kill(thread, signal) == 0 }
}

/// Takes the signal if it is at its default and can be sent: qemu lets its programs handle signals
/// that it then has no way to send.
fn adopt(signal: libc::c_int) -> bool {
    if handler(signal) != Some(libc::SIG_DFL) {
        return false;
    }
    // SAFETY: an all-zero sigaction is a valid one: no flags, default handler, empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = do_nothing as *const () as libc::sighandler_t;
    // No SA_RESTART: the call is to be interrupted. A handler belongs on an alternate stack where
    // a thread has one.
    action.sa_flags = libc::SA_ONSTACK;
    if !set_action(signal, &action) {
        return false;
    }
    // SAFETY: it has no preconditions.
    let this_thread = unsafe { libc::pthread_self() };
    // SAFETY: this thread is alive, and the handler does nothing.
    let can_be_sent = unsafe { libc::pthread_kill(this_thread, signal) } == 0;
    if !can_be_sent {
        action.sa_sigaction = libc::SIG_DFL;
        set_action(signal, &action);
    }
    can_be_sent
}

fn set_action(signal: libc::c_int, action: &libc::sigaction) -> bool {
    // SAFETY: the action is complete, and its handler touches nothing.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) == 0 }
}

fn is_ours(signal: libc::c_int) -> bool {
    handler(signal) == Some(do_nothing as *const () as libc::sighandler_t)
}

fn handler(signal: libc::c_int) -> Option<libc::sighandler_t> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null new action only reads the present one into the place given.
    let read = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == 0;
    // SAFETY: it was filled in if the call succeeded.
    read.then(|| unsafe { action.assume_init() }.sa_sigaction)
}

//! The signals that come to this process while the command runs: each is passed on to it.
//!
//! A handler sends, and not a thread that was woken: what is sent before the command has ended
//! cannot come too late. It runs on any thread of Node's, so it does nothing but atomics and system
//! calls. The command is not reaped while a handler may send to it, so its number stays its own.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions};

/// A signal's number.
pub type Signal = libc::c_int;

/// The highest number of a signal.
const LAST: Signal = if cfg!(any(target_os = "linux", target_os = "android")) { 64 } else { 31 };

/// The number from which on Node leaves signals as they were.
const FIRST_REAL_TIME: Signal = 32;

/// Those that would not end this process, or that cannot be caught. A stop is for this process
/// alone, as of any other; a terminal stops the command as well.
const LEFT_ALONE: &[Signal] = &[
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGURG,
    libc::SIGWINCH,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    libc::SIGIO,
];

/// Those that a fault of this process's own raises.
const FAULTS: &[Signal] =
    &[libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// Those that Node ignores, so that a write fails in place of ending the process.
const OF_WRITES: &[Signal] = &[libc::SIGPIPE, libc::SIGXFSZ];

/// A set of signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSet(u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);

    /// Bit n-1 is signal n.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns `true` if the signal is in the set.
    pub fn contains(self, signal: Signal) -> bool {
        self.0 & bit(signal) != 0
    }

    /// The set with one signal more.
    pub fn with(self, signal: Signal) -> Self {
        Self(self.0 | bit(signal))
    }

    /// The set with one signal less.
    pub fn without(self, signal: Signal) -> Self {
        Self(self.0 & !bit(signal))
    }

    /// The signals of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn bit(signal: Signal) -> u64 {
    1 << (signal - 1)
}

/// The process of the command, or one of the two below.
static COMMAND: AtomicI32 = AtomicI32::new(NOT_STARTED);

const NOT_STARTED: libc::pid_t = 0;
const ENDED: libc::pid_t = -1;

/// Handlers that are at work.
static SENDING: AtomicU32 = AtomicU32::new(0);

/// Signals that came before the command was started, and have not been sent to it.
static PENDING: AtomicU64 = AtomicU64::new(0);

/// Signals that came since [`forward`].
static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// The real-time signals that this process ignores.
pub fn ignored_real_time() -> SignalSet {
    (1..=LAST)
        .skip_while(|signal| *signal < FIRST_REAL_TIME)
        .filter(|signal| disposition(*signal) == Some(libc::SIG_IGN))
        .fold(SignalSet::EMPTY, SignalSet::with)
}

/// Puts the standard signals back to what they were when this process was started, but for those of
/// its own faults and writes, which stay as Node has them until the command is started. As process 1
/// of a container, where the kernel drops signals that have no handler, makes them end this process.
pub fn reset(ignored: SignalSet) {
    let stays = |signal: &Signal| FAULTS.contains(signal) || OF_WRITES.contains(signal);
    for signal in (1..FIRST_REAL_TIME).filter(|signal| !stays(signal)) {
        let handler = if ignored.contains(signal) { libc::SIG_IGN } else { libc::SIG_DFL };
        set_disposition(signal, handler, 0);
    }
    if std::process::id() == 1 {
        for signal in forwardable(ignored) {
            set_disposition(signal, end as *const () as libc::sighandler_t, libc::SA_SIGINFO);
        }
    }
}

/// Begins to collect signals for the command, which is to be started next.
pub fn forward(ignored: SignalSet) {
    // The other threads of this process go on with their system calls.
    let flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    for signal in forwardable(ignored) {
        set_disposition(signal, pass_on as *const () as libc::sighandler_t, flags);
    }
}

/// Makes the signals act on this process, also those that [`forward`] or Node caught or ignored.
pub fn let_act(ignored: SignalSet) {
    for signal in forwardable(ignored) {
        set_disposition(signal, libc::SIG_DFL, 0);
    }
}

/// The command has been started: sends it what has come for it.
pub fn command_started(pid: Pid) {
    COMMAND.store(pid.as_raw_nonzero().get(), Ordering::SeqCst);
    for signal in 1..=LAST {
        if take_pending(signal) {
            send(pid.as_raw_nonzero().get(), signal);
        }
    }
}

/// The command has ended, and is still to be reaped: sends nothing to it any more.
pub fn command_ended() {
    COMMAND.store(ENDED, Ordering::SeqCst);
    // On other threads: on this one a handler is over before this goes on.
    while SENDING.load(Ordering::SeqCst) > 0 {
        std::thread::yield_now();
    }
}

/// Returns `true` if the signal has come since [`forward`].
pub fn was_received(signal: Signal) -> bool {
    RECEIVED.load(Ordering::SeqCst) & bit(signal) != 0
}

/// Ends this process by a signal, without a core file: the one of interest is the command's.
/// Returns if that is not possible, as in process 1 of a container.
pub fn die_of(signal: Signal) {
    leave_no_core();
    set_disposition(signal, libc::SIG_DFL, 0);
    unblock_all();
    // SAFETY: it has no preconditions.
    let this_process = unsafe { libc::getpid() };
    // Not raise(3), which refuses the signals that the library keeps for itself.
    send(this_process, signal);
}

/// Blocks all signals of this thread, until [`unblock_all`].
pub fn block_all() {
    set_mask(|set| {
        // SAFETY: the place given is as large as a set.
        unsafe { libc::sigfillset(set) };
    });
}

/// Unblocks all signals of this thread.
pub fn unblock_all() {
    set_mask(|set| {
        // SAFETY: as above.
        unsafe { libc::sigemptyset(set) };
    });
}

fn set_mask(fill: impl FnOnce(*mut libc::sigset_t)) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    fill(set.as_mut_ptr());
    // SAFETY: the set is initialised; the former mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), ptr::null_mut()) };
}

/// Every signal that would end this process and that it can catch.
fn forwardable(ignored: SignalSet) -> impl Iterator<Item = Signal> {
    (1..=LAST).filter(move |signal| !LEFT_ALONE.contains(signal) && !ignored.contains(*signal))
}

/// Ends this process, which waits for the lock.
extern "C" fn end(signal: Signal, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: it has no preconditions.
    unsafe { libc::_exit(128 + signal) }
}

/// Passes a signal on to the command.
extern "C" fn pass_on(signal: Signal, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    // SAFETY: the kernel gives a handler with SA_SIGINFO a valid one.
    let info = unsafe { &*info };
    if is_own_fault(signal, info) {
        end_together(signal);
    } else if !is_own_broken_pipe(signal, info) {
        RECEIVED.fetch_or(bit(signal), Ordering::SeqCst);
        SENDING.fetch_add(1, Ordering::SeqCst);
        match COMMAND.load(Ordering::SeqCst) {
            ENDED => {}
            NOT_STARTED => {
                PENDING.fetch_or(bit(signal), Ordering::SeqCst);
                let command = COMMAND.load(Ordering::SeqCst);
                if command > 0 && take_pending(signal) {
                    send(command, signal);
                }
            }
            command if has_come_from_terminal(signal, info, command) => {}
            command => send_with_value(command, signal, info),
        }
        SENDING.fetch_sub(1, Ordering::SeqCst);
    }
    set_errno(errno);
}

fn take_pending(signal: Signal) -> bool {
    PENDING.fetch_and(!bit(signal), Ordering::SeqCst) & bit(signal) != 0
}

/// A command that has become another user's cannot be sent a signal: it goes without.
fn send(process: libc::pid_t, signal: Signal) {
    // SAFETY: the number is this process's, or the command's, which has not been reaped.
    unsafe { libc::kill(process, signal) };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn send_with_value(command: libc::pid_t, signal: Signal, info: &libc::siginfo_t) {
    if info.si_code == libc::SI_QUEUE {
        // SAFETY: a signal of sigqueue(3) has a value.
        let value = unsafe { info.si_value() };
        // SAFETY: as in `send`.
        unsafe { libc::sigqueue(command, signal, value) };
    } else {
        send(command, signal);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn send_with_value(command: libc::pid_t, signal: Signal, _: &libc::siginfo_t) {
    send(command, signal);
}

/// Returns `true` if a terminal has sent the signal to the whole group, and so to the command. A
/// hang-up it sends to the leader of the session alone.
fn has_come_from_terminal(signal: Signal, info: &libc::siginfo_t, command: libc::pid_t) -> bool {
    let is_for_group = match signal {
        libc::SIGINT | libc::SIGQUIT => true,
        libc::SIGHUP => !is_session_leader(),
        _ => false,
    };
    is_for_group && is_from_kernel(info) && {
        // SAFETY: it has no preconditions.
        let group = unsafe { libc::getpgid(command) };
        // SAFETY: it has no preconditions.
        group == unsafe { libc::getpgrp() }
    }
}

fn is_session_leader() -> bool {
    // SAFETY: it has no preconditions.
    let session = unsafe { libc::getsid(0) };
    // SAFETY: it has no preconditions.
    session == unsafe { libc::getpid() }
}

/// Returns `true` if no process has sent the signal.
fn is_from_kernel(info: &libc::siginfo_t) -> bool {
    if cfg!(any(target_os = "linux", target_os = "android")) {
        info.si_code > 0
    } else {
        // SAFETY: the number is there in every kind of signal that is looked at here.
        (unsafe { info.si_pid() }) == 0
    }
}

fn is_own_fault(signal: Signal, info: &libc::siginfo_t) -> bool {
    if signal == libc::SIGABRT {
        return is_from_this_process(info);
    }
    FAULTS.contains(&signal) && is_from_kernel(info)
}

/// A message that could not be written.
fn is_own_broken_pipe(signal: Signal, info: &libc::siginfo_t) -> bool {
    signal == libc::SIGPIPE && (is_from_kernel(info) || is_from_this_process(info))
}

fn is_from_this_process(info: &libc::siginfo_t) -> bool {
    // SAFETY: a signal of a process has its number.
    let sender = unsafe { info.si_pid() };
    // SAFETY: it has no preconditions.
    sender == unsafe { libc::getpid() }
}

/// This process cannot go on. The lock would be free while the command runs: ends the command first.
fn end_together(signal: Signal) {
    if let Some(pid) = Pid::from_raw(COMMAND.load(Ordering::SeqCst)) {
        send(pid.as_raw_nonzero().get(), libc::SIGKILL);
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while rustix::process::waitid(WaitId::Pid(pid), ended).err() == Some(Errno::INTR) {}
    }
    set_disposition(signal, libc::SIG_DFL, 0);
    // SAFETY: it has no preconditions. It acts when the handler has returned.
    unsafe { libc::raise(signal) };
}

fn leave_no_core() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    // A handler of core files that the kernel starts does not see the limit.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: this call takes numbers alone.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0)
    };
}

/// Fails silently: a system can keep a signal for itself.
fn set_disposition(signal: Signal, handler: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: an all-zero sigaction is a valid one: no flags, default handler, empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the action is complete, and its handler is safe to run at any moment.
    let set = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } == 0;
    if !set {
        reserved::set(signal, &action);
    }
}

fn disposition(signal: Signal) -> Option<libc::sighandler_t> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null new action only reads the present one into the place given.
    let read = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == 0;
    if !read {
        return None;
    }
    // SAFETY: it was filled in.
    Some(unsafe { action.assume_init() }.sa_sigaction)
}

/// The real-time signals that the C library keeps for its threads and refuses to handle. It does
/// not cancel threads or change users here.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod reserved {
    use std::ptr;

    use super::Signal;

    /// As the kernel has it. Larger than on any architecture.
    type KernelAction = [usize; 16];

    /// The size of the kernel's set of signals.
    const SET_SIZE: usize = 8;

    /// Sets the action by way of another signal: the library completes it in its own way.
    pub fn set(signal: Signal, action: &libc::sigaction) {
        const OTHER: Signal = libc::SIGWINCH;
        let Some(before) = swap(OTHER, None) else { return };
        // SAFETY: the action is complete, its handler safe to run, and the signal's by default is
        // to do nothing.
        unsafe { libc::sigaction(OTHER, action, ptr::null_mut()) };
        let completed = swap(OTHER, Some(&before));
        if let Some(completed) = completed {
            swap(signal, Some(&completed));
        }
    }

    /// Returns the action before.
    fn swap(signal: Signal, new: Option<&KernelAction>) -> Option<KernelAction> {
        let mut old: KernelAction = [0; 16];
        let new = new.map_or(ptr::null(), |new| new.as_ptr());
        // SAFETY: what is given was read from the kernel before; the place for the old one is
        // large enough.
        let result = unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, new, old.as_mut_ptr(), SET_SIZE)
        };
        (result == 0).then_some(old)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod reserved {
    pub fn set(_: super::Signal, _: &libc::sigaction) {}
}

fn set_errno(errno: i32) {
    #[cfg(target_os = "linux")]
    // SAFETY: it has no preconditions.
    let place = unsafe { libc::__errno_location() };
    #[cfg(target_os = "android")]
    // SAFETY: it has no preconditions.
    let place = unsafe { libc::__errno() };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: it has no preconditions.
    let place = unsafe { libc::__error() };
    // SAFETY: the place is this thread's own.
    unsafe { *place = errno };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_set_holds_what_was_added_and_not_removed() {
        let set = SignalSet::EMPTY.with(1).with(64).without(1);
        assert!(set.contains(64) && !set.contains(1));
        assert_eq!(set.union(SignalSet::EMPTY.with(1)), SignalSet::from_bits(1 | 1 << 63));
    }

    #[test]
    fn every_signal_is_forwardable_but_those_that_stop_or_that_do_nothing() {
        let all: Vec<_> = forwardable(SignalSet::EMPTY.with(libc::SIGHUP)).collect();
        assert!(!all.contains(&libc::SIGHUP) && !all.contains(&libc::SIGTSTP));
        assert!(all.contains(&libc::SIGTERM) && all.contains(&libc::SIGUSR1));
        assert_eq!(all.contains(&32), LAST == 64);
    }
}

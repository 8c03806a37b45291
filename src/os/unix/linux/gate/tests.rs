//! Open files of one process exclude each other as those of several do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use super::*;
use crate::os::Mode::{Exclusive, Shared};
use crate::os::wait::Interrupt;
use crate::os::{Os, System};
use crate::path::LockPath;

/// Longer than anything takes.
const HANGING: Duration = Duration::from_secs(60);

/// A lock file that is gone in the end.
struct Lock(PathBuf);

impl Lock {
    fn new(test: &str) -> Self {
        Self(env::temp_dir().join(format!("locket-gate-{test}-{}", process::id())))
    }

    fn open(&self) -> File {
        System.open(&LockPath::new(self.0.as_os_str())).unwrap()
    }

    fn held(&self, mode: Mode) -> File {
        let file = self.open();
        assert_eq!(System.try_lock(&file, mode), Ok(true));
        file
    }

    /// Waits on a thread, and unlocks after `then`. To close the file is not enough: a program that
    /// another test starts has it too for a moment.
    fn waiting(&self, mode: Mode, then: impl FnOnce(&File) + Send + 'static) -> Waiting {
        let interrupt = Arc::new(System.new_interrupt());
        let (file, for_thread) = (self.open(), Arc::clone(&interrupt));
        let thread = thread::spawn(move || {
            let waited = System.lock(&file, mode, &for_thread).unwrap();
            if waited == Waited::Granted {
                then(&file);
                System.unlock(&file);
            }
            waited
        });
        Waiting { interrupt, thread }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

struct Waiting {
    interrupt: Arc<Interrupt>,
    thread: JoinHandle<Waited>,
}

impl Waiting {
    fn granted(self) {
        assert_eq!(self.thread.join().unwrap(), Waited::Granted);
    }
}

fn until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < HANGING, "it never comes true");
        thread::yield_now();
    }
}

/// Waits until a writer waits for the lock that `holder` holds in this mode. One that sees a reader
/// closes the gate for a moment first, and again when its turn begins.
fn until_writer_waits(holder: &File, mode: Mode) {
    let closed = if mode == Shared { TURN } else { ANNOUNCED };
    until(|| is_seen(holder, closed));
    assert_eq!(System.gate(holder), Gate::Closed);
}

#[test]
fn shared_holders_are_together_and_exclude_an_exclusive_one() {
    let lock = Lock::new("modes");
    let readers = [lock.held(Shared), lock.held(Shared)];
    let writer = lock.open();
    assert_eq!(System.try_lock(&writer, Exclusive), Ok(false));
    assert_eq!(System.gate(&readers[0]), Gate::Open);
    readers.iter().for_each(|reader| System.unlock(reader));
    assert_eq!(System.try_lock(&writer, Exclusive), Ok(true));
    assert_eq!(System.try_lock(&lock.open(), Shared), Ok(false));
}

#[test]
fn a_waiting_writer_closes_the_gate_and_its_end_opens_it() {
    for granted in [true, false] {
        let lock = Lock::new("closed");
        let reader = lock.held(Shared);
        let writer = lock.waiting(Exclusive, |_| {});
        until_writer_waits(&reader, Shared);
        assert_eq!(System.try_lock(&lock.open(), Shared), Ok(false));
        if granted {
            System.unlock(&reader);
            writer.granted();
        } else {
            System.interrupt(&writer.interrupt);
            assert_eq!(writer.thread.join().unwrap(), Waited::Interrupted);
        }
        assert_eq!(System.gate(&reader), Gate::Open);
        lock.held(Shared);
    }
}

#[test]
fn a_reader_that_comes_after_a_waiting_writer_gets_the_lock_after_it() {
    for first in [Shared, Exclusive] {
        let lock = Lock::new("order");
        let turns = Arc::new(AtomicU32::new(0));
        let holder = lock.held(first);
        let writer = lock.waiting(Exclusive, {
            let turns = Arc::clone(&turns);
            move |_| assert_eq!(turns.fetch_add(1, Ordering::SeqCst), 0)
        });
        until_writer_waits(&holder, first);
        let readers = [(); 3].map(|()| {
            let turns = Arc::clone(&turns);
            lock.waiting(Shared, move |_| assert!(turns.fetch_add(1, Ordering::SeqCst) > 0))
        });
        System.unlock(&holder);
        writer.granted();
        readers.into_iter().for_each(Waiting::granted);
    }
}

/// A writer that waits behind another one has seen no reader: readers that come then wait for it
/// as well.
#[test]
fn a_writer_that_only_announced_itself_is_not_passed() {
    let lock = Lock::new("announced");
    let writer = lock.held(Exclusive);
    let next = lock.waiting(Exclusive, |_| thread::sleep(Duration::from_millis(5)));
    until_writer_waits(&writer, Exclusive);
    assert!(lock.is_opened_for_writing().is_empty(), "exclusive locks need no file to write");
    System.downgrade(&writer).unwrap();
    assert_eq!(System.try_lock(&lock.open(), Shared), Ok(false));
    let reader = lock.waiting(Shared, |_| {});
    System.unlock(&writer);
    next.granted();
    reader.granted();
}

impl Lock {
    /// The descriptors of this process that can write the file.
    fn is_opened_for_writing(&self) -> Vec<String> {
        let flags = |name: &str| {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{name}")).ok()?;
            let flags =
                info.lines().find_map(|line| line.strip_prefix("flags:"))?.trim().to_owned();
            i32::from_str_radix(&flags, 8).ok()
        };
        let names = fs::read_dir("/proc/self/fd").unwrap().flatten();
        names
            .filter(|entry| fs::read_link(entry.path()).is_ok_and(|file| file == self.0))
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| flags(name).is_some_and(|flags| flags & libc::O_ACCMODE != 0))
            .collect()
    }
}

#[test]
fn a_program_is_locked_without_being_opened_for_writing() {
    use std::os::unix::fs::PermissionsExt;
    let lock = Lock::new("program");
    let reader = lock.held(Shared);
    fs::set_permissions(&lock.0, fs::Permissions::from_mode(0o755)).unwrap();
    let writer = lock.waiting(Exclusive, |_| {});
    until(|| System.gate(&reader) == Gate::Closed);
    assert!(lock.is_opened_for_writing().is_empty());
    System.unlock(&reader);
    writer.granted();
}

/// Each reader holds the lock until another one has it too, or is refused: without a gate it would
/// never be free.
#[test]
fn readers_in_overlap_keep_no_writer_out() {
    // A writer that has no processor for a moment has not come to the gate, and is passed. This is
    // a second of such moments.
    const STARVING: u32 = 1000;
    let lock = Arc::new(Lock::new("starvation"));
    let is_over = Arc::new(AtomicBool::new(false));
    let (grants, refusals) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (lock, is_over) = (lock.clone(), is_over.clone());
            let (grants, refusals) = (grants.clone(), refusals.clone());
            thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    let file = lock.open();
                    let refused = refusals.load(Ordering::SeqCst);
                    if System.try_lock(&file, Shared) != Ok(true) {
                        refusals.fetch_add(1, Ordering::SeqCst);
                        System.lock(&file, Shared, &Interrupt::new()).unwrap();
                    }
                    let granted = grants.fetch_add(1, Ordering::SeqCst) + 1;
                    thread::sleep(Duration::from_millis(3));
                    until(|| {
                        grants.load(Ordering::SeqCst) > granted
                            || refusals.load(Ordering::SeqCst) > refused
                            || is_over.load(Ordering::SeqCst)
                    });
                }
            })
        })
        .collect();
    for _ in 0..20 {
        let before = grants.load(Ordering::SeqCst);
        until(|| grants.load(Ordering::SeqCst) > before + 4);
        let before = grants.load(Ordering::SeqCst);
        let writer = lock.waiting(Exclusive, |_| {});
        until(|| writer.thread.is_finished() || grants.load(Ordering::SeqCst) > before + STARVING);
        if !writer.thread.is_finished() {
            System.interrupt(&writer.interrupt);
        }
        writer.granted();
    }
    is_over.store(true, Ordering::SeqCst);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

#[test]
fn no_writer_gets_the_lock_while_it_is_downgraded() {
    let lock = Arc::new(Lock::new("downgrade"));
    let state = Arc::new(AtomicU32::new(0));
    let is_over = Arc::new(AtomicU32::new(0));
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let (lock, state, is_over) = (lock.clone(), state.clone(), is_over.clone());
            thread::spawn(move || {
                while is_over.load(Ordering::SeqCst) == 0 {
                    let file = lock.open();
                    System.lock(&file, Exclusive, &Interrupt::new()).unwrap();
                    assert_eq!(state.load(Ordering::SeqCst), 0, "it slipped in");
                }
            })
        })
        .collect();
    for _ in 0..1000 {
        let file = lock.open();
        System.lock(&file, Exclusive, &Interrupt::new()).unwrap();
        state.store(1, Ordering::SeqCst);
        System.downgrade(&file).unwrap();
        thread::yield_now();
        state.store(0, Ordering::SeqCst);
    }
    is_over.store(1, Ordering::SeqCst);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}

//! An operating system in memory: files at paths, exclusive locks, threads that wait for them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::threads::{Condvar, Mutex, MutexGuard, thread};
use crate::error::{Error, Syscall};
use crate::lock::waiter::LockPath;
use crate::os::{FileId, Identified, Os, Process, Waited};

/// As much of an operating system as the lock needs.
#[derive(Clone)]
pub struct FakeOs {
    disk: Arc<Disk>,
    /// Whether a wait can be ended.
    interrupts: bool,
}

/// What other processes do to a lock file.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Replaced,
    Deleted,
}

struct Disk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    files: HashMap<PathBuf, u128>,
    last_file: u128,
    /// The open file that has each lock.
    locks: HashMap<u128, u64>,
    last_open: u64,
    /// Comes over the file that is opened next, right after.
    fate: Option<Fate>,
    /// A wait that is granted does not come back before this is over.
    grants_delayed: bool,
    /// How many attempts found the lock taken.
    refused: usize,
    open: usize,
    waiting: usize,
    threads: usize,
}

/// An open file.
pub struct File {
    disk: Arc<Disk>,
    id: FileId,
    open: u64,
}

#[derive(Default)]
pub struct Interrupt {
    requested: Mutex<bool>,
}

impl FakeOs {
    /// The other process.
    pub const FOREIGN: Process = Process { pid: 1, command: None };

    pub fn new(interrupts: bool) -> Self {
        let disk = Disk { state: Mutex::default(), changed: Condvar::new() };
        Self { disk: Arc::new(disk), interrupts }
    }

    /// A new file comes to the path.
    pub fn replace(&self, path: &LockPath) {
        self.befall(path, Fate::Replaced);
    }

    pub fn befall(&self, path: &LockPath, fate: Fate) {
        self.disk.state().befall(path, fate);
    }

    /// For the next that opens a file: before it locks it.
    pub fn befall_once_open(&self, fate: Fate) {
        self.disk.state().fate = Some(fate);
    }

    /// Has anybody the lock of the file that is at the path now?
    pub fn is_locked(&self, path: &LockPath) -> bool {
        let state = self.disk.state();
        state.files.get(path.as_path()).is_some_and(|file| state.locks.contains_key(file))
    }

    /// Both paths name one file from now on.
    pub fn link(&self, path: &LockPath, other: &LockPath) {
        self.replace(path);
        let mut state = self.disk.state();
        let file = state.files[path.as_path()];
        state.files.insert(other.as_path().to_owned(), file);
    }

    /// Another process opens the file and has its lock.
    pub fn foreign_lock(&self, path: &LockPath) -> File {
        let file = self.open(path).expect("files can be opened here");
        let granted = self.lock(&file, &Interrupt::default());
        assert_eq!(granted, Ok(Waited::Granted));
        file
    }

    /// Until `count` threads wait in the lock call.
    pub fn await_waiting(&self, count: usize) {
        self.disk.wait_until(|state| state.waiting == count);
    }

    /// Whether the threads of waits that are granted stay in the lock call, as a busy processor has
    /// it.
    pub fn delay_grants(&self, delayed: bool) {
        self.disk.change(|state| state.grants_delayed = delayed);
    }

    /// Until somebody has the lock of the file at the path.
    pub fn await_locked(&self, path: &LockPath) {
        let file = self.identify(path).expect("it is there").file;
        self.disk.wait_until(|state| state.locks.contains_key(&file));
    }

    /// Until `count` attempts have found the lock taken.
    pub fn await_refused(&self, count: usize) {
        self.disk.wait_until(|state| state.refused == count);
    }

    /// Until every thread of a wait has ended.
    pub fn await_threads(&self) {
        self.disk.wait_until(|state| state.threads == 0);
    }

    /// Nothing is open, and so nothing locked.
    pub fn assert_closed(&self) {
        let state = self.disk.state();
        assert_eq!(state.open, 0, "no file is left open");
        assert!(state.locks.is_empty(), "no lock is left");
    }
}

impl State {
    fn befall(&mut self, path: &LockPath, fate: Fate) {
        match fate {
            Fate::Replaced => {
                self.last_file += 1;
                self.files.insert(path.as_path().to_owned(), self.last_file);
            }
            Fate::Deleted => {
                self.files.remove(path.as_path());
            }
        }
    }
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panicked")
    }

    fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        let mut state = self.state();
        while !is_so(&state) {
            state = self.changed.wait(state).expect("no thread panicked");
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }
}

impl Identified for File {
    fn id(&self) -> FileId {
        self.id
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let (file, open) = (self.id.file, self.open);
        self.disk.change(|state| {
            state.open -= 1;
            if state.locks.get(&file) == Some(&open) {
                state.locks.remove(&file);
            }
        });
    }
}

impl Os for FakeOs {
    type File = File;
    type Interrupt = Interrupt;

    fn open(&self, path: &LockPath) -> Result<File, Error> {
        let mut state = self.disk.state();
        state.open += 1;
        state.last_open += 1;
        let next = state.last_file + 1;
        let file = *state.files.entry(path.as_path().to_owned()).or_insert(next);
        state.last_file = state.last_file.max(file);
        if let Some(fate) = state.fate.take() {
            state.befall(path, fate);
        }
        let id = FileId { volume: 0, file };
        Ok(File { disk: Arc::clone(&self.disk), id, open: state.last_open })
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        let state = self.disk.state();
        let missing = Error { syscall: Syscall::Stat, errno: -2 };
        let file = *state.files.get(path.as_path()).ok_or(missing)?;
        Ok(FileId { volume: 0, file })
    }

    fn try_lock(&self, file: &File) -> Result<bool, Error> {
        let mut state = self.disk.state();
        let owner = *state.locks.entry(file.id.file).or_insert(file.open);
        if owner != file.open {
            state.refused += 1;
            self.disk.changed.notify_all();
        }
        Ok(owner == file.open)
    }

    fn new_interrupt(&self) -> Interrupt {
        Interrupt::default()
    }

    fn lock(&self, file: &File, interrupt: &Interrupt) -> Result<Waited, Error> {
        let mut state = self.disk.state();
        state.waiting += 1;
        self.disk.changed.notify_all();
        let waited = loop {
            if *interrupt.requested.lock().expect("no thread panicked") {
                break Waited::Interrupted;
            }
            if *state.locks.entry(file.id.file).or_insert(file.open) == file.open {
                break Waited::Granted;
            }
            state = self.disk.changed.wait(state).expect("no thread panicked");
        };
        self.disk.changed.notify_all();
        while state.grants_delayed && waited == Waited::Granted {
            state = self.disk.changed.wait(state).expect("no thread panicked");
        }
        state.waiting -= 1;
        self.disk.changed.notify_all();
        Ok(waited)
    }

    fn interrupt(&self, interrupt: &Arc<Interrupt>) {
        if self.interrupts {
            *interrupt.requested.lock().expect("no thread panicked") = true;
            // Taking the mutex in between, lest a thread about to wait miss it.
            self.disk.change(|_| {});
        }
    }

    fn unlock(&self, file: File) {
        drop(file);
    }

    /// Only asked where this process does not hold the lock.
    fn holder(&self, file: FileId) -> Option<Process> {
        self.disk.state().locks.contains_key(&file.file).then_some(Self::FOREIGN)
    }

    fn spawn(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
        let disk = Arc::clone(&self.disk);
        disk.change(|state| state.threads += 1);
        thread::spawn(move || {
            body();
            disk.change(|state| state.threads -= 1);
        });
        Ok(())
    }
}

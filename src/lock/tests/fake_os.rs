//! An operating system in memory: files at paths, locks, threads that wait for them.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::threads::{Condvar, Mutex, MutexGuard, thread};
use crate::error::{Error, Syscall};
use crate::os::{FileId, Gate, HolderInfo, Identified, Mode, Os, Waited};
use crate::path::LockPath;

/// As much of an operating system as the lock needs.
#[derive(Clone)]
pub struct FakeOs {
    disk: Arc<Disk>,
    /// Whether a wait can be ended.
    interrupts: bool,
}

/// What other processes do to a lock file.
#[derive(Clone, Copy, Debug)]
pub enum FileChange {
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
    /// The open files that have the lock of each file.
    locks: HashMap<u128, HashMap<u64, Mode>>,
    /// The open files that wait for the exclusive lock of each file.
    gates: HashMap<u128, HashSet<u64>>,
    last_open: u64,
    /// Comes over the file that is opened next, right after.
    change_next: Option<FileChange>,
    /// Another file is at the path whenever one has been opened there.
    is_unstable: bool,
    /// A wait that is granted does not come back before this is over.
    grants_delayed: bool,
    /// A wait that is asked to end goes on until this is over.
    interrupts_delayed: bool,
    /// How many attempts found the lock taken, or the gate closed.
    refused: usize,
    open: usize,
    waiting: usize,
    threads: usize,
}

impl State {
    fn unlock(&mut self, file: &File) {
        self.open_gate(file);
        if let Some(locks) = self.locks.get_mut(&file.id.file) {
            locks.remove(&file.open);
            if locks.is_empty() {
                self.locks.remove(&file.id.file);
            }
        }
    }

    fn open_gate(&mut self, file: &File) {
        if let Some(gate) = self.gates.get_mut(&file.id.file) {
            gate.remove(&file.open);
        }
    }

    /// Locks the file if no other open file has a lock that conflicts.
    fn try_lock(&mut self, file: &File, mode: Mode) -> bool {
        let is_shared = |other: &Mode| mode == Mode::Shared && *other == Mode::Shared;
        let conflicts = |(open, other): (&u64, &Mode)| *open != file.open && !is_shared(other);
        let free = !self.locks.get(&file.id.file).is_some_and(|it| it.iter().any(conflicts));
        if free {
            self.locks.entry(file.id.file).or_default().insert(file.open, mode);
        }
        free
    }

    fn gate(&self, file: &File) -> Gate {
        let is_other = |open: &u64| *open != file.open;
        let waiting = self.gates.get(&file.id.file).is_some_and(|gate| gate.iter().any(is_other));
        if waiting { Gate::Closed } else { Gate::Open }
    }
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
    pub const FOREIGN: HolderInfo =
        HolderInfo { pid: 1, mode: Mode::Exclusive, start: None, argv: None };

    pub fn new(interrupts: bool) -> Self {
        let disk = Disk { state: Mutex::default(), changed: Condvar::new() };
        Self { disk: Arc::new(disk), interrupts }
    }

    /// A new file comes to the path.
    pub fn replace(&self, path: &LockPath) {
        self.change_file(path, FileChange::Replaced);
    }

    pub fn change_file(&self, path: &LockPath, change_next: FileChange) {
        self.disk.state().change_file(path, change_next);
    }

    /// For the next that opens a file: before it locks it.
    pub fn change_after_open(&self, change_next: FileChange) {
        self.disk.state().change_next = Some(change_next);
    }

    /// From now on, another file is at the path whenever one has been opened there.
    pub fn make_unstable(&self) {
        self.disk.state().is_unstable = true;
    }

    /// Returns `true` if the file that is at the path now is locked.
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
        let granted = self.lock(&file, Mode::Exclusive, &Interrupt::default());
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

    /// The same for the threads of waits that are asked to end.
    pub fn delay_interrupts(&self, delayed: bool) {
        self.disk.change(|state| state.interrupts_delayed = delayed);
    }

    /// Until the file at the path is locked.
    pub fn await_locked(&self, path: &LockPath) {
        let file = self.identify(path).expect("it is there").file;
        self.disk.wait_until(|state| state.locks.contains_key(&file));
    }

    /// Returns how many attempts have found the lock taken, or the gate closed.
    pub fn refused(&self) -> usize {
        self.disk.state().refused
    }

    /// Until `count` attempts have found the lock taken, or the gate closed.
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
    fn change_file(&mut self, path: &LockPath, change_next: FileChange) {
        match change_next {
            FileChange::Replaced => {
                self.last_file += 1;
                self.files.insert(path.as_path().to_owned(), self.last_file);
            }
            FileChange::Deleted => {
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
        self.disk.change(|state| {
            state.open -= 1;
            state.unlock(self);
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
        if let Some(change_next) = state.change_next.take() {
            state.change_file(path, change_next);
        }
        if state.is_unstable {
            state.change_file(path, FileChange::Replaced);
        }
        let id = FileId { volume: 0, file };
        Ok(File { disk: Arc::clone(&self.disk), id, open: state.last_open })
    }

    fn open_past_lease(&self, path: &LockPath, _: &Interrupt) -> Result<Option<File>, Error> {
        self.open(path).map(Some)
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        let state = self.disk.state();
        let missing = Error { syscall: Syscall::Stat, errno: -2 };
        let file = *state.files.get(path.as_path()).ok_or(missing)?;
        Ok(FileId { volume: 0, file })
    }

    fn try_lock(&self, file: &File, mode: Mode) -> Result<bool, Error> {
        let mut state = self.disk.state();
        let passes = mode == Mode::Exclusive || state.gate(file) == Gate::Open;
        let locked = passes && state.try_lock(file, mode);
        if !locked {
            state.refused += 1;
            self.disk.changed.notify_all();
        }
        Ok(locked)
    }

    fn new_interrupt(&self) -> Interrupt {
        Interrupt::default()
    }

    fn lock(&self, file: &File, mode: Mode, interrupt: &Interrupt) -> Result<Waited, Error> {
        let mut state = self.disk.state();
        state.waiting += 1;
        if mode == Mode::Exclusive {
            state.gates.entry(file.id.file).or_default().insert(file.open);
        }
        self.disk.changed.notify_all();
        let waited = loop {
            let is_asked = *interrupt.requested.lock().expect("no thread panicked");
            if is_asked && !state.interrupts_delayed {
                break Waited::Interrupted;
            }
            let passes = mode == Mode::Exclusive || state.gate(file) == Gate::Open;
            if passes && state.try_lock(file, mode) {
                break Waited::Granted;
            }
            state = self.disk.changed.wait(state).expect("no thread panicked");
        };
        if waited != Waited::Granted || mode == Mode::Shared {
            state.open_gate(file);
        }
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
            // With the mutex taken in between, no thread that is about to wait misses it.
            self.disk.change(|_| {});
        }
    }

    fn downgrade(&self, file: &File) -> Result<(), Error> {
        let mut state = self.disk.state();
        let before = state.locks.get_mut(&file.id.file).and_then(|locks| locks.get_mut(&file.open));
        let mode = before.expect("it is locked");
        assert_eq!(std::mem::replace(mode, Mode::Shared), Mode::Exclusive);
        state.open_gate(file);
        self.disk.changed.notify_all();
        Ok(())
    }

    fn open_gate(&self, file: &File) {
        file.disk.change(|state| state.open_gate(file));
    }

    fn gate(&self, file: &File) -> Gate {
        let mut state = self.disk.state();
        let gate = state.gate(file);
        if gate == Gate::Closed {
            state.refused += 1;
            self.disk.changed.notify_all();
        }
        gate
    }

    fn unlock(&self, file: &File) {
        file.disk.change(|state| state.unlock(file));
    }

    /// Only asked where this process does not hold the lock.
    fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
        let holders = |path| if self.is_locked(path) { vec![Self::FOREIGN] } else { Vec::new() };
        paths.iter().map(holders).collect()
    }

    fn spawn(&self, body: Box<dyn FnOnce() -> bool + Send>) -> Result<(), Error> {
        let disk = Arc::clone(&self.disk);
        disk.change(|state| state.threads += 1);
        thread::spawn(move || {
            let _ = body();
            disk.change(|state| state.threads -= 1);
        });
        Ok(())
    }
}

//! A layer below the contract in which any system call can be made to fail.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::error::{Error, Syscall};
use crate::os::{FileId, Gate, HolderInfo, Mode, Os, Waited};
use crate::path::LockPath;

/// Passes everything on, but for the call that is to fail.
pub struct Faulty<O> {
    os: O,
    /// Counted from nought; each failure is one alone.
    plan: Mutex<Option<Plan>>,
    threads: Arc<Threads>,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    calls_before: usize,
    errno: i32,
}

#[derive(Default)]
struct Threads {
    running: Mutex<usize>,
    changed: Condvar,
}

impl<O: Os> Faulty<O> {
    pub fn new(os: O) -> Self {
        Self { os, plan: Mutex::new(None), threads: Arc::default() }
    }

    /// After so many more calls, one fails.
    pub fn fail_after(&self, calls_before: usize, errno: i32) {
        *self.plan() = Some(Plan { calls_before, errno });
    }

    /// Nothing fails from now on. True: the failure that was planned has not happened.
    pub fn disarm(&self) -> bool {
        self.plan().take().is_some()
    }

    /// Without faults.
    pub fn sound(&self) -> &O {
        &self.os
    }

    /// Until every thread of a wait has ended.
    pub fn await_threads(&self) {
        let running = self.threads.running.lock().expect("no thread panicked");
        let ended = self.threads.changed.wait_while(running, |running| *running > 0);
        drop(ended.expect("no thread panicked"));
    }

    fn plan(&self) -> MutexGuard<'_, Option<Plan>> {
        self.plan.lock().expect("no thread panicked")
    }

    fn call<T>(
        &self,
        syscall: Syscall,
        call: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut plan = self.plan();
        match &mut *plan {
            Some(Plan { calls_before: 0, errno }) => {
                let errno = *errno;
                *plan = None;
                Err(Error { syscall, errno })
            }
            due => {
                if let Some(due) = due {
                    due.calls_before -= 1;
                }
                drop(plan);
                call()
            }
        }
    }
}

impl<O: Os> Os for Faulty<O> {
    type File = O::File;
    type Interrupt = O::Interrupt;

    fn open(&self, path: &LockPath) -> Result<O::File, Error> {
        self.call(Syscall::Open, || self.os.open(path))
    }

    fn open_past_lease(
        &self,
        path: &LockPath,
        interrupt: &O::Interrupt,
    ) -> Result<Option<O::File>, Error> {
        self.call(Syscall::Open, || self.os.open_past_lease(path, interrupt))
    }

    fn identify(&self, path: &LockPath) -> Result<FileId, Error> {
        self.call(Syscall::Stat, || self.os.identify(path))
    }

    fn try_lock(&self, file: &O::File, mode: Mode) -> Result<bool, Error> {
        self.call(Syscall::Lock, || self.os.try_lock(file, mode))
    }

    fn new_interrupt(&self) -> O::Interrupt {
        self.os.new_interrupt()
    }

    fn lock(&self, file: &O::File, mode: Mode, interrupt: &O::Interrupt) -> Result<Waited, Error> {
        self.call(Syscall::Lock, || self.os.lock(file, mode, interrupt))
    }

    fn interrupt(&self, interrupt: &Arc<O::Interrupt>) {
        self.os.interrupt(interrupt);
    }

    fn downgrade(&self, file: &O::File) -> Result<(), Error> {
        self.call(Syscall::Lock, || self.os.downgrade(file))
    }

    fn open_gate(&self, file: &O::File) {
        self.os.open_gate(file);
    }

    fn gate(&self, file: &O::File) -> Gate {
        self.os.gate(file)
    }

    fn unlock(&self, file: &O::File) {
        self.os.unlock(file);
    }

    fn holders(&self, paths: &[LockPath]) -> Vec<Vec<HolderInfo>> {
        self.os.holders(paths)
    }

    fn spawn(&self, body: Box<dyn FnOnce() -> bool + Send>) -> Result<(), Error> {
        let threads = Arc::clone(&self.threads);
        self.call(Syscall::Thread, || {
            *threads.running.lock().expect("no thread panicked") += 1;
            let ending = Arc::clone(&threads);
            let started = self.os.spawn(Box::new(move || {
                let is_granted = body();
                ending.end();
                is_granted
            }));
            if started.is_err() {
                threads.end();
            }
            started
        })
    }
}

impl Threads {
    fn end(&self) {
        *self.running.lock().expect("no thread panicked") -= 1;
        self.changed.notify_all();
    }
}

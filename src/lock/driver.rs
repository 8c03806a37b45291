//! Runs the state machine: feeds it events under a mutex, and carries out what it orders outside.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::registry::Registry;
use super::state::{Action, Actions, Tried, WaitEnd, WorkId};
use super::sync::{Condvar, Mutex, now};
use super::waiter::{LockPath, OwnerId, Seat, Waiter, WaiterId};
use crate::error::Error;
use crate::os::{FileId, Identified, Os, Process, Waited};

#[cfg(test)]
#[path = "tests/inspect/driver.rs"]
mod inspect;

/// How long a single attempt waits for the end of a wait of this process that was asked to end and
/// that can have the lock for a moment. It takes microseconds, or until a busy processor gets to
/// that thread; where a wait cannot be ended, it would take for ever.
const LEAVING: Duration = Duration::from_millis(100);

/// A wait that is under way, until its file is closed or passed on.
struct UnderWay<I> {
    /// How to end it.
    interrupt: Arc<I>,
    /// In whose queue it stands, once that is known.
    file: Option<FileId>,
}

/// The locks of one process.
pub struct Driver<S: Seat + Clone, O: Os> {
    os: O,
    registry: Mutex<Registry<S, O::File>>,
    waits: Mutex<HashMap<WorkId, UnderWay<O::Interrupt>>>,
    /// Of a wait in `waits`.
    ended: Condvar,
}

impl<S: Seat + Clone, O: Os> Driver<S, O> {
    /// No lock is held or waited for.
    pub fn new(os: O) -> Arc<Self> {
        let registry = Mutex::new(Registry::new());
        Arc::new(Self { os, registry, waits: Mutex::new(HashMap::new()), ended: Condvar::new() })
    }

    /// Asks for a lock. What is returned is file work, to be run at once where it disturbs nobody.
    #[must_use = "the waiter is not settled before the attempt has run"]
    pub fn request(self: &Arc<Self>, waiter: Waiter<S>) -> Option<Attempt<S, O>> {
        let mut actions = Actions::new();
        self.registry.lock().requested(waiter, &mut actions);
        let mut attempt = None;
        actions.retain_mut(|action| match action {
            Action::Attempt { work, path } => {
                attempt = Some(Attempt::new(self, *work, path.clone()));
                false
            }
            _ => true,
        });
        self.perform(actions);
        attempt
    }

    /// Gives up waiting. False: the waiter was told its outcome, or is being told.
    pub fn cancel(self: &Arc<Self>, path: &LockPath, waiter: WaiterId) -> bool {
        self.event(|registry, out| registry.cancel(path, waiter, out))
    }

    /// Frees the lock at the path, whoever in this process acquired it. False: nobody did.
    pub fn release(self: &Arc<Self>, path: &LockPath) -> bool {
        let now = now();
        self.event(|registry, out| registry.release(path, now, out))
            || self.other_spelling(path).is_some_and(|file| {
                self.event(|registry, out| registry.release_file(file, now, out))
            })
    }

    /// Ends one acquisition. False: it had ended.
    pub fn release_only(self: &Arc<Self>, path: &LockPath, holder: WaiterId) -> bool {
        let now = now();
        self.event(|registry, out| registry.release_only(path, holder, now, out))
    }

    /// Does this process hold the lock at the path?
    pub fn is_held(&self, path: &LockPath) -> bool {
        self.registry.lock().holder(path).is_some()
            || self
                .other_spelling(path)
                .is_some_and(|file| self.registry.lock().file_holder(file).is_some())
    }

    /// Does this acquisition hold the lock at the path?
    pub fn holds(&self, path: &LockPath, holder: WaiterId) -> bool {
        self.registry.lock().holder(path) == Some(holder)
    }

    /// Which process holds the lock at the path, where that can be known?
    pub fn holder(&self, path: &LockPath) -> Option<Process> {
        if self.is_held(path) {
            return Some(self.os.this_process());
        }
        self.os.holder(self.os.identify(path).ok()?)
    }

    /// An environment has ended.
    pub fn gone(self: &Arc<Self>, owner: OwnerId) {
        let now = now();
        self.event(|registry, out| registry.gone(owner, now, out));
    }

    /// The identity of the file at a path that is not known by this spelling, where it can be held
    /// under another.
    fn other_spelling(&self, path: &LockPath) -> Option<FileId> {
        if !self.registry.lock().knows_files() {
            return None;
        }
        self.os.identify(path).ok()
    }

    fn event<T>(
        self: &Arc<Self>,
        event: impl FnOnce(&mut Registry<S, O::File>, &mut Actions<S, O::File>) -> T,
    ) -> T {
        let mut actions = Actions::new();
        let result = event(&mut self.registry.lock(), &mut actions);
        self.perform(actions);
        result
    }

    fn perform(self: &Arc<Self>, actions: Actions<S, O::File>) {
        for action in actions {
            match action {
                Action::Attempt { work, path } => Attempt::new(self, work, path).run(),
                Action::Wait { work, path, file } => self.start_wait(work, path, file),
                Action::Interrupt { work } => {
                    let interrupt =
                        self.waits.lock().get(&work).map(|wait| Arc::clone(&wait.interrupt));
                    if let Some(interrupt) = interrupt {
                        self.os.interrupt(&interrupt);
                    }
                }
                Action::Check { entry, path, file } => {
                    let current = self.os.identify(&path) == Ok(file);
                    let now = now();
                    self.event(|registry, out| registry.checked(entry, &path, current, now, out));
                }
                Action::Settle { seat, outcome } => seat.settle(outcome),
                Action::Notice { seat, holder } => seat.notice(holder),
                Action::LetGo { file } => self.os.unlock(file),
            }
        }
    }

    fn start_wait(self: &Arc<Self>, work: WorkId, path: LockPath, file: Option<O::File>) {
        let interrupt = Arc::new(self.os.new_interrupt());
        let under_way =
            UnderWay { interrupt: Arc::clone(&interrupt), file: file.as_ref().map(Identified::id) };
        self.waits.lock().insert(work, under_way);
        let driver = Arc::clone(self);
        let thread_path = path.clone();
        let body = move || {
            let end = driver.wait(work, &thread_path, file, &interrupt);
            driver.waited(work, &thread_path, end);
        };
        if let Err(error) = self.os.spawn(Box::new(body)) {
            self.waited(work, &path, Some(WaitEnd::Failed(error)));
        }
    }

    fn waited(self: &Arc<Self>, work: WorkId, path: &LockPath, end: Option<WaitEnd<O::File>>) {
        if let Some(end) = end {
            let now = now();
            self.event(|registry, out| registry.waited(work, path, end, now, out));
        }
        self.waits.lock().remove(&work);
        self.ended.notify_all();
    }

    /// On the waiting thread. Nothing comes back when nobody expects anything.
    fn wait(
        self: &Arc<Self>,
        work: WorkId,
        path: &LockPath,
        file: Option<O::File>,
        interrupt: &O::Interrupt,
    ) -> Option<WaitEnd<O::File>> {
        let mut at_hand = file;
        loop {
            let file = match at_hand.take() {
                Some(file) => file,
                None if !self.registry.lock().wants(work) => return None,
                None => {
                    let file = match self.open(work, path) {
                        Ok(file) => file?,
                        Err(error) => return Some(WaitEnd::Failed(error)),
                    };
                    if let Some(wait) = self.waits.lock().get_mut(&work) {
                        wait.file = Some(file.id());
                    }
                    file
                }
            };
            if !self.registry.lock().queued(work) {
                return None;
            }
            match self.os.lock(&file, interrupt) {
                Ok(Waited::Granted) => match self.alert_next_and_keep(work, path, file) {
                    Ok(Some(file)) => return Some(WaitEnd::Granted(file)),
                    // Replaced while we waited: once more, on the new one.
                    Ok(None) => {}
                    Err(error) => return Some(WaitEnd::Failed(error)),
                },
                Ok(Waited::Interrupted) => return Some(WaitEnd::Interrupted),
                Err(error) => return Some(WaitEnd::Failed(error)),
            }
        }
    }

    /// Opens the file for `work`. None: the work is for nobody any more.
    fn open(self: &Arc<Self>, work: WorkId, path: &LockPath) -> Result<Option<O::File>, Error> {
        let file = self.os.open(path)?;
        let goes_on = self.event(|registry, out| registry.opened(work, file.id(), out));
        Ok(goes_on.then_some(file))
    }

    /// As [`Driver::keep_if_current`], while the next waiter's thread wakes up: that takes longer.
    fn alert_next_and_keep(
        &self,
        work: WorkId,
        path: &LockPath,
        file: O::File,
    ) -> Result<Option<O::File>, Error> {
        let next = self.registry.lock().next(work).cloned();
        if let Some(seat) = next {
            seat.alert();
        }
        self.keep_if_current(path, file)
    }

    /// The lock of the file has been granted: lets it go again if the path names another file by
    /// now, or none. Where that cannot be told, trying again could go on for ever.
    fn keep_if_current(&self, path: &LockPath, file: O::File) -> Result<Option<O::File>, Error> {
        let refusal = match self.os.identify(path) {
            Ok(id) if id == file.id() => return Ok(Some(file)),
            Ok(_) => Ok(None),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        };
        self.os.unlock(file);
        refusal
    }

    fn attempt(self: &Arc<Self>, work: WorkId, path: &LockPath) -> Option<Tried<O::File>> {
        loop {
            let file = match self.open(work, path) {
                Ok(file) => file?,
                Err(error) => return Some(Tried::Failed(error)),
            };
            match self.try_lock(work, &file) {
                Ok(true) => match self.keep_if_current(path, file) {
                    Ok(Some(file)) => return Some(Tried::Locked(file)),
                    Ok(None) => {}
                    Err(error) => return Some(Tried::Failed(error)),
                },
                Ok(false) => return Some(Tried::Busy(file)),
                Err(error) => return Some(Tried::Failed(error)),
            }
        }
    }

    /// Tries once, and again where what was in the way can have been a wait of our own that has
    /// ended since, and a waiter depends on the answer.
    fn try_lock(&self, work: WorkId, file: &O::File) -> Result<bool, Error> {
        let mut deadline = None;
        loop {
            let in_the_way =
                self.registry.lock().decides(work) && has_wait(&self.waits.lock(), file.id());
            if self.os.try_lock(file)? {
                return Ok(true);
            }
            if !in_the_way {
                return Ok(false);
            }
            let deadline = *deadline.get_or_insert_with(|| now() + LEAVING);
            if !self.waits_have_ended(file.id(), deadline) {
                return Ok(false);
            }
        }
    }

    /// Waits for it. False: it takes too long.
    fn waits_have_ended(&self, file: FileId, deadline: Instant) -> bool {
        let mut waits = self.waits.lock();
        while has_wait(&waits, file) {
            if self.ended.wait_until(&mut waits, deadline).timed_out() {
                return false;
            }
        }
        true
    }
}

/// Does a wait stand in the file's queue?
fn has_wait<I>(waits: &HashMap<WorkId, UnderWay<I>>, file: FileId) -> bool {
    waits.values().any(|wait| wait.file == Some(file))
}

/// File work for one attempt at a lock: open, try, check. It never waits for the lock.
///
/// Dropped without having run (an environment that is ending takes no more work), it runs there
/// and then, so that nobody waits for it in vain.
#[must_use = "the waiter is not settled before the attempt has run"]
pub struct Attempt<S: Seat + Clone, O: Os> {
    driver: Arc<Driver<S, O>>,
    work: WorkId,
    path: LockPath,
    has_run: bool,
}

impl<S: Seat + Clone, O: Os> Attempt<S, O> {
    fn new(driver: &Arc<Driver<S, O>>, work: WorkId, path: LockPath) -> Self {
        Self { driver: Arc::clone(driver), work, path, has_run: false }
    }

    /// Does the work; whoever is settled by it is told before this returns.
    pub fn run(mut self) {
        self.work();
    }

    fn work(&mut self) {
        self.has_run = true;
        let Some(result) = self.driver.attempt(self.work, &self.path) else { return };
        let now = now();
        self.driver.event(|registry, out| {
            registry.tried(self.work, &self.path, result, now, out);
        });
    }
}

impl<S: Seat + Clone, O: Os> Drop for Attempt<S, O> {
    fn drop(&mut self) {
        if !self.has_run {
            self.work();
        }
    }
}

//! Runs the state machine: feeds it events under a mutex, and carries out what it orders outside.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::command::{Action, Actions, EntryId, Offer, Tried, WaitEnd, WorkId};
use super::registry::{NotReleased, Registry};
use super::sync::{Condvar, Mutex, now};
use super::waiter::{AcquireId, Expired, LockId, OwnerId, Reply, Waiter};
use crate::error::Error;
use crate::os::{FileId, Gate, Identified, Mode, Os, Waited};
use crate::path::LockPath;

/// How long a single attempt waits for the end of an interrupted wait of this process, which can
/// have the lock for a moment. That takes microseconds, or until a busy processor runs that thread;
/// where a wait cannot be interrupted, it would take indefinitely.
const INTERRUPT_GRACE: Duration = Duration::from_millis(100);

/// How often in a row the path may name another file than the one just opened before that is an
/// error. Another process would have to replace it within the same microseconds each time: the file
/// system gives a file another number at each look.
const MAX_REPLACED: u32 = 100;

/// How long a wait lasts at least that is not one of a row: the server of a file can forget it again
/// and again while it is waited for.
const REAL_WAIT: Duration = Duration::from_millis(10);

/// How many actions an event leads to, but for rare cases.
const USUAL_ACTIONS: usize = 2;

/// A wait that is under way, until its file is closed or passed on.
pub struct ActiveWait<I> {
    /// How to end it.
    interrupt: Arc<I>,
    /// In whose queue it stands, once that is known.
    file: Option<FileId>,
}

/// What came of a [request](Driver::request).
pub struct Requested<R: Reply + Clone, O: Os> {
    /// File work that the outcome depends on.
    pub attempt: Option<Attempt<R, O>>,
    /// The acquire waits for the file that its path named when others asked by it: the path is to be
    /// [checked](Driver::check_path) soon, at a moment when that delays nothing.
    pub is_unchecked: bool,
}

/// The locks of one process.
pub struct Driver<R: Reply + Clone, O: Os> {
    pub(super) os: O,
    pub(super) registry: Mutex<Registry<R, O::File>>,
    pub(super) waits: Mutex<FxHashMap<WorkId, ActiveWait<O::Interrupt>>>,
    /// Of a wait in `waits`.
    ended: Condvar,
}

impl<R: Reply + Clone, O: Os> Driver<R, O> {
    /// No lock is held or waited for.
    pub fn new(os: O) -> Arc<Self> {
        let registry = Mutex::new(Registry::new());
        Arc::new(Self {
            os,
            registry,
            waits: Mutex::new(FxHashMap::default()),
            ended: Condvar::new(),
        })
    }

    /// Asks for a lock. Returns file work, to be run at once where blocking does no harm.
    #[must_use = "the waiter is not settled before the attempt has run"]
    pub fn request(self: &Arc<Self>, waiter: Waiter<R>) -> Requested<R, O> {
        let mut actions = Actions::with_capacity(USUAL_ACTIONS);
        let looks = waiter.is_sync || waiter.is_single();
        let is_unchecked = match looks.then(|| self.find_if_bound(&waiter.path)).flatten() {
            Some(found) => {
                let mut moves = Actions::new();
                let requested =
                    self.registry.lock().requested_at(found, waiter, &mut moves, &mut actions);
                self.perform(moves);
                requested
            }
            None => self.registry.lock().requested(waiter, &mut actions),
        };
        let attempt = self.take_attempt(&mut actions);
        self.perform(actions);
        Requested { attempt, is_unchecked }
    }

    /// Takes the attempt out of the actions, if there is one.
    fn take_attempt(self: &Arc<Self>, actions: &mut Actions<R, O::File>) -> Option<Attempt<R, O>> {
        let mut attempt = None;
        actions.retain_mut(|action| match action {
            Action::Attempt { work, path, mode } => {
                attempt = Some(Attempt::new(self, *work, path.clone(), *mode));
                false
            }
            _ => true,
        });
        attempt
    }

    /// Finds out which file the path names now. If it named another one when its waiters came, they
    /// move to where they belong.
    pub fn check_path(self: &Arc<Self>, path: &LockPath) {
        if let Some(found) = self.find_if_bound(path) {
            self.event(|registry, out| registry.path_checked(path, found, out));
        }
    }

    /// Returns the file at the path, or that it leads to none, if a file has been opened there.
    fn find_if_bound(&self, path: &LockPath) -> Option<Option<FileId>> {
        if !self.registry.lock().is_path_bound(path) {
            return None;
        }
        match self.os.identify(path) {
            Ok(file) => Some(Some(file)),
            Err(error) if error.is_astray() => Some(None),
            // That is for the next attempt to say.
            Err(_) => None,
        }
    }

    /// The same for all paths with waiters: a file that another process holds can be deleted, and
    /// would be waited for in vain. Returns `true` if there are any.
    pub fn check_waiting_paths(self: &Arc<Self>) -> bool {
        let paths = self.registry.lock().waiting_paths();
        for path in &paths {
            self.check_path(path);
        }
        !paths.is_empty()
    }

    /// Takes a lock that was [offered](Reply::offer), on the thread of its waiter.
    pub fn accept(self: &Arc<Self>, offer: Offer) {
        self.event(|registry, out| registry.accepted(offer, out));
    }

    /// Gives up waiting, and is told so once no work for it may create the file any more. Returns `false`
    /// if the waiter was told its outcome, or is being told.
    pub fn cancel(self: &Arc<Self>, waiter: AcquireId) -> bool {
        self.event(|registry, out| registry.cancel(waiter, out))
    }

    /// The time of a waiter is over: it gives up waiting, or has its first attempt at once, on a thread
    /// of its own.
    pub fn expire(self: &Arc<Self>, waiter: AcquireId) -> Expired {
        let mut actions = Actions::new();
        let expired = self.registry.lock().expire(waiter, &mut actions);
        let attempt = self.take_attempt(&mut actions);
        self.perform(actions);
        if let Some(attempt) = attempt {
            let body = move || {
                attempt.run();
                false
            };
            // Where no thread can be started it is dropped, and so made here.
            let _ = self.os.spawn(Box::new(body));
        }
        expired
    }

    /// See [`Registry::to_release`]. It can have ended when it is [released](Driver::release_only).
    pub fn to_release(&self, path: &LockPath, lock: LockId) -> Result<AcquireId, NotReleased> {
        let found = self.file_id_unless_idle(path);
        self.registry.lock().to_release(path, found, lock)
    }

    /// Makes the exclusive lock of this acquisition a shared one, never letting go of it. Returns
    /// `false` if it has no exclusive lock.
    pub fn downgrade(self: &Arc<Self>, holder: AcquireId) -> Result<bool, Error> {
        let mut actions = Actions::new();
        let is_exclusive = self.registry.lock().downgrade(holder, &mut actions);
        let (mut result, mut next) = (Ok(()), Actions::new());
        for action in actions {
            if let Action::Downgrade { entry, file } = action {
                result = self.downgrade_file(entry, file, &mut next);
            }
        }
        self.perform(next);
        result.map(|()| is_exclusive)
    }

    fn downgrade_file(
        &self,
        entry: EntryId,
        file: O::File,
        out: &mut Actions<R, O::File>,
    ) -> Result<(), Error> {
        let result = self.os.downgrade(&file);
        self.registry.lock().downgraded(entry, file, result.is_ok(), out);
        result
    }

    /// Ends one acquisition. Returns `false` if it has ended.
    pub fn release_only(self: &Arc<Self>, holder: AcquireId) -> bool {
        let now = now();
        let released = self.event(|registry, out| registry.release_only(holder, now, out));
        if let Some(entry) = released {
            self.registry.lock().forget_if_idle(entry);
        }
        released.is_some()
    }

    /// Returns how many acquisitions of this process hold the lock of the file that the path names; or
    /// if the path names none, the lock that was asked for by it; and in which mode.
    pub fn held(&self, path: &LockPath) -> Option<(Mode, usize)> {
        match self.file_id_unless_idle(path) {
            Some(file) => self.registry.lock().file_held(file),
            None => self.registry.lock().path_held(path),
        }
    }

    /// Returns `true` if this acquisition holds its lock.
    pub fn holds(&self, holder: AcquireId) -> bool {
        self.registry.lock().holds(holder)
    }

    /// An environment has ended.
    pub fn owner_ended(self: &Arc<Self>, owner: OwnerId) {
        let now = now();
        self.event(|registry, out| registry.owner_ended(owner, now, out));
    }

    /// Returns the identity of the file at the path, unless no file is held or waited for.
    fn file_id_unless_idle(&self, path: &LockPath) -> Option<FileId> {
        if !self.registry.lock().knows_files() {
            return None;
        }
        self.os.identify(path).ok()
    }

    fn event<T>(
        self: &Arc<Self>,
        event: impl FnOnce(&mut Registry<R, O::File>, &mut Actions<R, O::File>) -> T,
    ) -> T {
        self.event_into(Actions::with_capacity(USUAL_ACTIONS), event)
    }

    fn event_into<T>(
        self: &Arc<Self>,
        mut actions: Actions<R, O::File>,
        event: impl FnOnce(&mut Registry<R, O::File>, &mut Actions<R, O::File>) -> T,
    ) -> T {
        let result = event(&mut self.registry.lock(), &mut actions);
        self.perform(actions);
        result
    }

    /// Carries out the actions, and what they lead to: each before those that come after it. That is
    /// no recursion, since one waiter can lead to the next, and the stack of a thread that waits is
    /// small.
    fn perform(self: &Arc<Self>, mut actions: Actions<R, O::File>) {
        let mut next = Actions::new();
        actions.reverse();
        while let Some(action) = actions.pop() {
            self.perform_one(action, &mut next);
            actions.extend(next.drain(..).rev());
        }
    }

    /// Appends what the action leads to.
    fn perform_one(self: &Arc<Self>, action: Action<R, O::File>, out: &mut Actions<R, O::File>) {
        match action {
            Action::Attempt { work, path, mode } => self.attempt_now(work, &path, mode, out),
            Action::Wait { work, path, mode, file } => {
                self.start_wait(work, path, mode, file, out);
            }
            Action::Interrupt { work } => {
                let interrupt =
                    self.waits.lock().get(&work).map(|wait| Arc::clone(&wait.interrupt));
                if let Some(interrupt) = interrupt {
                    self.os.interrupt(&interrupt);
                }
            }
            Action::Verify { entry, path, file } => {
                let result = self.is_at_path(&path, file);
                self.registry.lock().verified(entry, &path, result, out);
            }
            Action::Check { entry, path, file, looks_at_gate } => {
                self.check(entry, &path, file, looks_at_gate, out);
            }
            Action::Downgrade { entry, file } => {
                // Should it fail, the machine makes do without.
                let _ = self.downgrade_file(entry, file, out);
            }
            Action::Requeue { work, path, mode, file } => {
                self.os.unlock(&file);
                self.start_wait(work, path, mode, Some(file), out);
            }
            Action::Offer { offer, reply, .. } => reply.offer(offer),
            Action::Complete { reply, outcome, .. } => reply.complete(outcome),
            Action::Notice { reply, blocker } => reply.notice(blocker),
            Action::Unlock { file } => self.os.unlock(&file),
        }
    }

    fn check(
        &self,
        entry: EntryId,
        path: &LockPath,
        file: O::File,
        looks_at_gate: bool,
        out: &mut Actions<R, O::File>,
    ) {
        let found = match self.os.identify(path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        };
        let gate = if looks_at_gate { self.gate(entry, &file) } else { Gate::Open };
        self.registry.lock().checked(entry, path, file, found, gate, now(), out);
    }

    /// Looks at the gate, and again once a wait of this process has ended that can have closed it, if
    /// a waiter is refused otherwise.
    fn gate(&self, entry: EntryId, file: &O::File) -> Gate {
        let own_wait_blocks =
            self.registry.lock().would_refuse(entry) && has_wait(&self.waits.lock(), file.id());
        let gate = self.os.gate(file);
        if gate == Gate::Closed
            && own_wait_blocks
            && self.waits_have_ended(file.id(), now() + INTERRUPT_GRACE)
        {
            return self.os.gate(file);
        }
        gate
    }

    fn start_wait(
        self: &Arc<Self>,
        work: WorkId,
        path: LockPath,
        mode: Mode,
        file: Option<O::File>,
        out: &mut Actions<R, O::File>,
    ) {
        let interrupt = Arc::new(self.os.new_interrupt());
        let active = ActiveWait {
            interrupt: Arc::clone(&interrupt),
            file: file.as_ref().map(Identified::id),
        };
        self.waits.lock().insert(work, active);
        let driver = Arc::clone(self);
        let thread_path = path.clone();
        let body = move || {
            let end = driver.wait(work, &thread_path, mode, file, &interrupt);
            let is_granted = matches!(end, Some(WaitEnd::Granted(_)));
            driver.waited(work, &thread_path, end);
            is_granted
        };
        if let Err(error) = self.os.spawn(Box::new(body)) {
            self.waits.lock().remove(&work);
            self.registry.lock().waited(work, &path, WaitEnd::Failed(error), now(), out);
        }
    }

    fn waited(self: &Arc<Self>, work: WorkId, path: &LockPath, end: Option<WaitEnd<O::File>>) {
        let mut actions = Actions::with_capacity(USUAL_ACTIONS);
        if let Some(end) = end {
            self.registry.lock().waited(work, path, end, now(), &mut actions);
        }
        let offered = actions.iter().find_map(|action| match action {
            Action::Offer { offer, path, file, .. } => Some((*offer, path.clone(), *file)),
            _ => None,
        });
        self.perform(actions);
        // The waiter's thread wakes meanwhile, which takes longer.
        if let Some((_, _, file)) = &offered
            && let Some(file) = self.registry.lock().held_file(*file)
        {
            self.os.open_gate(file);
        }
        self.waits.lock().remove(&work);
        self.ended.notify_all();
        if let Some((offer, path, file)) = offered
            && self.registry.lock().is_offered(offer)
            && self.os.identify(&path) == Ok(file)
        {
            self.event(|registry, out| registry.confirmed(offer, &path, out));
        }
    }

    /// Runs on the waiting thread. Returns `None` if no result is expected any more.
    fn wait(
        self: &Arc<Self>,
        work: WorkId,
        path: &LockPath,
        mode: Mode,
        file: Option<O::File>,
        interrupt: &O::Interrupt,
    ) -> Option<WaitEnd<O::File>> {
        let mut given = file;
        let mut in_a_row = 0;
        while in_a_row < MAX_REPLACED {
            in_a_row += 1;
            let file = match given.take() {
                Some(file) => file,
                None if self.before_open(work).is_break() => return None,
                None => {
                    let file = match self.os.open_past_lease(path, interrupt) {
                        Ok(Some(file)) => self.opened(work, file)?,
                        Ok(None) => return Some(WaitEnd::Interrupted),
                        Err(error) if error.is_stale() => continue,
                        Err(error) => return Some(WaitEnd::Failed(error)),
                    };
                    // What is replaced while it is waited for is opened here anew, as often as that
                    // happens: so it is here that an end is made where no file is ever at its path.
                    match self.is_at_path(path, file.id()) {
                        Ok(true) => {}
                        Ok(false) => continue,
                        Err(error) if error.is_stale() => continue,
                        Err(error) => return Some(WaitEnd::Failed(error)),
                    }
                    if let Some(wait) = self.waits.lock().get_mut(&work) {
                        wait.file = Some(file.id());
                    }
                    file
                }
            };
            if self.before_call(|registry, out| registry.before_wait(work, out)).is_break() {
                return None;
            }
            let begin = now();
            match self.os.lock(&file, mode, interrupt) {
                Ok(Waited::Granted) => return Some(WaitEnd::Granted(file)),
                Ok(Waited::Interrupted) => return Some(WaitEnd::Interrupted),
                Err(error) if error.is_stale() => {
                    if now().duration_since(begin) >= REAL_WAIT {
                        in_a_row = 0;
                    }
                }
                Err(error) => return Some(WaitEnd::Failed(error)),
            }
        }
        Some(WaitEnd::Failed(Error::UNSTABLE))
    }

    /// Opens the file for `work`. Returns `None` if no waiter needs the work any more.
    fn open(self: &Arc<Self>, work: WorkId, path: &LockPath) -> Result<Option<O::File>, Error> {
        Ok(self.opened(work, self.os.open(path)?))
    }

    fn opened(self: &Arc<Self>, work: WorkId, file: O::File) -> Option<O::File> {
        let id = file.id();
        let goes_on = self.before_call(|registry, out| registry.file_opened(work, id, out));
        goes_on.is_continue().then_some(file)
    }

    fn before_open(self: &Arc<Self>, work: WorkId) -> ControlFlow<()> {
        self.before_call(|registry, out| registry.before_open(work, out))
    }

    /// Asks whether `work` goes on. That leads to an action in rare cases only.
    fn before_call(
        self: &Arc<Self>,
        ask: impl FnOnce(&mut Registry<R, O::File>, &mut Actions<R, O::File>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.event_into(Actions::new(), ask)
    }

    /// Returns `false` if the path names another file by now, or none.
    fn is_at_path(&self, path: &LockPath, file: FileId) -> Result<bool, Error> {
        match self.os.identify(path) {
            Ok(found) => Ok(found == file),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Unlocks the file again if the path names another one by now, or none. Where that cannot be
    /// told, it is an error: to try again could go on indefinitely.
    fn verify_path(&self, path: &LockPath, file: O::File) -> Result<Option<O::File>, Error> {
        let refusal = match self.is_at_path(path, file.id()) {
            Ok(true) => return Ok(Some(file)),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        self.os.unlock(&file);
        refusal
    }

    fn attempt_now(
        self: &Arc<Self>,
        work: WorkId,
        path: &LockPath,
        mode: Mode,
        out: &mut Actions<R, O::File>,
    ) {
        if let Some(result) = self.attempt(work, path, mode) {
            self.registry.lock().tried(work, path, result, now(), out);
        }
    }

    fn attempt(
        self: &Arc<Self>,
        work: WorkId,
        path: &LockPath,
        mode: Mode,
    ) -> Option<Tried<O::File>> {
        for _ in 0..MAX_REPLACED {
            if self.before_open(work).is_break() {
                return None;
            }
            let file = match self.open(work, path) {
                Ok(file) => file?,
                Err(error) if error.is_lease() => return Some(Tried::Leased),
                Err(error) if error.is_stale() => continue,
                Err(error) => return Some(Tried::Failed(error)),
            };
            match self.try_lock(work, &file, mode) {
                Ok(true) => match self.verify_path(path, file) {
                    Ok(Some(file)) => return Some(Tried::Locked(file)),
                    Ok(None) => {}
                    Err(error) => return Some(Tried::Failed(error)),
                },
                Ok(false) => return Some(Tried::Busy(file)),
                Err(error) if error.is_stale() => {}
                Err(error) => return Some(Tried::Failed(error)),
            }
        }
        Some(Tried::Failed(Error::UNSTABLE))
    }

    /// Tries once, and again where a wait of our own that has ended since can have had the lock and
    /// a waiter has no other chance.
    fn try_lock(&self, work: WorkId, file: &O::File, mode: Mode) -> Result<bool, Error> {
        let mut deadline = None;
        loop {
            let is_decisive = self.registry.lock().is_decisive(work);
            let own_wait_blocks = is_decisive && has_wait(&self.waits.lock(), file.id());
            if self.os.try_lock(file, mode)? {
                return Ok(true);
            }
            if !own_wait_blocks {
                return Ok(false);
            }
            let deadline = *deadline.get_or_insert_with(|| now() + INTERRUPT_GRACE);
            if !self.waits_have_ended(file.id(), deadline) {
                return Ok(false);
            }
        }
    }

    /// Waits until no wait stands in the file's queue. Returns `false` if that takes too long.
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

/// Returns `true` if a wait stands in the file's queue.
fn has_wait<I>(waits: &FxHashMap<WorkId, ActiveWait<I>>, file: FileId) -> bool {
    waits.values().any(|wait| wait.file == Some(file))
}

/// File work for one attempt at a lock: open, try, verify. It never waits for the lock.
///
/// Dropped without having run (an environment that is ending takes no more work), it runs in the
/// drop, so that no waiter waits for it in vain.
#[must_use = "the waiter is not settled before the attempt has run"]
pub struct Attempt<R: Reply + Clone, O: Os> {
    driver: Arc<Driver<R, O>>,
    work: WorkId,
    path: LockPath,
    mode: Mode,
    has_run: bool,
}

impl<R: Reply + Clone, O: Os> Attempt<R, O> {
    fn new(driver: &Arc<Driver<R, O>>, work: WorkId, path: LockPath, mode: Mode) -> Self {
        Self { driver: Arc::clone(driver), work, path, mode, has_run: false }
    }

    /// Does the work. The waiters that it decides about are told before this returns.
    pub fn run(mut self) {
        self.work();
    }

    fn work(&mut self) {
        self.has_run = true;
        let mut actions = Actions::with_capacity(USUAL_ACTIONS);
        self.driver.attempt_now(self.work, &self.path, self.mode, &mut actions);
        self.driver.perform(actions);
    }
}

impl<R: Reply + Clone, O: Os> Drop for Attempt<R, O> {
    fn drop(&mut self) {
        if !self.has_run {
            self.work();
        }
    }
}

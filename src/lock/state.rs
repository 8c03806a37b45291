//! One locked file as a pure state machine: events in, [`Action`]s out.
//!
//! Two things go on side by side. The *hold*: does this process have the lock, and who in it? And
//! the *wait*: at most one thread of this process stands in the operating system's queue. A wait
//! beside a hold is either a reservation (the next turn after ours, so that other processes get
//! theirs in between) or a wait nobody wants any more that could not be ended yet.

use std::time::{Duration, Instant};

use super::queue::Queue;
use super::waiter::{Holder, LockPath, Outcome, OwnerId, Patience, Waiter, WaiterId};
use crate::error::Error;
use crate::os::{FileId, Identified};

#[cfg(test)]
#[path = "tests/inspect/entry.rs"]
pub mod inspect;

/// How long one process may pass the lock on among its own waiters before it queues again
/// behind other processes. Long enough that the cost of a turn (a thread's start and two wakes
/// across processes, about 0.1 ms) stays in the per cents (measured with 4 busy processes: 3 % less
/// than with 5 ms); short enough that the longest wait behind them stays in the low tens of
/// milliseconds, scheduling included (30 ms; 85 ms with 5 ms).
pub const TURN: Duration = Duration::from_millis(2);

/// An entry of the registry: one file that is held, tried or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub u64);

/// One piece of file work that an entry ordered. An answer under a number that is no longer
/// expected is stale, and what it brings is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId {
    pub entry: EntryId,
    pub number: u64,
}

/// What the driver has to do, in this order, outside the mutex.
#[derive(Debug)]
pub enum Action<S, F> {
    /// Open the file, ask [`opened`](super::registry::Registry::opened), try once, report with
    /// [`tried`](super::registry::Registry::tried).
    Attempt { work: WorkId, path: LockPath },
    /// The same on a thread of its own (with `file`, if that is open already), but wait for the
    /// lock; report with [`waited`](super::registry::Registry::waited).
    Wait { work: WorkId, path: LockPath, file: Option<F> },
    /// End the wait if it can be ended.
    Interrupt { work: WorkId },
    /// Does the path still name `file`? Report with
    /// [`checked`](super::registry::Registry::checked).
    Check { entry: EntryId, path: LockPath, file: FileId },
    /// Tell a waiter how its acquire ended.
    Settle { seat: S, outcome: Outcome },
    /// Tell a waiter that it has to wait.
    Notice { seat: S, holder: Holder },
    /// Unlock and close.
    LetGo { file: F },
}

/// The actions that one event leads to.
pub type Actions<S, F> = Vec<Action<S, F>>;

/// What one attempt brought.
#[derive(Debug)]
pub enum Tried<F> {
    /// Locked, and the path still names the file.
    Locked(F),
    /// Another process (or another copy of this package) has it.
    Busy(F),
    /// It could not be opened or locked.
    Failed(Error),
}

/// How a wait ended.
#[derive(Debug)]
pub enum WaitEnd<F> {
    /// Locked, and the path still names the file.
    Granted(F),
    /// Ended on request.
    Interrupted,
    /// It could not be opened, locked or waited for.
    Failed(Error),
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
enum Hold<F> {
    /// Not ours.
    Free,
    /// An attempt is out.
    Trying(WorkId),
    /// Ours, on its way to the first waiter: the check of its path is out.
    Passing { file: F, since: Instant },
    /// Ours, and one acquisition's.
    Held { file: F, since: Instant, holder: WaiterId },
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
struct Wait {
    work: WorkId,
    /// The file in whose queue it stands, once it is known.
    file: Option<FileId>,
    /// The thread has reached the operating system's queue.
    queued: bool,
    /// Somebody will take what it brings; otherwise it was asked to end.
    wanted: bool,
}

/// The state of one file.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Entry<S, F> {
    id: EntryId,
    /// How many pieces of work were ordered.
    works: u64,
    hold: Hold<F>,
    wait: Option<Wait>,
    queue: Queue<S>,
}

impl<S: Clone, F: Identified> Entry<S, F> {
    /// A file that nobody holds, tries or waits for.
    pub fn new(id: EntryId) -> Self {
        Self { id, works: 0, hold: Hold::Free, wait: None, queue: Queue::new() }
    }

    /// Nothing is held, wanted or under way: the registry may forget the entry.
    pub fn is_idle(&self) -> bool {
        matches!(self.hold, Hold::Free) && self.queue.is_empty() && self.wait.is_none()
    }

    /// The acquisition that has the lock, if one has it.
    pub fn holder(&self) -> Option<WaiterId> {
        match self.hold {
            Hold::Held { holder, .. } => Some(holder),
            _ => None,
        }
    }

    /// Whom the lock will go to when the wait `work` is granted, as it looks now.
    pub fn next(&self, work: WorkId) -> Option<&S> {
        let expected = self.wait.as_ref().is_some_and(|wait| wait.work == work && wait.wanted);
        if expected { self.queue.first().map(|waiter| &waiter.seat) } else { None }
    }

    /// Does the attempt `work` decide how the acquire of a waiter ends?
    pub fn decides(&self, work: WorkId) -> bool {
        matches!(self.hold, Hold::Trying(attempt) if attempt == work) && self.has_single_attempts()
    }

    /// A waiter arrives: the lock is tried for it if nobody is ahead, else it queues.
    pub fn join(&mut self, arrival: u64, waiter: Waiter<S>, out: &mut Actions<S, F>) {
        match self.hold {
            // The one whom the attempt was for has left: it is this waiter's now.
            Hold::Trying(_) if self.queue.is_empty() && !waiter.never_waits() => {}
            // A wait that nobody wants and that could not be ended is not somebody ahead, nor is
            // an attempt that has become stale.
            Hold::Free | Hold::Trying(_) if self.queue.is_empty() => {
                self.start_attempt(waiter.path.clone(), out);
            }
            _ if waiter.patience == Patience::Once => {
                out.push(Action::Settle { seat: waiter.seat, outcome: Outcome::Busy });
                return;
            }
            Hold::Held { holder, .. } if waiter.waits_for_itself(holder.owner) => {
                out.push(Action::Settle { seat: waiter.seat, outcome: Outcome::Deadlock });
                return;
            }
            _ => {}
        }
        self.queue.insert(arrival, waiter);
        match self.hold {
            Hold::Held { .. } | Hold::Passing { .. } => self.notice(Holder::Own, out),
            Hold::Free => self.notice(Holder::Foreign, out),
            Hold::Trying(_) => {}
        }
    }

    /// Work has opened its file. False: it is for nobody any more, and ends here.
    pub fn opened(&mut self, work: WorkId, file: FileId) -> bool {
        match (&self.hold, &mut self.wait) {
            (Hold::Trying(attempt), _) if *attempt == work => {
                if self.queue.is_empty() {
                    self.hold = Hold::Free;
                    return false;
                }
                // Nobody wants the wait beside an attempt. In the queue of another file it could
                // not be taken over, and its grant would be the lock of a file not known here.
                if self.wait.as_ref().is_some_and(|wait| wait.file.is_some_and(|it| it != file)) {
                    self.wait = None;
                }
                true
            }
            (hold, Some(wait)) if wait.work == work => {
                wait.file = Some(file);
                // A reservation for another file than the one held would reserve nothing.
                let useful = wait.wanted
                    && match hold {
                        Hold::Held { file: held, .. } | Hold::Passing { file: held, .. } => {
                            held.id() == file
                        }
                        Hold::Free | Hold::Trying(_) => true,
                    };
                if !useful {
                    self.wait = None;
                }
                useful
            }
            _ => false,
        }
    }

    /// The waiting thread is about to open the file. False: it is for nobody any more, and ends
    /// here, before it brings back a file that was deleted when all was over.
    pub fn wants(&mut self, work: WorkId) -> bool {
        match &self.wait {
            Some(wait) if wait.work == work && wait.wanted => true,
            Some(wait) if wait.work == work => {
                self.wait = None;
                false
            }
            _ => false,
        }
    }

    /// The waiting thread is about to enter the operating system's queue. False as for
    /// [`Entry::wants`].
    pub fn queued(&mut self, work: WorkId) -> bool {
        let wanted = self.wants(work);
        if wanted && let Some(wait) = &mut self.wait {
            wait.queued = true;
        }
        wanted
    }

    /// The attempt `work`, made at `path`, is over.
    pub fn tried(
        &mut self,
        work: WorkId,
        path: &LockPath,
        result: Tried<F>,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        let expected = matches!(self.hold, Hold::Trying(attempt) if attempt == work);
        if expected {
            self.hold = Hold::Free;
        }
        match result {
            Tried::Locked(file) if expected => self.possess(file, now, Some(path), now, out),
            Tried::Busy(file) if expected => self.wait_behind_others(file, path, out),
            Tried::Failed(error) if expected => self.fail(path, error, out),
            Tried::Locked(file) | Tried::Busy(file) => out.push(Action::LetGo { file }),
            Tried::Failed(_) => {}
        }
    }

    /// The wait `work`, made at `path`, is over.
    pub fn waited(
        &mut self,
        work: WorkId,
        path: &LockPath,
        end: WaitEnd<F>,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        let expected = self.wait.as_ref().is_some_and(|wait| wait.work == work);
        if expected {
            self.wait = None;
        }
        let ours = matches!(self.hold, Hold::Held { .. } | Hold::Passing { .. });
        match end {
            // It may come while an attempt is out: then the attempt has become stale.
            WaitEnd::Granted(file) if expected && !ours => {
                self.possess(file, now, Some(path), now, out);
            }
            WaitEnd::Granted(file) => out.push(Action::LetGo { file }),
            // Somebody joined after the wait was asked to end.
            WaitEnd::Interrupted if expected => self.wait_if_needed(out),
            WaitEnd::Failed(error) if expected && matches!(self.hold, Hold::Free) => {
                self.fail(path, error, out);
            }
            // A reservation that failed; the next release orders another.
            WaitEnd::Interrupted | WaitEnd::Failed(_) => {}
        }
    }

    /// The check of the path on the way to its waiter is over.
    pub fn checked(
        &mut self,
        path: &LockPath,
        current: bool,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        match self.take_hold() {
            Hold::Passing { file, since } if current => {
                self.possess(file, since, Some(path), now, out);
            }
            Hold::Passing { file, .. } => {
                out.push(Action::LetGo { file });
                match self.queue.first() {
                    // Whoever has a single attempt has had none at its own path.
                    Some(first) if self.has_single_attempts() => {
                        self.start_attempt(first.path.clone(), out);
                    }
                    _ => self.wait_if_needed(out),
                }
                self.drop_wait_if_unneeded(out);
            }
            other => self.hold = other,
        }
    }

    /// The holder lets go. False: there is none.
    pub fn release(&mut self, now: Instant, out: &mut Actions<S, F>) -> bool {
        match self.take_hold() {
            Hold::Held { file, since, .. } => {
                if now.duration_since(since) >= TURN && self.cede(out) {
                    out.push(Action::LetGo { file });
                } else {
                    self.possess(file, since, None, now, out);
                }
                true
            }
            other => {
                self.hold = other;
                false
            }
        }
    }

    /// The waiter gives up. False: it is not waiting any more.
    pub fn cancel(&mut self, waiter: WaiterId, out: &mut Actions<S, F>) -> bool {
        let found = self.queue.remove(waiter).is_some();
        self.drop_wait_if_unneeded(out);
        found
    }

    /// The environment is gone, with its waiters and its acquisition.
    pub fn gone(&mut self, owner: OwnerId, now: Instant, out: &mut Actions<S, F>) {
        self.queue.remove_all(|waiter| waiter.id.owner == owner);
        if self.holder().is_some_and(|holder| holder.owner == owner) {
            self.release(now, out);
        }
        self.drop_wait_if_unneeded(out);
    }

    /// Takes out everybody who waits, for another entry that turned out to be the same file. What
    /// is still under way here becomes stale.
    pub fn surrender(
        &mut self,
        out: &mut Actions<S, F>,
    ) -> impl Iterator<Item = (u64, Waiter<S>)> + use<S, F> {
        self.hold = Hold::Free;
        let waiters = self.queue.drain();
        self.drop_wait_if_unneeded(out);
        self.wait = None;
        waiters
    }

    fn has_single_attempts(&self) -> bool {
        self.queue.has_special(|waiter| waiter.patience == Patience::Once)
    }

    fn next_work(&mut self) -> WorkId {
        self.works += 1;
        WorkId { entry: self.id, number: self.works }
    }

    fn take_hold(&mut self) -> Hold<F> {
        std::mem::replace(&mut self.hold, Hold::Free)
    }

    /// The operating system's lock is ours: to the first waiter with it. `checked` is the path
    /// that is known to name the file just now.
    fn possess(
        &mut self,
        file: F,
        since: Instant,
        checked: Option<&LockPath>,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        self.hold = Hold::Free;
        while let Some(first) = self.queue.first() {
            if first.expired(now) {
                self.settle_first(Outcome::TimedOut, out);
            } else if checked == Some(&first.path) {
                self.hold = Hold::Held { file, since, holder: first.id };
                self.settle_first(Outcome::Granted, out);
                self.tell_the_rest(out);
                return;
            } else {
                let path = first.path.clone();
                out.push(Action::Check { entry: self.id, path, file: file.id() });
                self.hold = Hold::Passing { file, since };
                return;
            }
        }
        // First: a wait in the operating system's queue behind us would be granted the lock.
        self.drop_wait_if_unneeded(out);
        out.push(Action::LetGo { file });
    }

    fn settle_first(&mut self, outcome: Outcome, out: &mut Actions<S, F>) {
        if let Some(waiter) = self.queue.pop_first() {
            out.push(Action::Settle { seat: waiter.seat, outcome });
        }
    }

    /// The lock went to somebody: what does that mean for those who still wait?
    fn tell_the_rest(&mut self, out: &mut Actions<S, F>) {
        let Some(holder) = self.holder() else { return };
        self.refuse(|waiter| waiter.patience == Patience::Once, Outcome::Busy, out);
        self.refuse(|waiter| waiter.waits_for_itself(holder.owner), Outcome::Deadlock, out);
        self.notice(Holder::Own, out);
    }

    fn refuse(
        &mut self,
        whom: impl FnMut(&Waiter<S>) -> bool,
        outcome: Outcome,
        out: &mut Actions<S, F>,
    ) {
        for waiter in self.queue.remove_special(whom) {
            out.push(Action::Settle { seat: waiter.seat, outcome });
        }
    }

    fn notice(&mut self, holder: Holder, out: &mut Actions<S, F>) {
        self.queue.notice(|waiter| {
            out.push(Action::Notice { seat: waiter.seat.clone(), holder });
        });
    }

    /// The turn is over: let go to queue again? Only where a reservation stands in the operating
    /// system's queue already, or somebody woken there would be overtaken by us; so the first
    /// release after the end of the turn orders it and passes the lock on once more.
    fn cede(&mut self, out: &mut Actions<S, F>) -> bool {
        let Some(first) = self.queue.first() else { return false };
        match &mut self.wait {
            Some(wait) if wait.queued => {
                wait.wanted = true;
                true
            }
            Some(_) => false,
            None => {
                let path = first.path.clone();
                self.start_wait(path, None, out);
                false
            }
        }
    }

    /// Another process has the lock: whoever can wait does, in the operating system's queue.
    fn wait_behind_others(&mut self, file: F, path: &LockPath, out: &mut Actions<S, F>) {
        self.refuse(|waiter| waiter.patience == Patience::Once, Outcome::Busy, out);
        self.notice(Holder::Foreign, out);
        match &mut self.wait {
            // A wait that could not be ended is taken over.
            Some(wait) if wait.file == Some(file.id()) && !self.queue.is_empty() => {
                wait.wanted = true;
                out.push(Action::LetGo { file });
            }
            _ if self.queue.is_empty() => out.push(Action::LetGo { file }),
            _ => self.start_wait(path.clone(), Some(file), out),
        }
    }

    /// The operating system refused: so it would everybody who came with the same path. Whoever
    /// shared this one attempt has no other.
    fn fail(&mut self, path: &LockPath, error: Error, out: &mut Actions<S, F>) {
        let fails = |waiter: &Waiter<S>| waiter.path == *path || waiter.patience == Patience::Once;
        for waiter in self.queue.remove_all(fails) {
            out.push(Action::Settle { seat: waiter.seat, outcome: Outcome::Failed(error) });
        }
        self.wait_if_needed(out);
    }

    /// With waiters but neither a hold nor a wait, nothing would ever happen again.
    fn wait_if_needed(&mut self, out: &mut Actions<S, F>) {
        if !matches!(self.hold, Hold::Free) {
            return;
        }
        let Some(first) = self.queue.first() else { return };
        match &mut self.wait {
            Some(wait) => wait.wanted = true,
            None => {
                let path = first.path.clone();
                self.start_wait(path, None, out);
            }
        }
    }

    fn start_attempt(&mut self, path: LockPath, out: &mut Actions<S, F>) {
        let work = self.next_work();
        self.hold = Hold::Trying(work);
        out.push(Action::Attempt { work, path });
    }

    /// Starts the one wait; another that is still under way becomes stale.
    fn start_wait(&mut self, path: LockPath, file: Option<F>, out: &mut Actions<S, F>) {
        let work = self.next_work();
        let wait = Wait { work, file: file.as_ref().map(F::id), queued: false, wanted: true };
        self.wait = Some(wait);
        out.push(Action::Wait { work, path, file });
    }

    fn drop_wait_if_unneeded(&mut self, out: &mut Actions<S, F>) {
        if !self.queue.is_empty() {
            return;
        }
        if let Some(wait) = &mut self.wait
            && wait.wanted
        {
            wait.wanted = false;
            out.push(Action::Interrupt { work: wait.work });
        }
    }
}

//! One locked file as a pure state machine: events in, [`Action`]s out.
//!
//! Two things go on side by side: the [`Hold`] (has this process the lock, and which acquisition?)
//! and the [`Wait`] (at most one thread stands in the operating system's queue). A wait beside a
//! hold is a reservation of the next turn, so that other processes get theirs in between, or a wait
//! that no waiter needs and that could not be ended yet.
//!
//! | hold         | wait     | queue | what comes next                                             |
//! | ------------ | -------- | ----- | ----------------------------------------------------------- |
//! | `Free`       | none     | empty | idle: the registry forgets the entry                        |
//! | `Free`       | wanted   | any   | `waited`: offered, interrupted or failed                    |
//! | `Free`       | unwanted | empty | `waited`: what is granted is unlocked                       |
//! | `Attempting` | none     | any   | `tried`: held, `Free` with a wait, or failed                |
//! | `Attempting` | unwanted | any   | `tried`, or `waited`: a grant makes the attempt stale       |
//! | `Offered`    | none     | some  | `accepted`: verified next; `confirmed`: held; `cancel`: the next waiter's |
//! | `Verifying`  | any      | any   | `verified`: held, the next path, or unlocked and waited for |
//! | `Held`       | none     | any   | `release`: the next waiter, a reservation, or unlocked      |
//! | `Held`       | wanted   | some  | `release`: after the turn unlocked, if the wait is queued   |
//! | `Held`       | unwanted | any   | `waited`: what is granted is unlocked                       |
//! | `Shared`     | any      | any   | `checked`, `downgraded`: readers go in, see [`Entry::share`] |
//! | `Shared`     | none     | empty | `release`: unlocked by the last reader                      |
//! | `Shared`     | wanted   | some  | `release`: unlocked by the last reader, for the wait        |
//!
//! A wait is in the mode of the first waiter. Readers that stand next to each other go in together,
//! and a reader behind a writer waits.

use std::ops::ControlFlow;
use std::time::Instant;

use super::command::{Action, Actions, EntryId, Offer, Tried, WaitEnd, WorkId};
use super::hold::{Attempt, Hold, Reader, Shared, Step, TURN};
use super::queue::Queue;
use super::wait::Wait;
use super::waiter::{AcquireId, Blocker, Expired, LockId, Outcome, OwnerId, Waiter};
use crate::error::Error;
use crate::os::{FileId, Gate, Identified, Mode};
use crate::path::LockPath;

/// From where a waiter joins an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It has just been asked for.
    Request,
    /// Its path named another file before, or was not known to name this one. What that leads to is
    /// done at once, and not on the thread pool.
    OtherEntry,
}

/// The state of one file.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Entry<R, F> {
    pub(super) id: EntryId,
    /// How many pieces of work and offers there were.
    pub(super) numbers: u64,
    pub(super) hold: Hold<F>,
    pub(super) wait: Option<Wait>,
    pub(super) queue: Queue<R>,
    /// Those that gave up while an attempt ran, which may create the file yet: they are told once it
    /// does no more.
    pub(super) leaving: Vec<(AcquireId, R)>,
    /// The last reservation failed.
    pub(super) cannot_reserve: bool,
}

impl<R: Clone, F: Identified> Entry<R, F> {
    /// Returns an idle entry.
    pub fn new(id: EntryId) -> Self {
        Self {
            id,
            numbers: 0,
            hold: Hold::Free,
            wait: None,
            queue: Queue::new(),
            leaving: Vec::new(),
            cannot_reserve: false,
        }
    }

    /// Returns `true` if nothing is held, wanted or under way: the registry may forget the entry.
    pub fn is_idle(&self) -> bool {
        matches!(self.hold, Hold::Free) && self.queue.is_empty() && self.wait.is_none()
    }

    /// Returns `true` if the acquisition has the lock.
    pub fn is_held_by(&self, acquisition: AcquireId) -> bool {
        match &self.hold {
            Hold::Held { holder, .. } => *holder == acquisition,
            Hold::Shared(shared) => shared.readers.contains(acquisition),
            _ => false,
        }
    }

    /// Returns how many acquisitions have the lock, and in which mode.
    pub fn held(&self) -> Option<(Mode, usize)> {
        match &self.hold {
            Hold::Held { .. } => Some((Mode::Exclusive, 1)),
            Hold::Shared(Shared { readers, .. }) if !readers.is_empty() => {
                Some((Mode::Shared, readers.len()))
            }
            _ => None,
        }
    }

    /// Returns the earliest acquisition that `lock` asked for and that has the lock.
    pub fn first_held_by(&self, asked: LockId) -> Option<AcquireId> {
        match &self.hold {
            Hold::Held { holder, lock, .. } => Some(*holder).filter(|_| *lock == asked),
            Hold::Shared(shared) => shared.readers.first_of(asked),
            _ => None,
        }
    }

    /// Returns the only acquisition that has the lock.
    pub fn sole_holder(&self) -> Option<AcquireId> {
        match &self.hold {
            Hold::Held { holder, .. } => Some(*holder),
            Hold::Shared(shared) => shared.readers.sole(),
            _ => None,
        }
    }

    /// Returns `true` if an acquisition that has the lock asked for it by `path`.
    pub fn is_held_by_path(&self, asked: &LockPath) -> bool {
        match &self.hold {
            Hold::Held { path, .. } => path == asked,
            Hold::Shared(shared) => shared.readers.contains_path(asked),
            _ => false,
        }
    }

    /// Returns `true` if a waiter has no other chance than the attempt `work`.
    pub fn is_decisive(&self, work: WorkId) -> bool {
        self.is_attempt(work) && self.queue.has_single()
    }

    /// Returns `true` if a waiter is refused should the shared lock not be passed on.
    pub fn would_refuse(&self) -> bool {
        let holds = |owner| match &self.hold {
            Hold::Shared(shared) => shared.readers.contains_owner(owner),
            _ => false,
        };
        self.queue.has_single() || self.queue.has_blocked_of(holds)
    }

    /// Adds a waiter: the lock is tried for it if it is the first, else it queues. The time of one that
    /// comes from another entry can be over: it waits for no pool.
    pub fn join(
        &mut self,
        arrival: u64,
        waiter: Waiter<R>,
        origin: Origin,
        out: &mut Actions<R, F>,
    ) {
        let has_moved = origin == Origin::OtherEntry;
        let needs_thread = waiter.is_sync || has_moved && waiter.is_single();
        if let Hold::Shared(shared) = &mut self.hold
            && self.queue.is_empty()
        {
            // The one that it was closed for can have given up: the gate tells.
            shared.is_closed = false;
        }
        match &self.hold {
            // The waiter that the attempt was for has left: it is this waiter's now, unless that
            // would make it wait for the pool in vain. One that runs can have the lock for a moment,
            // so that another attempt beside it would find it taken.
            Hold::Attempting(attempt)
                if self.queue.is_empty()
                    && (attempt.has_begun
                        || attempt.mode == waiter.mode
                            && !(attempt.is_pooled() && needs_thread)) => {}
            // An unwanted wait that could not be ended is not ahead, nor is an attempt that becomes
            // stale.
            Hold::Free | Hold::Attempting(_) if self.queue.is_empty() => {
                let is_pooled = !waiter.is_sync && !has_moved;
                let pool_of = Some(waiter.id.owner).filter(|_| is_pooled);
                self.start_attempt(waiter.path.clone(), waiter.mode, pool_of, out);
            }
            // It is about to be handed over, and no waiter is left.
            Hold::Verifying { .. } if self.queue.is_empty() => {}
            Hold::Shared(shared) if self.queue.is_empty() && shared.readers.is_empty() => {}
            // A thread that waits, or asks once, makes the attempt for those ahead of it.
            Hold::Attempting(attempt) if needs_thread && attempt.is_pooled() => {
                self.take_over_attempt(&waiter, out);
            }
            // It goes in with those who are about to.
            _ if self.serves(&waiter) => {}
            // Whether the lock is taken is not known yet.
            Hold::Attempting(_) if waiter.is_single() && !waiter.is_sync => {}
            _ if waiter.is_single() => {
                Self::complete(waiter, Outcome::Busy, out);
                return;
            }
            Hold::Held { holder, .. } | Hold::Offered { to: holder, .. }
                if waiter.would_deadlock_with(holder.owner) =>
            {
                Self::complete(waiter, Outcome::Deadlock, out);
                return;
            }
            Hold::Shared(Shared { readers, .. })
                if waiter.blocks_thread() && readers.contains_owner(waiter.id.owner) =>
            {
                Self::complete(waiter, Outcome::Deadlock, out);
                return;
            }
            _ => {}
        }
        self.queue.insert(arrival, waiter);
        match self.hold {
            Hold::Held { .. } | Hold::Offered { .. } | Hold::Verifying { .. } => {
                self.notice(Blocker::ThisProcess, out);
            }
            Hold::Free => {
                self.notice(Blocker::OtherProcess, out);
                self.wait_if_needed(out);
            }
            Hold::Shared(_) => self.share_if_idle(out),
            Hold::Attempting(_) => {}
        }
    }

    /// Returns `true` if the waiter is a reader that goes in with others, or as soon as it is known
    /// whether they do.
    fn serves(&self, waiter: &Waiter<R>) -> bool {
        let is_undecided = match &self.hold {
            Hold::Attempting(_) | Hold::Verifying { .. } => true,
            Hold::Shared(shared) => !shared.is_closed,
            Hold::Free | Hold::Offered { .. } | Hold::Held { .. } => false,
        };
        waiter.is_shared() && is_undecided && !self.queue.has_writer()
    }

    /// Makes the attempt for those ahead of `waiter` on its own thread.
    fn take_over_attempt(&mut self, waiter: &Waiter<R>, out: &mut Actions<R, F>) {
        let first = self.queue.first().unwrap_or(waiter);
        let (path, mode) = (first.path.clone(), first.mode);
        self.start_attempt(path, mode, None, out);
    }

    /// `work` is about to open the file. Returns `Break` if no waiter needs this work any more:
    /// opening could create a file after all was over.
    pub fn before_open(&mut self, work: WorkId, out: &mut Actions<R, F>) -> ControlFlow<()> {
        if let Hold::Attempting(attempt) = &mut self.hold
            && attempt.work == work
        {
            if self.queue.is_empty() {
                self.hold = Hold::Free;
                self.tell_leaving(out);
                return ControlFlow::Break(());
            }
            attempt.has_begun = true;
            return ControlFlow::Continue(());
        }
        match &self.wait {
            Some(wait) if wait.work == work && wait.wanted => ControlFlow::Continue(()),
            Some(wait) if wait.work == work => {
                self.wait = None;
                ControlFlow::Break(())
            }
            _ => ControlFlow::Break(()),
        }
    }

    /// Records the file opened by `work`. Returns `Break` if no waiter needs this work any more; the
    /// caller must close the file.
    pub fn file_opened(
        &mut self,
        work: WorkId,
        file: FileId,
        out: &mut Actions<R, F>,
    ) -> ControlFlow<()> {
        self.before_open(work, out)?;
        if self.is_attempt(work) {
            // A wait beside an attempt is unwanted. In the queue of another file it could not be
            // taken over, and its grant would be the lock of a file not known here.
            if self.wait.as_ref().is_some_and(|wait| wait.file.is_some_and(|it| it != file)) {
                self.wait = None;
            }
            return ControlFlow::Continue(());
        }
        // A reservation for another file than the one held would reserve nothing.
        if self.hold.file().is_some_and(|held| held != file) {
            self.wait = None;
            return ControlFlow::Break(());
        }
        if let Some(wait) = &mut self.wait {
            wait.file = Some(file);
        }
        ControlFlow::Continue(())
    }

    /// The waiting thread is about to enter the operating system's queue. Returns `Break` as
    /// [`Entry::before_open`] does.
    pub fn before_wait(&mut self, work: WorkId, out: &mut Actions<R, F>) -> ControlFlow<()> {
        self.before_open(work, out)?;
        if let Some(wait) = &mut self.wait {
            wait.queued = true;
        }
        ControlFlow::Continue(())
    }

    /// The attempt `work`, made at `path`, is over.
    pub fn tried(
        &mut self,
        work: WorkId,
        path: &LockPath,
        result: Tried<F>,
        now: Instant,
        out: &mut Actions<R, F>,
    ) {
        let mode = match self.hold {
            Hold::Attempting(attempt) if attempt.work == work => attempt.mode,
            _ => {
                if let Tried::Locked(file) | Tried::Busy(file) = result {
                    out.push(Action::Unlock { file });
                }
                return;
            }
        };
        self.hold = Hold::Free;
        self.tell_leaving(out);
        match result {
            Tried::Locked(file) if mode == Mode::Shared => {
                self.start_sharing(file, now, Some(path), out);
            }
            Tried::Locked(file) => self.grant_next(file, now, Some(path), out),
            Tried::Busy(file) => match self.queue.first() {
                // It has had no attempt in its own mode.
                Some(first) if first.mode != mode => {
                    out.push(Action::Unlock { file });
                    self.attempt_for_first(out);
                }
                _ => self.wait_behind_others(file, path, out),
            },
            Tried::Failed(error) => self.fail(path, Some(mode), error, out),
            Tried::Leased => {
                self.refuse_single(out);
                self.notice(Blocker::OtherProcess, out);
                self.wait_if_needed(out);
            }
        }
    }

    /// The wait `work`, made at `path`, is over.
    pub fn waited(
        &mut self,
        work: WorkId,
        path: &LockPath,
        end: WaitEnd<F>,
        now: Instant,
        out: &mut Actions<R, F>,
    ) {
        let Some(wait) = self.wait.take_if(|wait| wait.work == work) else {
            if let WaitEnd::Granted(file) = end {
                out.push(Action::Unlock { file });
            }
            return;
        };
        match (end, &mut self.hold) {
            // It may come while an attempt is out: then the attempt has become stale.
            (WaitEnd::Granted(file), Hold::Free | Hold::Attempting(_)) => {
                self.tell_leaving(out);
                match wait.mode {
                    Mode::Exclusive => self.offer_next(file, now, out),
                    Mode::Shared => self.start_sharing(file, now, None, out),
                }
            }
            // The others that waited have had their turn, and this is ours.
            (WaitEnd::Granted(file), Hold::Shared(shared)) if wait.mode == Mode::Shared => {
                shared.since = now;
                shared.is_closed = false;
                out.push(Action::Unlock { file });
                self.share_if_idle(out);
            }
            (WaitEnd::Granted(file), _) => out.push(Action::Unlock { file }),
            // A waiter joined after the wait was asked to end.
            (WaitEnd::Interrupted, Hold::Shared(_)) => self.share_if_idle(out),
            (WaitEnd::Interrupted, _) => self.wait_if_needed(out),
            (WaitEnd::Failed(error), Hold::Free) => self.fail(path, Some(wait.mode), error, out),
            // A reservation that failed.
            (WaitEnd::Failed(_), _) => self.cannot_reserve = true,
        }
    }

    /// The thread of a waiter takes what was offered to it.
    pub fn accepted(&mut self, offer: Offer, out: &mut Actions<R, F>) {
        self.take_offered(offer, None, out);
    }

    /// The path of the waiter names the file that is offered to it. If it has not accepted yet, it
    /// need not: the lock is granted.
    pub fn confirmed(&mut self, offer: Offer, path: &LockPath, out: &mut Actions<R, F>) {
        self.take_offered(offer, Some(path), out);
    }

    fn take_offered(&mut self, offer: Offer, checked: Option<&LockPath>, out: &mut Actions<R, F>) {
        match self.take_hold() {
            Hold::Offered { file, since, number, .. } if number == offer.number => {
                self.grant_next(file, since, checked, out);
            }
            other => self.hold = other,
        }
    }

    /// The check of the path on the way to its waiter is over: the path still names the file, or
    /// another one or none, or that cannot be told.
    pub fn verified(
        &mut self,
        path: &LockPath,
        result: Result<bool, Error>,
        out: &mut Actions<R, F>,
    ) {
        match self.take_hold() {
            Hold::Verifying { file, since } if result == Ok(true) => {
                self.grant_next(file, since, Some(path), out);
            }
            Hold::Verifying { file, .. } => {
                out.push(Action::Unlock { file });
                if let Err(error) = result {
                    return self.fail(path, None, error, out);
                }
                self.try_or_wait(out);
                self.drop_wait_if_unneeded(out);
            }
            other => self.hold = other,
        }
    }

    /// The check of a path on the way to a reader is over, and the file is back. Returns `false` if
    /// that was not under way.
    pub fn check_ended(&mut self, file: F, out: &mut Actions<R, F>) -> bool {
        match &mut self.hold {
            Hold::Shared(shared) if matches!(shared.step, Step::Checking) => {
                shared.step = Step::Idle(file);
                true
            }
            _ => {
                out.push(Action::Unlock { file });
                false
            }
        }
    }

    /// The path names the shared file: its readers go in, if the gate allows it.
    pub fn admit(&mut self, path: &LockPath, gate: Gate, now: Instant, out: &mut Actions<R, F>) {
        if let Hold::Shared(mut shared) = self.take_hold() {
            shared.is_closed = !shared.readers.is_empty() && !shared.admits(gate, now);
            self.share(shared, Some(path), out);
        }
    }

    /// It cannot be told which file the path names.
    pub fn check_failed(&mut self, path: &LockPath, error: Error, out: &mut Actions<R, F>) {
        for (_, waiter) in self.queue.remove_all(|waiter| waiter.path == *path) {
            Self::complete(waiter, Outcome::Failed(error), out);
        }
        self.share_if_idle(out);
    }

    /// The exclusive lock is a shared one now, or could not be made one.
    pub fn downgraded(&mut self, file: F, is_shared: bool, out: &mut Actions<R, F>) {
        match self.take_hold() {
            Hold::Shared(mut shared) if matches!(shared.step, Step::Downgrading) => {
                if is_shared {
                    shared.step = Step::Idle(file);
                    self.share(shared, None, out);
                } else if let Some((holder, Reader { path, lock })) = shared.readers.pop() {
                    self.hold = Hold::Held { file, since: shared.since, holder, path, lock };
                    self.notify_remaining(holder, out);
                } else {
                    out.push(Action::Unlock { file });
                    self.try_or_wait(out);
                    self.drop_wait_if_unneeded(out);
                }
            }
            other => {
                self.hold = other;
                out.push(Action::Unlock { file });
            }
        }
    }

    /// Makes the exclusive lock of this acquisition a shared one. Returns `false` if it has none;
    /// then nothing happens.
    pub fn downgrade(&mut self, acquisition: AcquireId, out: &mut Actions<R, F>) -> bool {
        match self.take_hold() {
            Hold::Held { file, since, holder, path, lock } if holder == acquisition => {
                let mut shared = Shared::downgrading(file.id(), since);
                shared.readers.insert(holder, Reader { path, lock });
                out.push(Action::Downgrade { entry: self.id, file });
                self.hold = Hold::Shared(shared);
                true
            }
            other => {
                self.hold = other;
                false
            }
        }
    }

    /// Ends this acquisition. Returns `false` if it does not have the lock.
    pub fn release(&mut self, ended: AcquireId, now: Instant, out: &mut Actions<R, F>) -> bool {
        match self.take_hold() {
            Hold::Held { file, since, holder, .. } if holder == ended => {
                if now.duration_since(since) >= TURN {
                    self.end_turn(file, since, out);
                } else {
                    self.grant_next(file, since, None, out);
                }
                true
            }
            Hold::Shared(mut shared) => {
                let found = shared.readers.remove(ended);
                let is_last = found && shared.readers.is_empty();
                self.hold = Hold::Shared(shared);
                if is_last {
                    self.share_if_idle(out);
                }
                found
            }
            other => {
                self.hold = other;
                false
            }
        }
    }

    /// Removes a waiter that gives up. Returns `false` if it does not wait any more.
    pub fn cancel(&mut self, waiter: AcquireId, out: &mut Actions<R, F>) -> bool {
        let Some(waiter) = self.queue.remove(waiter) else { return false };
        match self.hold {
            Hold::Attempting(attempt) if attempt.has_begun => {
                self.leaving.push((waiter.id, waiter.reply));
            }
            _ => Self::complete(waiter, Outcome::Cancelled, out),
        }
        self.waiters_left(out);
        true
    }

    /// No attempt may create the file any more.
    fn tell_leaving(&mut self, out: &mut Actions<R, F>) {
        let outcome = Outcome::Cancelled;
        let leaving = self.leaving.drain(..);
        out.extend(leaving.map(|(id, reply)| Action::Complete { id, reply, outcome }));
    }

    /// The time of a waiter is over, which ends a wait. What is under way and decides about it goes on,
    /// an attempt without the pool; else the waiter is removed.
    pub fn expire(&mut self, waiter: AcquireId, out: &mut Actions<R, F>) -> Expired {
        if !self.is_undecided(waiter) {
            return if self.cancel(waiter, out) { Expired::Removed } else { Expired::Over };
        }
        self.queue.make_single(waiter);
        if let Hold::Attempting(attempt) = self.hold
            && attempt.is_pooled()
        {
            self.attempt_for_first(out);
        }
        Expired::Tried
    }

    /// Returns `true` if it is not known yet whether this waiter gets the lock at once.
    fn is_undecided(&self, waiter: AcquireId) -> bool {
        match &self.hold {
            Hold::Attempting(_) => true,
            // Who came earlier by another spelling can have moved here since: it gets what is offered.
            Hold::Offered { to, .. } => *to == waiter || self.queue.goes_with_first(waiter),
            Hold::Verifying { .. } => self.queue.goes_with_first(waiter),
            Hold::Shared(shared) => {
                let is_idle = matches!(shared.step, Step::Idle(_));
                let reads = self.queue.first().is_some_and(Waiter::is_shared);
                reads && !is_idle && !shared.is_closed && self.queue.goes_with_first(waiter)
            }
            Hold::Free | Hold::Held { .. } => false,
        }
    }

    /// An environment has ended: removes its waiters and ends its acquisition.
    pub fn owner_ended(&mut self, owner: OwnerId, now: Instant, out: &mut Actions<R, F>) {
        self.queue.remove_all(|waiter| waiter.id.owner == owner);
        self.leaving.retain(|(id, _)| id.owner != owner);
        match &mut self.hold {
            Hold::Held { holder, .. } if holder.owner == owner => {
                let holder = *holder;
                self.release(holder, now, out);
            }
            Hold::Shared(shared) => shared.readers.remove_owner(owner),
            Hold::Attempting(attempt) if attempt.is_pooled() && attempt.pool_of == Some(owner) => {
                // The pool may never come to it.
                self.hold = Hold::Free;
                self.attempt_for_first(out);
            }
            _ => {}
        }
        self.waiters_left(out);
    }

    /// Removes and returns the waiters with that path, which names another file.
    pub fn remove_path(
        &mut self,
        path: &LockPath,
        out: &mut Actions<R, F>,
    ) -> Vec<(u64, Waiter<R>)> {
        let removed = self.queue.remove_all(|waiter| waiter.path == *path);
        self.waiters_left(out);
        removed
    }

    /// Removes all waiters, for another entry that turned out to be the same file. Work that is
    /// still under way here becomes stale.
    pub fn drain_for_merge(
        &mut self,
        out: &mut Actions<R, F>,
    ) -> impl Iterator<Item = (u64, Waiter<R>)> + use<R, F> {
        self.hold = Hold::Free;
        self.tell_leaving(out);
        let waiters = self.queue.drain();
        self.drop_wait_if_unneeded(out);
        self.wait = None;
        waiters
    }

    fn is_attempt(&self, work: WorkId) -> bool {
        matches!(self.hold, Hold::Attempting(attempt) if attempt.work == work)
    }

    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn next_work(&mut self) -> WorkId {
        WorkId { entry: self.id, number: self.next_number() }
    }

    fn take_hold(&mut self) -> Hold<F> {
        std::mem::replace(&mut self.hold, Hold::Free)
    }

    /// Gives the operating system's lock, which is ours, to the first waiter. `checked` is the path
    /// that is known to name the file now.
    fn grant_next(
        &mut self,
        file: F,
        since: Instant,
        checked: Option<&LockPath>,
        out: &mut Actions<R, F>,
    ) {
        self.hold = Hold::Free;
        let Some(first) = self.queue.first() else {
            // First: a wait in the operating system's queue behind us would be granted the lock.
            self.drop_wait_if_unneeded(out);
            out.push(Action::Unlock { file });
            return;
        };
        if first.is_shared() {
            let shared = Shared::downgrading(file.id(), since);
            self.hold = Hold::Shared(shared);
            out.push(Action::Downgrade { entry: self.id, file });
            return;
        }
        let path = first.path.clone();
        if checked != Some(&path) {
            out.push(Action::Verify { entry: self.id, path, file: file.id() });
            self.hold = Hold::Verifying { file, since };
            return;
        }
        if let Some(waiter) = self.queue.pop_first() {
            let (holder, lock) = (waiter.id, waiter.lock);
            self.hold = Hold::Held { file, since, holder, path, lock };
            Self::complete(waiter, Outcome::Granted, out);
            self.notify_remaining(holder, out);
        }
    }

    /// Offers the operating system's lock, which is ours since now, to the first waiter.
    fn offer_next(&mut self, file: F, since: Instant, out: &mut Actions<R, F>) {
        let Some(first) = self.queue.first() else {
            self.hold = Hold::Free;
            self.drop_wait_if_unneeded(out);
            out.push(Action::Unlock { file });
            return;
        };
        if first.is_shared() {
            return self.grant_next(file, since, None, out);
        }
        let (to, path, reply) = (first.id, first.path.clone(), first.reply.clone());
        let offer = Offer { entry: self.id, number: self.next_number() };
        out.push(Action::Offer { offer, path, file: file.id(), reply });
        self.hold = Hold::Offered { file, since, to, number: offer.number };
        for (_, waiter) in self.queue.remove_single(Some(to)) {
            Self::complete(waiter, Outcome::Busy, out);
        }
        // A thread that waits in a call cannot take what is offered to another acquire of it.
        self.refuse_blocked(to, out);
    }

    /// Waiters have left: the first one may be another, or there may be none.
    fn waiters_left(&mut self, out: &mut Actions<R, F>) {
        if let Hold::Offered { to, .. } = self.hold
            && self.queue.first().is_none_or(|first| first.id != to)
            && let Hold::Offered { file, since, .. } = self.take_hold()
        {
            self.offer_next(file, since, out);
        }
        match self.hold {
            Hold::Shared(_) => self.share_if_idle(out),
            Hold::Free => self.wait_if_needed(out),
            _ => {}
        }
        self.drop_wait_if_unneeded(out);
    }

    pub fn share_if_idle(&mut self, out: &mut Actions<R, F>) {
        match self.take_hold() {
            Hold::Shared(shared) if matches!(shared.step, Step::Idle(_)) => {
                self.share(shared, None, out);
            }
            other => self.hold = other,
        }
    }

    fn start_sharing(
        &mut self,
        file: F,
        now: Instant,
        checked: Option<&LockPath>,
        out: &mut Actions<R, F>,
    ) {
        self.cannot_reserve = false;
        self.share(Shared::new(file, now), checked, out);
    }

    /// Goes on with a shared lock at which nothing is under way. `checked` is the path that is known
    /// to name the file now.
    ///
    /// The readers at the head of the queue go in, unless the lock is closed. Where a waiter is left,
    /// its wait stands in the operating system's queue, since a shared lock is not made an exclusive
    /// one; it is granted once the last reader has released the lock.
    fn share(
        &mut self,
        mut shared: Shared<F>,
        checked: Option<&LockPath>,
        out: &mut Actions<R, F>,
    ) {
        let Step::Idle(file) = shared.step else { unreachable!("nothing is under way") };
        while let Some(first) = self.queue.first()
            && first.is_shared()
            && !shared.is_closed
        {
            if checked != Some(&first.path) {
                let path = first.path.clone();
                let looks_at_gate = !shared.readers.is_empty();
                // Before: a wait of this process keeps the gate closed.
                self.end_wait(out);
                out.push(Action::Check { entry: self.id, path, file, looks_at_gate });
                self.hold = Hold::Shared(Shared { step: Step::Checking, ..shared });
                return;
            }
            if let Some(waiter) = self.queue.pop_first() {
                let reader = Reader { path: waiter.path.clone(), lock: waiter.lock };
                shared.readers.insert(waiter.id, reader);
                Self::complete(waiter, Outcome::Granted, out);
            }
        }
        if shared.readers.is_empty() {
            return self.unshare(file, out);
        }
        self.refuse_single(out);
        let readers = &shared.readers;
        for (_, waiter) in self.queue.remove_blocked_of(|owner| readers.contains_owner(owner)) {
            Self::complete(waiter, Outcome::Deadlock, out);
        }
        // A reader behind those can have become the first.
        let is_stuck =
            self.queue.first().is_none_or(|first| !first.is_shared() || shared.is_closed);
        shared.step = Step::Idle(file);
        if !is_stuck {
            return self.share(shared, checked, out);
        }
        self.hold = Hold::Shared(shared);
        self.notice(Blocker::ThisProcess, out);
        if self.wait.is_some() || !self.cannot_reserve {
            self.ensure_wait(out);
        }
        self.drop_wait_if_unneeded(out);
    }

    /// The last reader has released the lock.
    fn unshare(&mut self, file: F, out: &mut Actions<R, F>) {
        self.hold = Hold::Free;
        let Some(first) = self.queue.first() else {
            self.drop_wait_if_unneeded(out);
            out.push(Action::Unlock { file });
            return;
        };
        let (path, mode) = (first.path.clone(), first.mode);
        match &mut self.wait {
            // It was made in another mode, or for another waiter.
            _ if self.queue.has_single() => {
                out.push(Action::Unlock { file });
                self.attempt_for_first(out);
            }
            Some(wait) if wait.mode == mode => {
                wait.wanted = true;
                out.push(Action::Unlock { file });
            }
            _ => self.requeue(path, mode, file, out),
        }
    }

    fn complete(waiter: Waiter<R>, outcome: Outcome, out: &mut Actions<R, F>) {
        out.push(Action::Complete { id: waiter.id, reply: waiter.reply, outcome });
    }

    /// Tells the waiters that are left what a grant to `holder` means for them.
    fn notify_remaining(&mut self, holder: AcquireId, out: &mut Actions<R, F>) {
        self.refuse_single(out);
        self.refuse_blocked(holder, out);
        self.notice(Blocker::ThisProcess, out);
    }

    fn refuse_single(&mut self, out: &mut Actions<R, F>) {
        for (_, waiter) in self.queue.remove_single(None) {
            Self::complete(waiter, Outcome::Busy, out);
        }
    }

    fn refuse_blocked(&mut self, holder: AcquireId, out: &mut Actions<R, F>) {
        for (_, waiter) in self.queue.remove_blocked(holder) {
            Self::complete(waiter, Outcome::Deadlock, out);
        }
    }

    fn notice(&mut self, blocker: Blocker, out: &mut Actions<R, F>) {
        self.queue.notice(|waiter| {
            out.push(Action::Notice { reply: waiter.reply.clone(), blocker });
        });
    }

    /// Ends the turn, if a reservation stands in the operating system's queue: without one, we would
    /// overtake a process that is woken there. So the first release after the end of the turn orders
    /// it and hands the lock over once more. Where none can be made, for want of a descriptor, the
    /// lock is unlocked all the same, and waited for with the file that is open.
    fn end_turn(&mut self, file: F, since: Instant, out: &mut Actions<R, F>) {
        let Some(first) = self.queue.first() else {
            return self.grant_next(file, since, None, out);
        };
        if first.is_shared() {
            // A shared lock is passed on once, and then as far as the gate allows.
            return self.grant_next(file, since, None, out);
        }
        let (path, mode) = (first.path.clone(), first.mode);
        match &mut self.wait {
            Some(wait) if wait.mode == mode && wait.queued => {
                wait.wanted = true;
                out.push(Action::Unlock { file });
            }
            Some(wait) if wait.mode == mode => self.grant_next(file, since, None, out),
            None if self.cannot_reserve => self.requeue(path, mode, file, out),
            _ => {
                self.start_wait(path, mode, None, out);
                self.grant_next(file, since, None, out);
            }
        }
    }

    fn requeue(&mut self, path: LockPath, mode: Mode, file: F, out: &mut Actions<R, F>) {
        self.end_wait(out);
        let work = self.order_wait(mode, Some(file.id()));
        out.push(Action::Requeue { work, path, mode, file });
    }

    /// Another process has the lock: the waiters that may wait do so in the operating system's queue.
    fn wait_behind_others(&mut self, file: F, path: &LockPath, out: &mut Actions<R, F>) {
        self.refuse_single(out);
        self.notice(Blocker::OtherProcess, out);
        let Some(mode) = self.queue.first().map(|first| first.mode) else {
            out.push(Action::Unlock { file });
            return;
        };
        match &mut self.wait {
            // A wait that could not be ended is taken over.
            Some(wait) if wait.file == Some(file.id()) && wait.mode == mode => {
                wait.wanted = true;
                out.push(Action::Unlock { file });
            }
            _ => self.start_wait(path.clone(), mode, Some(file), out),
        }
    }

    /// The operating system refused: it would refuse all waiters with the same path, in that mode or
    /// in any. A waiter that shared this single attempt has no other.
    fn fail(&mut self, path: &LockPath, mode: Option<Mode>, error: Error, out: &mut Actions<R, F>) {
        let fails = |waiter: &Waiter<R>| {
            mode.is_none_or(|mode| waiter.mode == mode)
                && (waiter.path == *path || waiter.is_single())
        };
        for (_, waiter) in self.queue.remove_all(fails) {
            Self::complete(waiter, Outcome::Failed(error), out);
        }
        self.try_or_wait(out);
        self.drop_wait_if_unneeded(out);
    }

    /// The lock is not ours. A waiter with a single attempt has had none that was its own.
    fn try_or_wait(&mut self, out: &mut Actions<R, F>) {
        if self.queue.has_single() {
            self.attempt_for_first(out);
        } else {
            self.wait_if_needed(out);
        }
    }

    /// With waiters but neither a hold nor a wait, nothing would ever happen again.
    fn wait_if_needed(&mut self, out: &mut Actions<R, F>) {
        if !matches!(self.hold, Hold::Free) {
            return;
        }
        self.ensure_wait(out);
    }

    /// The wait of the first waiter is to be under way.
    fn ensure_wait(&mut self, out: &mut Actions<R, F>) {
        let Some(first) = self.queue.first() else { return };
        let (path, mode) = (first.path.clone(), first.mode);
        match &mut self.wait {
            Some(wait) if wait.mode == mode => wait.wanted = true,
            _ => self.start_wait(path, mode, None, out),
        }
    }

    /// Makes an attempt for the first waiter, if there is any, on this thread.
    fn attempt_for_first(&mut self, out: &mut Actions<R, F>) {
        if let Some(first) = self.queue.first() {
            let (path, mode) = (first.path.clone(), first.mode);
            self.start_attempt(path, mode, None, out);
        }
    }

    fn start_attempt(
        &mut self,
        path: LockPath,
        mode: Mode,
        pool_of: Option<OwnerId>,
        out: &mut Actions<R, F>,
    ) {
        let work = self.next_work();
        self.hold = Hold::Attempting(Attempt { work, mode, pool_of, has_begun: false });
        out.push(Action::Attempt { work, path, mode });
    }

    /// Starts the one wait; another that is still under way becomes stale.
    fn start_wait(&mut self, path: LockPath, mode: Mode, file: Option<F>, out: &mut Actions<R, F>) {
        self.end_wait(out);
        let work = self.order_wait(mode, file.as_ref().map(F::id));
        out.push(Action::Wait { work, path, mode, file });
    }

    fn order_wait(&mut self, mode: Mode, file: Option<FileId>) -> WorkId {
        self.cannot_reserve = false;
        let work = self.next_work();
        self.wait = Some(Wait { work, mode, file, queued: false, wanted: true });
        work
    }

    fn drop_wait_if_unneeded(&mut self, out: &mut Actions<R, F>) {
        if self.queue.is_empty() {
            self.end_wait(out);
        }
    }

    fn end_wait(&mut self, out: &mut Actions<R, F>) {
        if let Some(wait) = &mut self.wait
            && wait.wanted
        {
            wait.wanted = false;
            out.push(Action::Interrupt { work: wait.work });
        }
    }
}

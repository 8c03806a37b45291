//! Every file that this process holds, tries or waits for, found by path or by identity.
//!
//! A path is known here only while something is going on at it, and only as it was spelled. That
//! two spellings are one file shows when the second one is opened: its waiters then move to the
//! entry that the file has already. That a path has come to name another file shows when it is
//! checked: its waiters then leave the entry.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::command::{Action, Actions, EntryId, Offer, Tried, WaitEnd, WorkId};
use super::entry::{Entry, Origin};
use super::hold::Hold;
use super::waiter::{AcquireId, Expired, LockId, Outcome, OwnerId, Waiter};
use crate::error::Error;
use crate::os::{FileId, Gate, Identified, Mode};
use crate::path::LockPath;

/// Arrivals are numbered from here on, and those that come before all others down from here.
pub(super) const FIRST_ARRIVAL: u64 = 1 << 63;

/// The table of entries. Pure: every method is an event, and appends the actions it leads to.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Registry<R, F> {
    pub(super) entries: BTreeMap<EntryId, Box<Slot<R, F>>>,
    pub(super) by_path: FxHashMap<LockPath, EntryId>,
    pub(super) by_file: FxHashMap<FileId, EntryId>,
    /// Acquires that wait or hold.
    pub(super) by_acquire: FxHashMap<AcquireId, EntryId>,
    /// Entries with a lock that was asked for by a path that has come to name another file.
    pub(super) unbound: BTreeSet<EntryId>,
    /// The last number given to an entry or an arrival.
    pub(super) last: u64,
    /// How many have come before all others.
    pub(super) ahead: u64,
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
pub struct Slot<R, F> {
    pub(super) entry: Entry<R, F>,
    pub(super) paths: Vec<LockPath>,
    pub(super) file: Option<FileId>,
}

/// Why there is nothing for a lock object to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReleased {
    /// No acquisition has the lock.
    NotHeld,
    /// Several acquisitions share the lock, and none was acquired by that object.
    OthersHold,
}

impl<R: Clone, F: Identified> Registry<R, F> {
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            by_path: FxHashMap::default(),
            by_file: FxHashMap::default(),
            by_acquire: FxHashMap::default(),
            unbound: BTreeSet::new(),
            last: 0,
            ahead: 0,
        }
    }

    /// Asks for the lock. Returns `true` if the waiter waits for a file that `path` named when it was
    /// opened: whether it still does is to be [checked](Registry::path_checked).
    pub fn requested(&mut self, waiter: Waiter<R>, out: &mut Actions<R, F>) -> bool {
        self.last += 1;
        self.arrived(FIRST_ARRIVAL + self.last, waiter, out)
    }

    fn arrived(&mut self, arrival: u64, waiter: Waiter<R>, out: &mut Actions<R, F>) -> bool {
        let id = waiter.id;
        let entry = self.join(arrival, waiter, Origin::Request, out);
        self.forget_completed(out);
        self.by_acquire.contains_key(&id) && self.is_bound(entry)
    }

    /// Asks for the lock of the file that the path names now, `found`, or of a new one. Where it named
    /// another one before, a single attempt comes before those who wait there, unless this process
    /// knows the new file already: it is answered as another process would be. What the move of those
    /// leads to is in `moves`, and to be done first.
    pub fn requested_at(
        &mut self,
        found: Option<FileId>,
        waiter: Waiter<R>,
        moves: &mut Actions<R, F>,
        out: &mut Actions<R, F>,
    ) -> bool {
        let path = waiter.path.clone();
        let moved = self.leave(&path, found, moves);
        if !waiter.is_single() || moved.is_empty() || self.by_path.contains_key(&path) {
            self.join_all(moved, moves);
            return self.requested(waiter, out);
        }
        self.ahead += 1;
        let is_unchecked = self.arrived(FIRST_ARRIVAL - self.ahead, waiter, out);
        self.join_all(moved, moves);
        is_unchecked
    }

    /// Returns `true` if a file has been opened at the path, so that the path is to be
    /// [checked](Registry::path_checked) before it is taken for that file.
    pub fn is_path_bound(&self, path: &LockPath) -> bool {
        self.by_path.get(path).is_some_and(|entry| self.is_bound(*entry))
    }

    /// Returns the paths that waiters ask for while a file is open at them.
    pub fn waiting_paths(&self) -> Vec<LockPath> {
        let is_waiting = |slot: &Slot<R, F>| slot.file.is_some() && !slot.entry.queue.is_empty();
        let waiting = self.entries.values().filter(|slot| is_waiting(slot));
        waiting.flat_map(|slot| slot.paths.iter().cloned()).collect()
    }

    /// The path names `found` now, or no file. If it named another one before, its waiters move to
    /// where they belong. What is held is held as before.
    pub fn path_checked(
        &mut self,
        path: &LockPath,
        found: Option<FileId>,
        out: &mut Actions<R, F>,
    ) {
        let moved = self.leave(path, found, out);
        self.join_all(moved, out);
    }

    /// Removes the waiters that asked by a path which has come to name another file.
    fn leave(
        &mut self,
        path: &LockPath,
        found: Option<FileId>,
        out: &mut Actions<R, F>,
    ) -> Vec<(u64, Waiter<R>)> {
        let Some(former) = self.by_path.get(path).copied() else { return Vec::new() };
        let Some(slot) = self.entries.get_mut(&former) else { return Vec::new() };
        if slot.file.is_none() || slot.file == found {
            return Vec::new();
        }
        slot.paths.retain(|one| one != path);
        self.by_path.remove(path);
        if slot.entry.is_held_by_path(path) {
            self.unbound.insert(former);
        }
        let moved = slot.entry.remove_path(path, out);
        self.forget_if_idle(former);
        if let Some(entry) = found.and_then(|file| self.by_file.get(&file)).copied() {
            self.bind(path, entry);
        }
        moved
    }

    fn join_all(&mut self, waiters: Vec<(u64, Waiter<R>)>, out: &mut Actions<R, F>) {
        for (arrival, waiter) in waiters {
            self.join(arrival, waiter, Origin::OtherEntry, out);
        }
        self.forget_completed(out);
    }

    fn join(
        &mut self,
        arrival: u64,
        waiter: Waiter<R>,
        origin: Origin,
        out: &mut Actions<R, F>,
    ) -> EntryId {
        let id = match self.by_path.get(&waiter.path) {
            Some(id) => *id,
            None => {
                self.last += 1;
                let id = EntryId(self.last);
                let paths = Vec::with_capacity(1);
                let slot = Slot { entry: Entry::new(id), paths, file: None };
                self.entries.insert(id, Box::new(slot));
                self.bind(&waiter.path, id);
                id
            }
        };
        self.by_acquire.insert(waiter.id, id);
        if let Some(slot) = self.entries.get_mut(&id) {
            slot.entry.join(arrival, waiter, origin, out);
        }
        id
    }

    fn bind(&mut self, path: &LockPath, entry: EntryId) {
        if let Some(slot) = self.entries.get_mut(&entry) {
            slot.paths.push(path.clone());
            self.by_path.insert(path.clone(), entry);
        }
    }

    fn is_bound(&self, entry: EntryId) -> bool {
        self.entries.get(&entry).is_some_and(|slot| slot.file.is_some())
    }

    /// Records the file opened by `work`, and merges the entry with the one that the file has
    /// already. Returns `Break` if no waiter needs this work any more.
    pub fn file_opened(
        &mut self,
        work: WorkId,
        file: FileId,
        out: &mut Actions<R, F>,
    ) -> ControlFlow<()> {
        let Some(slot) = self.entries.get_mut(&work.entry) else { return ControlFlow::Break(()) };
        let mut goes_on = slot.entry.file_opened(work, file, out);
        if goes_on.is_continue() {
            match self.by_file.get(&file) {
                Some(twin) if *twin != work.entry => {
                    let twin = *twin;
                    self.merge(work.entry, twin, out);
                    goes_on = ControlFlow::Break(());
                }
                _ => {
                    self.by_file.insert(file, work.entry);
                    if let Some(former) = slot.file.replace(file).filter(|former| *former != file) {
                        self.by_file.remove(&former);
                    }
                }
            }
        }
        self.forget_if_idle(work.entry);
        goes_on
    }

    /// See [`Entry::is_decisive`].
    pub fn is_decisive(&self, work: WorkId) -> bool {
        self.entries.get(&work.entry).is_some_and(|slot| slot.entry.is_decisive(work))
    }

    /// See [`Entry::would_refuse`].
    pub fn would_refuse(&self, entry: EntryId) -> bool {
        self.entries.get(&entry).is_some_and(|slot| slot.entry.would_refuse())
    }

    /// See [`Entry::before_open`].
    pub fn before_open(&mut self, work: WorkId, out: &mut Actions<R, F>) -> ControlFlow<()> {
        let goes_on = self.on_entry(work.entry, out, |entry, out| entry.before_open(work, out));
        goes_on.unwrap_or(ControlFlow::Break(()))
    }

    /// See [`Entry::before_wait`].
    pub fn before_wait(&mut self, work: WorkId, out: &mut Actions<R, F>) -> ControlFlow<()> {
        let goes_on = self.on_entry(work.entry, out, |entry, out| entry.before_wait(work, out));
        goes_on.unwrap_or(ControlFlow::Break(()))
    }

    /// See [`Entry::tried`].
    pub fn tried(
        &mut self,
        work: WorkId,
        path: &LockPath,
        result: Tried<F>,
        now: Instant,
        out: &mut Actions<R, F>,
    ) {
        match self.entries.get_mut(&work.entry) {
            Some(slot) => slot.entry.tried(work, path, result, now, out),
            None => Entry::new(work.entry).tried(work, path, result, now, out),
        }
        self.forget_completed(out);
        self.forget_if_idle(work.entry);
    }

    /// See [`Entry::waited`].
    pub fn waited(
        &mut self,
        work: WorkId,
        path: &LockPath,
        end: WaitEnd<F>,
        now: Instant,
        out: &mut Actions<R, F>,
    ) {
        match self.entries.get_mut(&work.entry) {
            Some(slot) => slot.entry.waited(work, path, end, now, out),
            None => Entry::new(work.entry).waited(work, path, end, now, out),
        }
        self.forget_completed(out);
        self.forget_if_idle(work.entry);
    }

    /// See [`Entry::accepted`].
    pub fn accepted(&mut self, offer: Offer, out: &mut Actions<R, F>) {
        self.on_entry(offer.entry, out, |entry, out| entry.accepted(offer, out));
    }

    /// Returns `true` if its waiter has not taken the lock yet.
    pub fn is_offered(&self, offer: Offer) -> bool {
        let hold = self.entries.get(&offer.entry).map(|slot| &slot.entry.hold);
        matches!(hold, Some(Hold::Offered { number, .. }) if *number == offer.number)
    }

    /// See [`Entry::confirmed`].
    pub fn confirmed(&mut self, offer: Offer, path: &LockPath, out: &mut Actions<R, F>) {
        self.on_entry(offer.entry, out, |entry, out| entry.confirmed(offer, path, out));
    }

    /// Returns the open file of an exclusive lock.
    pub fn held_file(&self, file: FileId) -> Option<&F> {
        self.entries.get(self.by_file.get(&file)?)?.entry.hold.open_file()
    }

    /// See [`Entry::verified`].
    pub fn verified(
        &mut self,
        entry: EntryId,
        path: &LockPath,
        result: Result<bool, Error>,
        out: &mut Actions<R, F>,
    ) {
        self.on_entry(entry, out, |entry, out| entry.verified(path, result, out));
    }

    /// What a [`Check`](Action::Check) has found at the path: a file or none, or that it cannot be
    /// told.
    #[allow(clippy::too_many_arguments, reason = "what a check has found")]
    pub fn checked(
        &mut self,
        entry: EntryId,
        path: &LockPath,
        file: F,
        found: Result<Option<FileId>, Error>,
        gate: Gate,
        now: Instant,
        out: &mut Actions<R, F>,
    ) {
        let id = file.id();
        let Some(slot) = self.entries.get_mut(&entry) else {
            out.push(Action::Unlock { file });
            return;
        };
        if slot.entry.check_ended(file, out) {
            match found {
                Ok(found) if found == Some(id) => slot.entry.admit(path, gate, now, out),
                Ok(found) => {
                    if self.by_path.get(path) == Some(&entry) {
                        self.path_checked(path, found, out);
                    }
                    self.on_entry(entry, out, Entry::share_if_idle);
                }
                Err(error) => slot.entry.check_failed(path, error, out),
            }
        }
        self.forget_completed(out);
        self.forget_if_idle(entry);
    }

    /// See [`Entry::downgrade`].
    pub fn downgrade(&mut self, holder: AcquireId, out: &mut Actions<R, F>) -> bool {
        let entry = self.by_acquire.get(&holder).copied();
        let downgrade = |entry: &mut Entry<R, F>, out: &mut _| entry.downgrade(holder, out);
        entry.and_then(|entry| self.on_entry(entry, out, downgrade)).unwrap_or(false)
    }

    /// See [`Entry::downgraded`].
    pub fn downgraded(
        &mut self,
        entry: EntryId,
        file: F,
        is_shared: bool,
        out: &mut Actions<R, F>,
    ) {
        match self.entries.get_mut(&entry) {
            Some(slot) => slot.entry.downgraded(file, is_shared, out),
            None => out.push(Action::Unlock { file }),
        }
        self.forget_completed(out);
        self.forget_if_idle(entry);
    }

    /// Returns the acquisition that a release by `lock`, a lock object of `path`, is to end. `found`
    /// is the file that the path names, if any.
    ///
    /// One that it asked for itself comes first: of several the one whose file is at the path no
    /// more, or else the earliest. Failing that, it is the one that has the lock of that file; or of
    /// one that was at the path.
    pub fn to_release(
        &self,
        path: &LockPath,
        found: Option<FileId>,
        lock: LockId,
    ) -> Result<AcquireId, NotReleased> {
        let by_file = found.and_then(|file| self.by_file.get(&file));
        let mut own = self.unbound.iter().chain(self.by_path.get(path)).chain(by_file);
        let first_of = |id: &EntryId| self.entries.get(id)?.entry.first_held_by(lock);
        if let Some(own) = own.find_map(first_of) {
            return Ok(own);
        }
        let at_path = by_file.and_then(|id| self.entries.get(id));
        let held = at_path.map(|slot| &slot.entry).filter(|entry| entry.held().is_some());
        let held = held.or_else(|| Some(&self.entries.get(&self.held_by_path(path)?)?.entry));
        let entry = held.ok_or(NotReleased::NotHeld)?;
        entry.sole_holder().ok_or(NotReleased::OthersHold)
    }

    /// Returns how many acquisitions asked by this path and have the lock, and in which mode.
    pub fn path_held(&self, path: &LockPath) -> Option<(Mode, usize)> {
        self.entries.get(&self.held_by_path(path)?)?.entry.held()
    }

    fn held_by_path(&self, path: &LockPath) -> Option<EntryId> {
        let is_held = |slot: &Slot<R, F>| slot.entry.is_held_by_path(path);
        self.entries.iter().find(|(_, slot)| is_held(slot)).map(|(id, _)| *id)
    }

    /// Ends this acquisition. Returns `None` if it has ended, else its entry, which is to be
    /// [forgotten](Registry::forget_if_idle) after the lock is released: others wait for that, and to
    /// forget takes longer.
    pub fn release_only(
        &mut self,
        holder: AcquireId,
        now: Instant,
        out: &mut Actions<R, F>,
    ) -> Option<EntryId> {
        let id = *self.by_acquire.get(&holder)?;
        if !self.entries.get_mut(&id)?.entry.release(holder, now, out) {
            return None;
        }
        self.by_acquire.remove(&holder);
        self.forget_completed(out);
        Some(id)
    }

    /// Returns `true` if this acquisition has a lock.
    pub fn holds(&self, holder: AcquireId) -> bool {
        let entry = self.by_acquire.get(&holder).and_then(|entry| self.entries.get(entry));
        entry.is_some_and(|slot| slot.entry.is_held_by(holder))
    }

    /// Returns how many acquisitions have the file's lock, and in which mode.
    pub fn file_held(&self, file: FileId) -> Option<(Mode, usize)> {
        self.entries.get(self.by_file.get(&file)?)?.entry.held()
    }

    /// Returns `false` if no file is open, so that no other spelling has to be looked for.
    pub fn knows_files(&self) -> bool {
        !self.by_file.is_empty()
    }

    /// Removes a waiter that gives up. Returns `false` if it does not wait any more.
    pub fn cancel(&mut self, id: AcquireId, out: &mut Actions<R, F>) -> bool {
        let Some(entry) = self.by_acquire.get(&id).copied() else { return false };
        let cancel = |entry: &mut Entry<R, F>, out: &mut _| entry.cancel(id, out);
        let found = self.on_entry(entry, out, cancel).unwrap_or(false);
        if found {
            self.by_acquire.remove(&id);
        }
        found
    }

    /// See [`Entry::expire`].
    pub fn expire(&mut self, id: AcquireId, out: &mut Actions<R, F>) -> Expired {
        let entry = self.by_acquire.get(&id).copied();
        let expire = |entry: &mut Entry<R, F>, out: &mut _| entry.expire(id, out);
        let expired = entry.and_then(|entry| self.on_entry(entry, out, expire));
        let expired = expired.unwrap_or(Expired::Over);
        if expired == Expired::Removed {
            self.by_acquire.remove(&id);
        }
        expired
    }

    /// An environment has ended: removes its waiters and ends its acquisitions.
    pub fn owner_ended(&mut self, owner: OwnerId, now: Instant, out: &mut Actions<R, F>) {
        self.by_acquire.retain(|id, _| id.owner != owner);
        let entries: Vec<_> = self.entries.keys().copied().collect();
        for entry in entries {
            self.on_entry(entry, out, |entry, out| entry.owner_ended(owner, now, out));
        }
    }

    /// An acquire that ended without a grant is not known any more.
    fn forget_completed(&mut self, out: &[Action<R, F>]) {
        for action in out {
            if let Action::Complete { id, outcome, .. } = action
                && *outcome != Outcome::Granted
            {
                self.by_acquire.remove(id);
            }
        }
    }

    fn on_entry<T>(
        &mut self,
        id: EntryId,
        out: &mut Actions<R, F>,
        event: impl FnOnce(&mut Entry<R, F>, &mut Actions<R, F>) -> T,
    ) -> Option<T> {
        let entry = &mut self.entries.get_mut(&id)?.entry;
        let before = out.len();
        let result = event(entry, out);
        if entry.is_idle() {
            self.forget(id);
        }
        self.forget_completed(&out[before..]);
        Some(result)
    }

    /// Two entries are one file: the waiters of `from`, whose path was opened later, join `to`.
    fn merge(&mut self, from: EntryId, to: EntryId, out: &mut Actions<R, F>) {
        self.unbound.remove(&from);
        let Some(mut from) = self.entries.remove(&from) else { return };
        let to_slot = self.entries.get_mut(&to).expect("a file's entry exists");
        if let Some(file) = from.file {
            self.by_file.remove(&file);
        }
        for path in from.paths {
            self.by_path.insert(path.clone(), to);
            to_slot.paths.push(path);
        }
        for (arrival, waiter) in from.entry.drain_for_merge(out) {
            self.by_acquire.insert(waiter.id, to);
            to_slot.entry.join(arrival, waiter, Origin::OtherEntry, out);
        }
        self.forget_completed(out);
    }

    /// Forgets the entry if there is nothing at it any more.
    pub fn forget_if_idle(&mut self, id: EntryId) {
        if self.entries.get(&id).is_some_and(|slot| slot.entry.is_idle()) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: EntryId) {
        self.unbound.remove(&id);
        let Some(slot) = self.entries.remove(&id) else { return };
        for path in &slot.paths {
            self.by_path.remove(path);
        }
        if let Some(file) = &slot.file {
            self.by_file.remove(file);
        }
    }
}

//! Every file that this process holds, tries or waits for, found by path or by identity.
//!
//! A path is known here only while something is going on at it, and only as it was spelled. That
//! two spellings are one file shows when the second one is opened: its waiters then move to the
//! entry that the file has already.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::state::{Actions, Entry, EntryId, Tried, WaitEnd, WorkId};
use super::waiter::{LockPath, OwnerId, Waiter, WaiterId};
use crate::os::{FileId, Identified};

#[cfg(test)]
#[path = "tests/inspect/registry.rs"]
mod inspect;

/// The table of entries. Pure: every method is an event, and appends the actions it leads to.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Registry<S, F> {
    entries: BTreeMap<EntryId, Slot<S, F>>,
    by_path: HashMap<LockPath, EntryId>,
    by_file: HashMap<FileId, EntryId>,
    /// The last number given to an entry or an arrival.
    last: u64,
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone, Hash))]
struct Slot<S, F> {
    entry: Entry<S, F>,
    paths: Vec<LockPath>,
    file: Option<FileId>,
}

impl<S: Clone, F: Identified> Registry<S, F> {
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), by_path: HashMap::new(), by_file: HashMap::new(), last: 0 }
    }

    /// Somebody asks for the lock.
    pub fn requested(&mut self, waiter: Waiter<S>, out: &mut Actions<S, F>) {
        self.last += 1;
        let arrival = self.last;
        let id = *self.by_path.entry(waiter.path.clone()).or_insert(EntryId(arrival));
        let slot = self.entries.entry(id).or_insert_with(|| Slot {
            entry: Entry::new(id),
            paths: vec![waiter.path.clone()],
            file: None,
        });
        slot.entry.join(arrival, waiter, out);
    }

    /// File work has opened its file. False: it is for nobody any more, and ends here.
    pub fn opened(&mut self, work: WorkId, file: FileId, out: &mut Actions<S, F>) -> bool {
        let Some(slot) = self.entries.get_mut(&work.entry) else { return false };
        let mut goes_on = slot.entry.opened(work, file);
        if goes_on {
            match self.by_file.get(&file) {
                Some(twin) if *twin != work.entry => {
                    let twin = *twin;
                    self.merge(work.entry, twin, out);
                    goes_on = false;
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

    /// See [`Entry::next`].
    pub fn next(&self, work: WorkId) -> Option<&S> {
        self.entries.get(&work.entry)?.entry.next(work)
    }

    /// See [`Entry::decides`].
    pub fn decides(&self, work: WorkId) -> bool {
        self.entries.get(&work.entry).is_some_and(|slot| slot.entry.decides(work))
    }

    /// See [`Entry::wants`].
    pub fn wants(&mut self, work: WorkId) -> bool {
        self.on_entry(work.entry, |entry| entry.wants(work)).unwrap_or(false)
    }

    /// See [`Entry::queued`].
    pub fn queued(&mut self, work: WorkId) -> bool {
        self.on_entry(work.entry, |entry| entry.queued(work)).unwrap_or(false)
    }

    /// See [`Entry::tried`].
    pub fn tried(
        &mut self,
        work: WorkId,
        path: &LockPath,
        result: Tried<F>,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        match self.entries.get_mut(&work.entry) {
            Some(slot) => slot.entry.tried(work, path, result, now, out),
            None => Entry::new(work.entry).tried(work, path, result, now, out),
        }
        self.forget_if_idle(work.entry);
    }

    /// See [`Entry::waited`].
    pub fn waited(
        &mut self,
        work: WorkId,
        path: &LockPath,
        end: WaitEnd<F>,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        match self.entries.get_mut(&work.entry) {
            Some(slot) => slot.entry.waited(work, path, end, now, out),
            None => Entry::new(work.entry).waited(work, path, end, now, out),
        }
        self.forget_if_idle(work.entry);
    }

    /// See [`Entry::checked`].
    pub fn checked(
        &mut self,
        entry: EntryId,
        path: &LockPath,
        current: bool,
        now: Instant,
        out: &mut Actions<S, F>,
    ) {
        self.on_entry(entry, |entry| entry.checked(path, current, now, out));
    }

    /// Whoever holds the path's lock lets go. False: nobody is known to under this spelling.
    pub fn release(&mut self, path: &LockPath, now: Instant, out: &mut Actions<S, F>) -> bool {
        let Some(entry) = self.by_path.get(path).copied() else { return false };
        self.on_entry(entry, |entry| entry.release(now, out)).unwrap_or(false)
    }

    /// As [`Registry::release`], by the file that the path names.
    pub fn release_file(&mut self, file: FileId, now: Instant, out: &mut Actions<S, F>) -> bool {
        let Some(entry) = self.by_file.get(&file).copied() else { return false };
        self.on_entry(entry, |entry| entry.release(now, out)).unwrap_or(false)
    }

    /// This one acquisition ends, if it has not yet. False: it has.
    pub fn release_only(
        &mut self,
        path: &LockPath,
        holder: WaiterId,
        now: Instant,
        out: &mut Actions<S, F>,
    ) -> bool {
        let Some(entry) = self.by_path.get(path).copied() else { return false };
        let release =
            |entry: &mut Entry<S, F>| entry.holder() == Some(holder) && entry.release(now, out);
        self.on_entry(entry, release).unwrap_or(false)
    }

    /// Who holds the path's lock, as far as this spelling is known?
    pub fn holder(&self, path: &LockPath) -> Option<WaiterId> {
        self.entries.get(self.by_path.get(path)?)?.entry.holder()
    }

    /// Who holds the file's lock?
    pub fn file_holder(&self, file: FileId) -> Option<WaiterId> {
        self.entries.get(self.by_file.get(&file)?)?.entry.holder()
    }

    /// Is any file open at all? If not, no other spelling has to be looked for.
    pub fn knows_files(&self) -> bool {
        !self.by_file.is_empty()
    }

    /// A waiter gives up. False: it is not waiting any more.
    pub fn cancel(&mut self, path: &LockPath, id: WaiterId, out: &mut Actions<S, F>) -> bool {
        let Some(entry) = self.by_path.get(path).copied() else { return false };
        self.on_entry(entry, |entry| entry.cancel(id, out)).unwrap_or(false)
    }

    /// An environment has ended: its waiters go, and what it holds is freed.
    pub fn gone(&mut self, owner: OwnerId, now: Instant, out: &mut Actions<S, F>) {
        let entries: Vec<_> = self.entries.keys().copied().collect();
        for entry in entries {
            self.on_entry(entry, |entry| entry.gone(owner, now, out));
        }
    }

    fn on_entry<T>(&mut self, id: EntryId, event: impl FnOnce(&mut Entry<S, F>) -> T) -> Option<T> {
        let entry = &mut self.entries.get_mut(&id)?.entry;
        let result = event(entry);
        if entry.is_idle() {
            self.forget(id);
        }
        Some(result)
    }

    /// Two entries are one file: the waiters of `from`, whose path was opened later, join `to`.
    fn merge(&mut self, from: EntryId, to: EntryId, out: &mut Actions<S, F>) {
        let Some(mut from) = self.entries.remove(&from) else { return };
        let to_slot = self.entries.get_mut(&to).expect("a file's entry exists");
        if let Some(file) = from.file {
            self.by_file.remove(&file);
        }
        for path in from.paths {
            self.by_path.insert(path.clone(), to);
            to_slot.paths.push(path);
        }
        for (arrival, waiter) in from.entry.surrender(out) {
            to_slot.entry.join(arrival, waiter, out);
        }
    }

    fn forget_if_idle(&mut self, id: EntryId) {
        if self.entries.get(&id).is_some_and(|slot| slot.entry.is_idle()) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: EntryId) {
        let Some(slot) = self.entries.remove(&id) else { return };
        for path in &slot.paths {
            self.by_path.remove(path);
        }
        if let Some(file) = &slot.file {
            self.by_file.remove(file);
        }
    }
}

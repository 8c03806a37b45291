//! What the tests need to know of the state.

use std::hash::{Hash, Hasher};

use crate::lock::command::EntryId;
use crate::lock::driver::Driver;
use crate::lock::entry::Entry;
use crate::lock::hold::{Hold, Readers};
use crate::lock::queue::{Others, Queue};
use crate::lock::registry::Registry;
use crate::lock::waiter::{AcquireId, Reply, Waiter};
use crate::os::{Identified, Os};
use crate::path::LockPath;

impl<R: Reply + Clone, O: Os> Driver<R, O> {
    /// Returns `true` if no lock is held, tried or waited for.
    pub fn is_idle(&self) -> bool {
        self.registry.lock().is_empty() && self.waits.lock().is_empty()
    }

    pub fn is_held(&self, path: &LockPath) -> bool {
        self.held(path).is_some()
    }

    pub fn os(&self) -> &O {
        &self.os
    }
}

impl<R, F> Entry<R, F> {
    pub fn waiters(&self) -> impl Iterator<Item = &Waiter<R>> {
        self.queue.iter().map(|(_, waiter)| waiter)
    }

    /// Returns the acquisitions that have the lock.
    pub fn holders(&self) -> Vec<AcquireId> {
        match &self.hold {
            Hold::Held { holder, .. } => vec![*holder],
            Hold::Shared(shared) => shared.readers.sorted(),
            _ => Vec::new(),
        }
    }

    /// Returns the paths by which those asked.
    fn held_paths(&self) -> Vec<&LockPath> {
        match &self.hold {
            Hold::Held { path, .. } => vec![path],
            Hold::Shared(shared) => shared.readers.paths().collect(),
            _ => Vec::new(),
        }
    }
}

impl<R> Queue<R> {
    /// By arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&u64, &Waiter<R>)> {
        let first = self.first.iter().map(|(arrival, waiter)| (arrival, waiter));
        first.chain(self.others.iter().flat_map(|others| &others.by_arrival))
    }

    /// The first waiter came first, and the indices follow from the others.
    pub fn assert_indices(&self) {
        let arrivals: Vec<_> = self.iter().map(|(arrival, _)| arrival).collect();
        assert!(arrivals.is_sorted(), "the first came first");
        if let Some(others) = &self.others {
            assert!(self.first.is_some() || others.by_arrival.is_empty(), "there is a first");
            others.assert_indices();
        }
    }
}

impl<R> Others<R> {
    fn assert_indices(&self) {
        assert_eq!(self.arrivals.len(), self.by_arrival.len(), "the index is complete");
        for (arrival, waiter) in &self.by_arrival {
            assert_eq!(self.unnoticed.contains(arrival), waiter.wants_notice);
            assert_eq!(self.single.contains(arrival), waiter.is_single());
            assert_eq!(self.writers.contains(arrival), !waiter.is_shared());
            let blocked = self.blocked.contains(&(waiter.id.owner, *arrival));
            assert_eq!(blocked, waiter.blocks_thread());
        }
        let few = [&self.unnoticed, &self.single, &self.writers].map(|index| index.len());
        assert!(self.blocked.len() <= self.by_arrival.len(), "no index has more");
        assert!(few.into_iter().all(|len| len <= self.by_arrival.len()), "no index has more");
    }
}

/// Paths and lock objects follow from the acquires.
impl Hash for Readers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sorted().hash(state);
    }
}

/// The rest follows from the waiters.
impl<R: Hash> Hash for Queue<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.iter().count());
        self.iter().for_each(|waiter| waiter.hash(state));
    }
}

impl<R, F> Registry<R, F> {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.by_path.is_empty()
            && self.by_file.is_empty()
            && self.by_acquire.is_empty()
            && self.unbound.is_empty()
    }

    pub fn entries(&self) -> impl Iterator<Item = (EntryId, &Entry<R, F>)> {
        self.entries.iter().map(|(id, slot)| (*id, &slot.entry))
    }
}

impl<R: Clone, F: Identified> Registry<R, F> {
    /// The indices follow from the entries.
    pub fn assert_indices(&self) {
        let paths: usize = self.entries.values().map(|slot| slot.paths.len()).sum();
        assert_eq!(self.by_path.len(), paths, "every path leads to its entry, and no other does");
        let files = self.entries.values().filter(|slot| slot.file.is_some()).count();
        assert_eq!(self.by_file.len(), files, "every file leads to its entry, and no other does");
        let acquires: usize = self
            .entries
            .values()
            .map(|slot| slot.entry.waiters().count() + slot.entry.holders().len())
            .sum();
        assert_eq!(self.by_acquire.len(), acquires, "every acquire leads to its entry");
        assert!(self.unbound.iter().all(|id| self.entries.contains_key(id)), "it is an entry");
        for (id, slot) in &self.entries {
            let leads_home = |acquire: AcquireId| self.by_acquire[&acquire] == *id;
            assert!(
                slot.entry.waiters().all(|waiter| leads_home(waiter.id)),
                "a waiter leads home"
            );
            assert!(slot.entry.holders().into_iter().all(leads_home), "a holder leads home");
            slot.entry.queue.assert_indices();
            assert!(slot.paths.iter().all(|path| self.by_path[path] == *id), "a path leads home");
            assert!(slot.file.iter().all(|file| self.by_file[file] == *id), "a file leads home");
            assert!(
                slot.entry.held_paths().into_iter().all(|path| {
                    self.by_path.get(path) == Some(id) || self.unbound.contains(id)
                }),
                "what is held is found by its path"
            );
            if let Some(file) = slot.entry.hold.file() {
                assert_eq!(slot.file, Some(file), "what is held is found by its file");
            }
        }
    }
}

/// The indices follow from the entries.
impl<R: Hash, F: Hash> Hash for Registry<R, F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
        (self.last, self.ahead).hash(state);
    }
}

//! What the tests see of the registry.

use std::hash::{Hash, Hasher};

use super::Registry;
use crate::lock::state::inspect::HoldView;
use crate::lock::state::{Entry, EntryId};
use crate::os::Identified;

impl<S, F> Registry<S, F> {
    /// Nothing is known here any more.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.by_path.is_empty() && self.by_file.is_empty()
    }

    pub fn entries(&self) -> impl Iterator<Item = (EntryId, &Entry<S, F>)> {
        self.entries.iter().map(|(id, slot)| (*id, &slot.entry))
    }
}

impl<S, F: Copy + Identified> Registry<S, F> {
    /// The two indices say what the entries say.
    pub fn assert_indices(&self) {
        let paths: usize = self.entries.values().map(|slot| slot.paths.len()).sum();
        assert_eq!(self.by_path.len(), paths, "every path leads to its entry, and no other does");
        let files = self.entries.values().filter(|slot| slot.file.is_some()).count();
        assert_eq!(self.by_file.len(), files, "every file leads to its entry, and no other does");
        for (id, slot) in &self.entries {
            slot.entry.assert_indices();
            assert!(slot.paths.iter().all(|path| self.by_path[path] == *id), "a path leads home");
            assert!(slot.file.iter().all(|file| self.by_file[file] == *id), "a file leads home");
            if let HoldView::Held(file, _) | HoldView::Passing(file) = slot.entry.hold_view() {
                assert_eq!(slot.file, Some(file.id()), "what is held is found by its file");
            }
        }
    }
}

/// The indices follow from the entries.
impl<S: Hash, F: Hash> Hash for Registry<S, F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
        self.last.hash(state);
    }
}

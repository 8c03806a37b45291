//! What the tests see of an entry.

use super::{Entry, Hold, WorkId};
use crate::lock::waiter::{Waiter, WaiterId};
use crate::os::FileId;

/// Does this process have the lock?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldView<F> {
    Free,
    Trying(WorkId),
    Passing(F),
    Held(F, WaiterId),
}

/// The thread in the operating system's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitView {
    pub work: WorkId,
    pub file: Option<FileId>,
    pub queued: bool,
    pub wanted: bool,
}

impl<S, F: Copy> Entry<S, F> {
    pub fn hold_view(&self) -> HoldView<F> {
        match self.hold {
            Hold::Free => HoldView::Free,
            Hold::Trying(work) => HoldView::Trying(work),
            Hold::Passing { file, .. } => HoldView::Passing(file),
            Hold::Held { file, holder, .. } => HoldView::Held(file, holder),
        }
    }

    pub fn wait_view(&self) -> Option<WaitView> {
        let wait = self.wait.as_ref()?;
        let (work, file, queued, wanted) = (wait.work, wait.file, wait.queued, wait.wanted);
        Some(WaitView { work, file, queued, wanted })
    }

    pub fn assert_indices(&self) {
        self.queue.assert_indices();
    }

    pub fn waiters(&self) -> impl Iterator<Item = (u64, &Waiter<S>)> {
        self.queue.iter()
    }
}

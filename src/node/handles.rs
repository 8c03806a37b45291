//! The locks of this thread by number. For a call that is made for every section of a lock, a number
//! crosses the border in half the time that an object takes, with napi-rs's checks of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::mailbox::{Mailbox, answer};
use crate::lock::{LockPath, OwnerId, WaiterId};

/// A path, and the environment that acquires and releases it.
pub struct Lock {
    pub path: LockPath,
    pub owner: OwnerId,
    pub mailbox: Arc<Mailbox>,
}

impl Lock {
    pub fn waiter_id(&self, number: f64) -> WaiterId {
        WaiterId { owner: self.owner, number: number as u64 }
    }

    /// What a call answers whose work is a release; that is false where there was nothing to release.
    pub fn answer(&self, release: impl FnOnce() -> bool) -> f64 {
        if self.mailbox.attend(release) { self.mailbox.answer() } else { answer::NOT_HELD }
    }
}

#[derive(Default)]
struct Handles {
    locks: Vec<Option<Rc<Lock>>>,
    free: Vec<usize>,
}

thread_local! {
    static HANDLES: RefCell<Handles> = RefCell::default();
}

/// Keeps a lock under a number of its own until this is dropped.
pub struct Handle(usize);

impl Handle {
    pub fn new(lock: Rc<Lock>) -> Self {
        HANDLES.with_borrow_mut(|handles| match handles.free.pop() {
            Some(at) => {
                handles.locks[at] = Some(lock);
                Self(at)
            }
            None => {
                handles.locks.push(Some(lock));
                Self(handles.locks.len() - 1)
            }
        })
    }

    /// As JavaScript has it.
    pub fn number(&self) -> f64 {
        self.0 as f64
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // On a thread that is at its end the table can be gone before.
        let _ = HANDLES.try_with(|handles| {
            let handles = &mut *handles.borrow_mut();
            let lock = handles.locks[self.0].take();
            handles.free.push(self.0);
            lock
        });
    }
}

/// The lock with that handle; none where JavaScript made the number up.
pub fn find(number: f64) -> Option<Rc<Lock>> {
    HANDLES.with_borrow(|handles| handles.locks.get(number as usize)?.clone())
}

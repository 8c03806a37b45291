//! One JavaScript environment: the main thread or a worker.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::{Env, Result, sys};
use napi_derive::napi;
use rustc_hash::FxHashMap;

use super::DRIVER;
use super::callback::{Callback, Interrupted, Target};
use super::completions::{Completion, CompletionQueue, Record};
use super::handles::{self, LockContext};
use super::wake::Wake;
use super::{records, watches};
use crate::lock::{AcquireId, OwnerId};

/// How many numbers for acquires an instance of the package takes at a time.
#[napi]
pub const ACQUIRE_BLOCK: u32 = 1 << 20;

/// `false` where it is too early.
type Told = std::result::Result<bool, Interrupted>;

thread_local! {
    /// Emptied by the hook at the environment's end, and by nothing later: when a thread's own
    /// variables are dropped, there is no environment any more to give references back to.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<Environment>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// What belongs to a thread, once, whichever number of instances of the package it has loaded.
pub struct Environment {
    owner: OwnerId,
    pub queue: Arc<CompletionQueue>,
    /// The queue's, without its mutex: the thread that has woken this one can still hold that.
    /// `None` after the end.
    wake: RefCell<Option<Wake>>,
    pending: RefCell<FxHashMap<u64, Pending>>,
    /// Acquisitions whose loss is to be told.
    watched: RefCell<FxHashMap<u64, Pending>>,
    /// Locks whose path is to be checked, in the next turn of the event loop.
    unchecked: RefCell<Vec<Rc<LockContext>>>,
    /// JavaScript is being told.
    delivers: Cell<bool>,
    blocks: Cell<u64>,
}

/// What the delivery of completions is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    EventLoop,
    /// A call that can be in the middle of anything.
    JavaScript,
}

/// An asynchronous acquire without an outcome, or an acquisition that is watched.
struct Pending {
    callback: Rc<Callback>,
    target: Rc<Target>,
}

/// Returns the first of [`ACQUIRE_BLOCK`] numbers for acquires that no other instance of the package
/// in this thread has.
#[napi]
pub fn reserve_acquires(env: &Env) -> Result<f64> {
    let environment = Environment::current(env)?;
    let block = environment.blocks.get();
    environment.blocks.set(block + 1);
    // From 1 on.
    Ok((block * u64::from(ACQUIRE_BLOCK) + 1) as f64)
}

/// Called by a wake, on its environment's thread.
fn on_wake(env: &Env) {
    let environment = CURRENT.with(|current| current.borrow().clone());
    if let Some(environment) = environment {
        environment.queue.on_wake();
        environment.deliver(env, Source::EventLoop);
    }
}

/// Returns `true` to JavaScript if acquires of this environment are pending.
extern "C" fn has_pending(env: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    let environment = CURRENT.with(|current| current.borrow().clone());
    let pending = environment.is_some_and(|environment| !environment.pending.borrow().is_empty());
    let mut value = ptr::null_mut();
    // SAFETY: the environment is that of this call; `value` is written, or stays null for undefined.
    unsafe { sys::napi_get_boolean(env, pending, &mut value) };
    value
}

impl Environment {
    /// Returns the environment of this thread, which begins with the first use.
    pub fn current(env: &Env) -> Result<Rc<Self>> {
        if let Some(environment) = CURRENT.with(|current| current.borrow().clone()) {
            return Ok(environment);
        }
        let environment = Self::begin(env)?;
        CURRENT.with(|current| current.replace(Some(Rc::clone(&environment))));
        Ok(environment)
    }

    fn begin(env: &Env) -> Result<Rc<Self>> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let owner = OwnerId(LAST.fetch_add(1, Ordering::Relaxed));
        let queue = CompletionQueue::new();
        let wake = Wake::new(env, on_wake, has_pending)?;
        queue.open(wake.clone());
        env.add_env_cleanup_hook((), move |()| {
            handles::clear();
            if let Some(environment) = CURRENT.with(|current| current.take()) {
                environment.queue.close();
                environment.wake.take();
                environment.pending.take();
                environment.watched.take();
                environment.unchecked.take();
            }
            watches::remove_of(owner);
            records::remove_of(owner);
            DRIVER.owner_ended(owner);
        })?;
        Ok(Rc::new(Self {
            owner,
            queue,
            wake: RefCell::new(Some(wake)),
            pending: RefCell::default(),
            watched: RefCell::default(),
            unchecked: RefCell::default(),
            delivers: Cell::new(false),
            blocks: Cell::new(0),
        }))
    }

    /// An acquire of this environment, by the number that JavaScript gave it.
    pub fn acquire_id(&self, number: f64) -> AcquireId {
        AcquireId { owner: self.owner, sequence: number as u64 }
    }

    /// From now on `callback(target, outcome)` is told what happens to the acquire; until it is over,
    /// it keeps the process alive.
    pub fn expect(&self, env: &Env, acquire: AcquireId, callback: Rc<Callback>, target: Target) {
        let pending = Pending { callback, target: Rc::new(target) };
        let mut all = self.pending.borrow_mut();
        if all.is_empty() {
            self.keep_alive(env, true);
        }
        all.insert(acquire.sequence, pending);
    }

    /// Tells `callback(target, outcome)` if the acquisition is lost. Keeps nothing alive but `target`.
    pub fn watch(&self, acquire: AcquireId, callback: Rc<Callback>, target: Target) {
        let pending = Pending { callback, target: Rc::new(target) };
        self.watched.borrow_mut().insert(acquire.sequence, pending);
    }

    pub fn unwatch(&self, acquire: AcquireId) {
        self.watched.borrow_mut().remove(&acquire.sequence);
    }

    /// Does `work`, which may complete acquires of this environment, and tells them.
    pub fn run<T>(&self, env: &Env, work: impl FnOnce() -> T) -> T {
        let result = self.queue.suppress_wake(work);
        self.deliver(env, Source::JavaScript);
        result
    }

    /// Checks the path of the lock in the next turn of the event loop: once, for all acquires of this
    /// one.
    pub fn check_later(&self, lock: Rc<LockContext>) {
        if !lock.is_check_due.replace(true) {
            self.unchecked.borrow_mut().push(lock);
            self.queue.wake();
        }
    }

    /// Tells JavaScript the completions, in order. A call that does not return normally ends this,
    /// and is made again with a new wake; as is one that is too early.
    pub fn deliver(&self, env: &Env, source: Source) {
        // Called from JavaScript that is being told: it is told the rest afterwards.
        if self.delivers.replace(true) {
            return;
        }
        if source == Source::EventLoop {
            for lock in self.unchecked.take() {
                lock.is_check_due.set(false);
                self.queue.suppress_wake(|| DRIVER.check_path(&lock.path));
            }
        }
        while let Some(record) = self.queue.first() {
            let told = self.queue.suppress_wake(|| match record {
                Record::Complete(completion) => self.tell(env, completion, source),
                Record::Accept { offer, .. } => {
                    DRIVER.accept(offer);
                    Ok(true)
                }
            });
            match told {
                Ok(true) => self.queue.remove_first(),
                Ok(false) | Err(Interrupted) => {
                    self.queue.wake();
                    break;
                }
            }
        }
        self.delivers.set(false);
    }

    fn tell(&self, env: &Env, completion: Completion, source: Source) -> Told {
        let all = if completion.is_loss() { &self.watched } else { &self.pending };
        let pending = all.borrow();
        let told = pending.get(&completion.acquire);
        let told = told.map(|one| (Rc::clone(&one.callback), Rc::clone(&one.target)));
        drop(pending);
        let taken = match told {
            Some((callback, target)) => callback.call(&target, completion.outcome)?,
            None => Some(false),
        };
        if taken.is_none() && source == Source::JavaScript {
            return Ok(false);
        }
        if completion.is_loss() {
            self.watched.borrow_mut().remove(&completion.acquire);
        } else if completion.is_last() {
            let mut pending = self.pending.borrow_mut();
            if pending.remove(&completion.acquire).is_some() && pending.is_empty() {
                self.keep_alive(env, false);
            }
            drop(pending);
            if completion.is_grant() && taken != Some(true) {
                // The call that asked for it did not return: its caller has an error.
                DRIVER.release_only(self.acquire_id(completion.acquire as f64));
            }
        }
        Ok(true)
    }

    /// A pending acquire keeps the process alive, a held lock does not.
    fn keep_alive(&self, env: &Env, alive: bool) {
        if let Some(wake) = &*self.wake.borrow() {
            wake.keep_alive(env, alive);
        }
    }
}

//! Which acquisitions are to hear that another caller has released them.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;
use parking_lot::Mutex;

use super::callback::Target;
use super::completions::{Completion, CompletionQueue, Record};
use super::environment::Environment;
use super::outcome::Kind;
use super::{DRIVER, handles};
use crate::lock::{AcquireId, OwnerId};

/// The queue of each one's environment.
static WATCHES: Mutex<Vec<Watch>> = Mutex::new(Vec::new());

type Watch = (AcquireId, Arc<CompletionQueue>);

/// How many there are: where there is none, a release has nothing to look for.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// From now on, `target` is told that the acquisition is lost if it ends, but for its own release.
#[napi]
pub fn watch(env: &Env, handle: f64, acquire: f64, target: Object<'_>) -> Result<()> {
    let lock = handles::find(handle)?;
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    environment.watch(id, Rc::clone(&lock.callback), Target::new(&target)?);
    let mut watches = WATCHES.lock();
    watches.push((id, Arc::clone(&environment.queue)));
    COUNT.store(watches.len(), Ordering::Release);
    drop(watches);
    // It can have ended before.
    environment.run(env, report_lost);
    Ok(())
}

/// Tells those that do not hold their locks any more. Comes after a release by path.
pub fn report_lost() {
    for (id, queue) in remove_if(|id| !DRIVER.holds(id)) {
        let lost = Completion { acquire: id.sequence, outcome: Kind::Lost.into() };
        queue.push(Record::Complete(lost));
    }
}

/// Forgets an acquisition. Comes before its own release.
pub fn remove(environment: &Environment, acquire: AcquireId) {
    if !remove_if(|id| id == acquire).is_empty() {
        environment.unwatch(acquire);
    }
}

/// Forgets those of an environment that ends.
pub fn remove_of(owner: OwnerId) {
    remove_if(|id| id.owner == owner);
}

fn remove_if(is_over: impl Fn(AcquireId) -> bool) -> Vec<Watch> {
    if COUNT.load(Ordering::Acquire) == 0 {
        return Vec::new();
    }
    let mut watches = WATCHES.lock();
    let removed = watches.extract_if(.., |(id, _)| is_over(*id)).collect();
    COUNT.store(watches.len(), Ordering::Release);
    removed
}

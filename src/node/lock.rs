//! Acquire and release, as JavaScript calls them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{AsyncTask, Function, Object};
use napi::{Env, Result};
use napi_derive::napi;

use super::callback::{Target, call_function};
use super::completions::JsReply;
use super::environment::{Environment, Source};
use super::outcome::{Kind, encode, encode_waiting};
use super::pool::{Value, Work};
use super::{DRIVER, handles, records, watches};
use crate::lock::{AcquireId, Expired, NotReleased, Outcome, Parked, Parker, WaitLimit, Waiter};
use crate::os::Mode;

/// How often a thread that waits in a worker calls into JavaScript to learn whether the worker is
/// being terminated: nothing wakes it for that. `terminate()` and `process.exit()` can take that much
/// longer, and it costs well under a thousandth of a core.
const TERMINATION_POLL: Duration = Duration::from_millis(20);

/// How often a thread that waits checks that its path still names the file that it waits for. A
/// deleted file is noticed so late, and the check costs one stat(2).
const PATH_CHECK: Duration = Duration::from_secs(2);

/// An option of `acquire` and `acquireSync`: one attempt, no wait.
#[napi]
pub const SINGLE_ATTEMPT: u32 = 1;

/// An option of `acquire`: the target is told once that the lock is taken.
#[napi]
pub const NOTICE: u32 = 2;

/// An option of `acquire` and `acquireSync`: the lock is shared with others who ask so.
#[napi]
pub const SHARED: u32 = 4;

/// Asks for the lock under the number `acquire`. `target` is told the outcome after this has
/// returned, from the event loop at the latest.
pub fn acquire(
    env: &Env,
    handle: f64,
    acquire: f64,
    target: Object<'_>,
    options: u32,
) -> Result<()> {
    let lock = handles::find(handle)?;
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    let target = Target::new(&target)?;
    let queue = &environment.queue;
    let waiter = Waiter {
        id,
        path: lock.path.clone(),
        lock: lock.id,
        mode: mode(options),
        limit: limit(options),
        is_sync: false,
        wants_notice: options & NOTICE != 0,
        reply: JsReply::Queue { queue: Arc::clone(queue), acquire: id.sequence },
    };
    environment.expect(env, id, Rc::clone(&lock.callback), target);
    let requested = DRIVER.request(waiter);
    if requested.is_unchecked {
        environment.check_later(lock);
    }
    if let Some(attempt) = requested.attempt {
        let queue = Arc::clone(queue);
        let work = Work::new(move || {
            queue.suppress_wake(|| attempt.run());
            deliver_found
        });
        // An environment that is ending takes no work: then it was done when it was dropped.
        let _ = env.spawn(work);
    }
    Ok(())
}

/// Tells the completions that are due, if any: sooner than the event loop would.
pub fn deliver(env: &Env) -> Result<()> {
    Environment::current(env)?.deliver(env, Source::JavaScript);
    Ok(())
}

/// Gives up waiting: the target is told that it is cancelled, if no outcome is on its way. Where an
/// attempt runs that may create the file yet, it is told when that is over.
#[napi]
pub fn cancel(env: &Env, acquire: f64) -> Result<()> {
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    environment.run(env, || DRIVER.cancel(id));
    Ok(())
}

/// The same at once, for an attempt that the file system does not answer.
#[napi]
pub fn abandon(env: &Env, acquire: f64) -> Result<()> {
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    environment.run(env, || {
        DRIVER.cancel(id);
        // Whatever else the target would be told comes too late.
        environment.queue.push_cancelled(id);
    });
    Ok(())
}

/// The time of the acquire is over: it gives up waiting, as by `cancel`. Returns `true` if it is not
/// known yet whether it gets the lock at once: then the target is told, and no attempt waits for the
/// pool any more.
#[napi]
pub fn expire(env: &Env, acquire: f64) -> Result<bool> {
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    Ok(environment.run(env, || DRIVER.expire(id)) == Expired::Tried)
}

/// Ends the acquisition, if it has not ended yet.
pub fn release(env: &Env, acquire: f64) -> Result<()> {
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    watches::remove(&environment, id);
    records::remove(id);
    environment.run(env, || DRIVER.release_only(id));
    Ok(())
}

/// Makes the exclusive lock of the acquisition a shared one. Returns an outcome: granted, or the error.
#[napi]
pub fn downgrade(env: &Env, acquire: f64) -> Result<u32> {
    let environment = Environment::current(env)?;
    let id = environment.acquire_id(acquire);
    let downgraded = environment.run(env, || DRIVER.downgrade(id));
    Ok(encode(downgraded.map_or_else(Outcome::Failed, |_| Outcome::Granted)))
}

/// What came of a release by a lock object.
#[napi]
pub enum ReleaseResult {
    Ended,
    NotHeld,
    /// Several acquisitions share the lock, and none is the object's own.
    OthersHold,
}

/// Ends an acquisition of this lock: one that was made by this object, or else the one of this
/// process. Returns a [`ReleaseResult`].
pub fn release_lock(env: &Env, handle: f64) -> Result<u32> {
    let lock = handles::find(handle)?;
    let result = Environment::current(env)?.run(env, || {
        loop {
            match DRIVER.to_release(&lock.path, lock.id) {
                Err(NotReleased::NotHeld) => break ReleaseResult::NotHeld,
                Err(NotReleased::OthersHold) => break ReleaseResult::OthersHold,
                Ok(id) => {
                    records::remove(id);
                    // Another thread can have released it meanwhile.
                    if DRIVER.release_only(id) {
                        watches::report_lost();
                        break ReleaseResult::Ended;
                    }
                }
            }
        }
    });
    Ok(result as u32)
}

/// How this process holds a lock.
#[napi]
pub enum HeldMode {
    None,
    Exclusive,
    Shared,
}

/// Returns how this process holds the lock.
#[napi]
pub fn held_mode(handle: f64) -> Result<u32> {
    let held = match DRIVER.held(&handles::find(handle)?.path) {
        None => HeldMode::None,
        Some((Mode::Exclusive, _)) => HeldMode::Exclusive,
        Some((Mode::Shared, _)) => HeldMode::Shared,
    };
    Ok(held as u32)
}

/// Returns `true` if the acquisition holds the lock.
#[napi]
pub fn is_held(env: &Env, acquire: f64) -> Result<bool> {
    Ok(DRIVER.holds(Environment::current(env)?.acquire_id(acquire)))
}

/// Tries once, or waits so many seconds, on this thread. Returns the outcome. `on_wait` is called
/// when the lock is found taken. `probe_termination`, which does nothing, is called now and then: if
/// it cannot return, the worker is being terminated, and the wait ends. `record` is written once the
/// lock is held.
#[allow(clippy::too_many_arguments, reason = "one call is faster than an object of options")]
pub fn acquire_sync(
    env: &Env,
    handle: f64,
    acquire: f64,
    options: u32,
    seconds: f64,
    on_wait: Option<Function<'_, u32, ()>>,
    probe_termination: Option<Function<'_, u32, ()>>,
    record: Option<String>,
) -> Result<u32> {
    let lock = handles::find(handle)?;
    let id = Environment::current(env)?.acquire_id(acquire);
    let mut deadline = if options & SINGLE_ATTEMPT != 0 { None } else { deadline(seconds) };
    let parker = Parker::new();
    let requested = DRIVER.request(Waiter {
        id,
        path: lock.path.clone(),
        lock: lock.id,
        mode: mode(options),
        limit: match deadline {
            _ if options & SINGLE_ATTEMPT != 0 => WaitLimit::None,
            Some(_) => WaitLimit::Bounded,
            None => WaitLimit::Unlimited,
        },
        is_sync: true,
        wants_notice: on_wait.is_some(),
        reply: JsReply::Thread(Arc::clone(&parker)),
    });
    if let Some(attempt) = requested.attempt {
        attempt.run();
    }
    let pause = if probe_termination.is_some() { TERMINATION_POLL } else { PATH_CHECK };
    let mut checked = None;
    loop {
        let next = Instant::now() + pause;
        match parker.wait(Some(deadline.map_or(next, |deadline| deadline.min(next)))) {
            Parked::Outcome(outcome) => {
                if let (Outcome::Granted, Some(record)) = (outcome, &record) {
                    records::write(&lock.path, id, record);
                }
                return Ok(encode(outcome));
            }
            Parked::Offer(offer) => DRIVER.accept(offer),
            Parked::Notice(blocker) => {
                if let Some(on_wait) = &on_wait {
                    call_function(env, on_wait, encode_waiting(blocker))
                        .inspect_err(|_| withdraw(id))?;
                }
            }
            Parked::TimedOut if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                if DRIVER.cancel(id) {
                    return Ok(Kind::Cancelled.into());
                }
                // It has its outcome by now, or gets it any moment.
                deadline = None;
            }
            Parked::TimedOut => {
                if let Some(probe_termination) = &probe_termination {
                    call_function(env, probe_termination, 0).inspect_err(|_| withdraw(id))?;
                }
                let checked = checked.get_or_insert_with(Instant::now);
                if checked.elapsed() >= PATH_CHECK {
                    *checked = Instant::now();
                    DRIVER.check_path(&lock.path);
                }
            }
        }
    }
}

/// Checks, on the thread pool, that the paths with waiters still name the files that are waited for.
/// Resolves to `true` if there are any.
#[napi]
pub fn check_waiting_paths() -> AsyncTask<Work> {
    Work::promise(|| DRIVER.check_waiting_paths())
}

/// Cancels an acquire, or releases it, if its caller will not hear of it.
fn withdraw(id: AcquireId) {
    if !DRIVER.cancel(id) {
        DRIVER.release_only(id);
    }
}

fn mode(options: u32) -> Mode {
    if options & SHARED != 0 { Mode::Shared } else { Mode::Exclusive }
}

fn limit(options: u32) -> WaitLimit {
    if options & SINGLE_ATTEMPT != 0 { WaitLimit::None } else { WaitLimit::Unlimited }
}

/// Seconds, which JavaScript has checked: not NaN, not negative. A deadline that the clock cannot
/// represent is none.
fn deadline(seconds: f64) -> Option<Instant> {
    let timeout = Duration::try_from_secs_f64(seconds).ok()?;
    Instant::now().checked_add(timeout)
}

/// Tells what an attempt on the thread pool has found.
fn deliver_found(env: &Env) -> Result<Value> {
    Environment::current(env)?.deliver(env, Source::EventLoop);
    Value::new(env, ())
}

//! The lock of one path, as JavaScript holds it.

use std::ffi::OsString;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{AsyncTask, Either, Function, PromiseRaw, Uint8Array};
use napi::{Env, Error, Result, Status, Task};
use napi_derive::napi;

use super::DRIVER;
use super::environment::Environment;
use super::handles::{self, Handle, Lock};
use super::mailbox::{Mailbox, Seat, encode, encode_holder};
use crate::lock::{self, LockPath, Outcome, Parker, Patience, Waiter, WaiterId};
use crate::os::{self, System};

/// How often a thread that waits in a worker looks whether the worker is being terminated: nothing
/// wakes it for that. `terminate()` and `process.exit()` wait for it so long, and it costs well
/// under a thousandth of a core.
const LOOK_UP: Duration = Duration::from_millis(20);

/// A process as the operating system shows it.
#[napi(object)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its command line, where that can be read.
    pub command: Option<String>,
}

impl From<os::Process> for Process {
    fn from(os::Process { pid, command }: os::Process) -> Self {
        Self { pid, command }
    }
}

/// The lock of a path, and its handle for as long as this lives.
#[napi]
pub struct NativeLock {
    lock: Rc<Lock>,
    handle: Handle,
}

/// Asks for the lock under `number`. What can be told is in the answer: at once, or once work
/// on the pool is done; the rest comes by `wake`.
#[napi]
pub fn acquire(
    env: &Env,
    handle: f64,
    number: f64,
    seconds: f64,
    wants_notice: bool,
) -> Result<Either<PromiseRaw<'_, f64>, f64>> {
    let lock = find(handle)?;
    let waiter = Waiter {
        id: lock.waiter_id(number),
        path: lock.path.clone(),
        patience: patience(seconds),
        blocks_owner: false,
        wants_notice,
        seat: Seat::Mail { mailbox: Arc::clone(&lock.mailbox), number },
    };
    if let Some(attempt) = lock.mailbox.attend(|| DRIVER.request(waiter)) {
        let mailbox = Arc::clone(&lock.mailbox);
        let work = AttemptOnPool { attempt: Some(attempt), mailbox };
        // An environment that is ending takes no work: then it was done when it was dropped.
        if let Ok(work) = env.spawn(work) {
            return Ok(Either::A(work.promise_object()));
        }
    }
    Ok(Either::B(lock.mailbox.answer()))
}

/// Ends the acquisition `number`, and answers as `acquire` does.
#[napi]
pub fn release_only(handle: f64, number: f64) -> Result<f64> {
    let lock = find(handle)?;
    Ok(lock.answer(|| DRIVER.release_only(&lock.path, lock.waiter_id(number))))
}

fn find(handle: f64) -> Result<Rc<Lock>> {
    handles::find(handle).ok_or_else(|| Error::new(Status::InvalidArg, "no such lock"))
}

#[napi]
impl NativeLock {
    /// The path is absolute; bytes where it need not be text.
    #[napi(constructor)]
    pub fn new(environment: &Environment, path: Either<String, Uint8Array>) -> Self {
        let path = match path {
            Either::A(text) => OsString::from(text),
            Either::B(bytes) => from_bytes(&bytes),
        };
        let lock = Rc::new(Lock {
            path: LockPath::new(&path),
            owner: environment.owner,
            mailbox: Arc::clone(&environment.mailbox),
        });
        Self { handle: Handle::new(Rc::clone(&lock)), lock }
    }

    /// By what `acquire` and `release_only` find this.
    #[napi]
    pub fn number(&self) -> f64 {
        self.handle.number()
    }

    /// One attempt, or a wait, on this thread. The answer is the outcome, three numbers.
    /// `on_wait` is called when the first attempt finds the lock taken; 1 for this process.
    /// `look_up`, where given, is called now and then: when it cannot return, the wait is over.
    #[napi]
    pub fn acquire_sync(
        &self,
        number: f64,
        seconds: f64,
        on_wait: Option<Function<'_, f64, ()>>,
        look_up: Option<Function<'_, (), ()>>,
    ) -> Result<Vec<f64>> {
        let id = self.lock.waiter_id(number);
        let parker = Parker::new();
        let patience = patience(seconds);
        let attempt = DRIVER.request(Waiter {
            id,
            path: self.lock.path.clone(),
            patience,
            blocks_owner: true,
            wants_notice: on_wait.is_some(),
            seat: Seat::Thread(Arc::clone(&parker)),
        });
        if let Some(attempt) = attempt {
            attempt.run();
        }
        if let Some(on_wait) = on_wait
            && let Some(holder) = parker.noticed()
            && let Err(thrown) = on_wait.call(encode_holder(holder))
        {
            self.withdraw(id);
            return Err(thrown);
        }
        let deadline = match patience {
            Patience::Until(deadline) => Some(deadline),
            Patience::Once | Patience::Forever => None,
        };
        while let Some(look_up) = &look_up {
            let next = Instant::now() + LOOK_UP;
            if deadline.is_some_and(|deadline| deadline <= next)
                || parker.wait(Some(next)).is_some()
            {
                break;
            }
            if let Err(ended) = look_up.call(()) {
                self.withdraw(id);
                return Err(ended);
            }
        }
        let outcome = parker.wait(deadline).or_else(|| {
            // Either the waiter leaves the queue, or it has been told by now or is just being told.
            if DRIVER.cancel(&self.lock.path, id) {
                Some(Outcome::TimedOut)
            } else {
                parker.wait(None)
            }
        });
        Ok(encode(outcome.unwrap_or(Outcome::TimedOut)).to_vec())
    }

    /// Gives up waiting. False: the outcome is on its way.
    #[napi]
    pub fn cancel(&self, number: f64) -> bool {
        DRIVER.cancel(&self.lock.path, self.lock.waiter_id(number))
    }

    /// Frees the lock, whoever in this process has it, and answers as `acquire` does.
    #[napi]
    pub fn release(&self) -> f64 {
        self.lock.answer(|| DRIVER.release(&self.lock.path))
    }

    /// Does this process hold the lock?
    #[napi(getter)]
    pub fn locked(&self) -> bool {
        DRIVER.is_held(&self.lock.path)
    }

    /// Is the acquisition `number` the one that holds the lock?
    #[napi]
    pub fn holds(&self, number: f64) -> bool {
        DRIVER.holds(&self.lock.path, self.lock.waiter_id(number))
    }

    /// The process that holds the lock, where that can be known. Another process is looked for
    /// on this thread, which can take milliseconds.
    #[napi]
    pub fn holder(&self) -> Option<Process> {
        DRIVER.holder(&self.lock.path).map(Process::from)
    }

    /// The same on the pool.
    #[napi]
    pub fn look_up_holder(&self) -> AsyncTask<HolderOnPool> {
        AsyncTask::new(HolderOnPool { path: self.lock.path.clone() })
    }

    /// Leaves no trace of an acquire whose caller will not hear of it.
    fn withdraw(&self, id: WaiterId) {
        if !DRIVER.cancel(&self.lock.path, id) {
            DRIVER.release_only(&self.lock.path, id);
        }
    }
}

/// The attempt of one acquire on the libuv pool.
struct AttemptOnPool {
    attempt: Option<lock::Attempt<Seat, System>>,
    mailbox: Arc<Mailbox>,
}

impl Task for AttemptOnPool {
    type Output = ();
    type JsValue = f64;

    fn compute(&mut self) -> Result<()> {
        if let Some(attempt) = self.attempt.take() {
            self.mailbox.attend(|| attempt.run());
        }
        Ok(())
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> Result<f64> {
        Ok(self.mailbox.answer())
    }
}

/// A look for the holder on the libuv pool.
pub struct HolderOnPool {
    path: LockPath,
}

impl Task for HolderOnPool {
    type Output = Option<os::Process>;
    type JsValue = Option<Process>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(DRIVER.holder(&self.path))
    }

    fn resolve(&mut self, _env: Env, holder: Self::Output) -> Result<Self::JsValue> {
        Ok(holder.map(Process::from))
    }
}

/// Seconds as the face has checked them: not NaN, not negative.
fn patience(seconds: f64) -> Patience {
    if seconds == 0.0 {
        return Patience::Once;
    }
    // What no clock can reach is for ever.
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|timeout| Instant::now().checked_add(timeout))
        .map_or(Patience::Forever, Patience::Until)
}

#[cfg(unix)]
fn from_bytes(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).to_owned()
}

#[cfg(windows)]
fn from_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

//! Acquires the locks that the command is to run under, one after the other.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::RawFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::os::descriptor::{self, Kind, Operation};
use crate::os::{File, FileId, Identified, Mode, Os, System, Waited};
use crate::path::LockPath;

/// How long a wait whose time has run out may take to end. It takes microseconds, or until a busy
/// processor gets to its thread.
const INTERRUPT_GRACE: Duration = Duration::from_secs(1);

/// What is to be locked.
#[derive(Clone, Debug)]
pub enum Target {
    /// The file at a path, or the folder.
    Path(LockPath),
    /// An open file that this process has inherited.
    Descriptor(RawFd),
}

/// How it is to be locked.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Which lock of the file.
    pub kind: Kind,
    /// In which mode, or whether to let go.
    pub operation: Operation,
    /// The monotonic clock at which waiting ends. A time that is over is one attempt.
    pub deadline: Option<Instant>,
}

/// Where an acquire has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Everything is locked.
    Granted,
    /// A lock is taken and the time is over.
    TimedOut,
    /// The operating system refuses.
    Failed(Error),
    /// The lock is still waited for.
    Waiting,
}

/// Locks of several targets, all of them or none.
///
/// They are taken in the order of the files, whatever the order of the paths, so that two that want
/// the same ones do not wait for each other.
pub struct Acquire {
    request: Request,
    targets: VecDeque<(usize, Target)>,
    held: Vec<(FileId, File)>,
    wait: Option<Wait>,
}

/// A wait on a separate thread.
struct Wait {
    interrupt: Arc<<System as Os>::Interrupt>,
    end: Arc<End>,
}

/// Where its thread leaves how it ended.
#[derive(Default)]
struct End {
    result: Mutex<Option<Result<Option<File>, Error>>>,
    changed: Condvar,
}

impl Acquire {
    /// Opens the files, creating them where they are missing, to know their order. The error is that
    /// of the target with the number.
    pub fn new(targets: Vec<Target>, request: Request) -> Result<Self, (usize, Error)> {
        let mut targets: Vec<_> = targets.into_iter().enumerate().collect();
        if targets.len() > 1 {
            let with_id = |(number, target): (usize, Target)| match open(&target) {
                Ok(file) => Ok((file.id(), number, target)),
                Err(error) => Err((number, error)),
            };
            let mut opened = targets.into_iter().map(with_id).collect::<Result<Vec<_>, _>>()?;
            targets = Vec::with_capacity(opened.len());
            while let Some(first) = (0..opened.len()).min_by_key(|place| opened[*place].0) {
                let (_, number, target) = opened.swap_remove(first);
                targets.push((number, target));
            }
        }
        Ok(Self { request, targets: targets.into(), held: Vec::new(), wait: None })
    }

    /// The number of the target that is acquired now.
    pub fn current(&self) -> usize {
        self.targets.front().map_or(0, |(number, _)| *number)
    }

    /// Goes on until everything is locked, or until `pause`.
    pub fn advance(&mut self, pause: Option<Instant>) -> Step {
        while let Some((_, target)) = self.targets.front() {
            let target = target.clone();
            let result = match self.wait.take() {
                Some(wait) => self.end_wait(wait, pause),
                None => self.attempt(&target),
            };
            match result {
                Ok(Some(file)) => match is_current(&target, &file) {
                    Ok(true) => {
                        self.held.push((file.id(), file));
                        self.targets.pop_front();
                    }
                    // Replaced while it was waited for: once more, on the new one.
                    Ok(false) => {}
                    Err(error) => return Step::Failed(error),
                },
                Ok(None) if self.is_over() => return Step::TimedOut,
                Ok(None) if self.wait.is_some() && is_past(pause) => return Step::Waiting,
                Ok(None) => {}
                Err(error) => return Step::Failed(error),
            }
        }
        Step::Granted
    }

    /// Lets a command that this process becomes hold the locks.
    pub fn keep_on_exec(&self) -> io::Result<()> {
        self.held.iter().try_for_each(|(_, file)| file.keep_on_exec())
    }

    fn is_over(&self) -> bool {
        self.wait.is_none() && is_past(self.request.deadline)
    }

    /// The locked file; none if the lock is taken, and then it is waited for unless the time is over.
    fn attempt(&mut self, target: &Target) -> Result<Option<File>, Error> {
        let Request { kind, operation, deadline } = self.request;
        let lock = Lock::new(target, kind, operation);
        let file = match lock.open(target) {
            Ok(file) => Some(file),
            Err(error) if error.is_lease() && !is_past(deadline) => None,
            Err(error) => return Err(error),
        };
        // The same file by another path is locked already.
        let is_held = |file: &File| self.held.iter().any(|(id, _)| *id == file.id());
        let file = match file {
            Some(file) if is_held(&file) || lock.try_lock(&file)? => return Ok(Some(file)),
            other => other,
        };
        if !is_past(deadline) {
            self.wait = Some(Wait::start(target.clone(), file, lock)?);
        }
        Ok(None)
    }

    /// Waits until the lock is granted, the time is over, or `pause`.
    fn end_wait(&mut self, wait: Wait, pause: Option<Instant>) -> Result<Option<File>, Error> {
        let deadline = self.request.deadline;
        let until = match (deadline, pause) {
            (Some(deadline), Some(pause)) => Some(deadline.min(pause)),
            (one, other) => one.or(other),
        };
        if let Some(end) = wait.receive(until) {
            return end;
        }
        if !is_past(deadline) {
            self.wait = Some(wait);
            return Ok(None);
        }
        // The lock of an inherited descriptor outlives this process: it is not left to chance
        // whether it was granted.
        System.interrupt(&wait.interrupt);
        wait.receive(Some(Instant::now() + INTERRUPT_GRACE)).unwrap_or(Ok(None))
    }
}

impl Wait {
    /// Without a file, one that another program has a lease on is opened first.
    fn start(target: Target, file: Option<File>, lock: Lock) -> Result<Self, Error> {
        let interrupt = Arc::new(System.new_interrupt());
        let end = Arc::new(End::default());
        let (of_thread, end_of_thread) = (Arc::clone(&interrupt), Arc::clone(&end));
        System.spawn(Box::new(move || {
            let result = lock.wait(&target, file, &of_thread);
            let granted = matches!(result, Ok(Some(_)));
            *end_of_thread.result.lock() = Some(result);
            end_of_thread.changed.notify_one();
            granted
        }))?;
        Ok(Self { interrupt, end })
    }

    /// How it ended; none if it has not.
    fn receive(&self, until: Option<Instant>) -> Option<Result<Option<File>, Error>> {
        let mut result = self.end.result.lock();
        while result.is_none() {
            match until {
                None => self.end.changed.wait(&mut result),
                Some(until) => {
                    if self.end.changed.wait_until(&mut result, until).timed_out() {
                        break;
                    }
                }
            }
        }
        result.take()
    }
}

/// Which of the operating system's locks.
#[derive(Clone, Copy, Debug)]
enum Lock {
    /// That of the contract, with its gate.
    Contract(Mode),
    Other(Kind, Operation),
}

impl Lock {
    fn new(target: &Target, kind: Kind, operation: Operation) -> Self {
        match (target, kind, operation) {
            (Target::Path(_), Kind::Whole, Operation::Exclusive) => Self::Contract(Mode::Exclusive),
            (Target::Path(_), Kind::Whole, Operation::Shared) => Self::Contract(Mode::Shared),
            _ => Self::Other(kind, operation),
        }
    }

    fn open(self, target: &Target) -> Result<File, Error> {
        self.prepare(target, open(target)?)
    }

    fn prepare(self, target: &Target, file: File) -> Result<File, Error> {
        match (self, target) {
            (Self::Other(Kind::Range { .. }, Operation::Exclusive), Target::Path(_)) => {
                file.open_for_writing()
            }
            _ => Ok(file),
        }
    }

    fn try_lock(self, file: &File) -> Result<bool, Error> {
        match self {
            Self::Contract(mode) => System.try_lock(file, mode),
            Self::Other(kind, operation) => descriptor::try_lock(file, kind, operation),
        }
    }

    /// On a thread for waits. Returns `None` if it was interrupted.
    fn wait(
        self,
        target: &Target,
        file: Option<File>,
        interrupt: &<System as Os>::Interrupt,
    ) -> Result<Option<File>, Error> {
        let opened = match (file, target) {
            (None, Target::Path(path)) => {
                let opened = System.open_past_lease(path, interrupt)?;
                opened.map(|file| self.prepare(target, file)).transpose()?
            }
            (file, _) => file,
        };
        let Some(file) = opened else { return Ok(None) };
        let waited = match self {
            Self::Contract(mode) => System.lock(&file, mode, interrupt),
            Self::Other(kind, operation) => descriptor::lock(&file, kind, operation, interrupt),
        };
        Ok((waited? == Waited::Granted).then_some(file))
    }
}

fn open(target: &Target) -> Result<File, Error> {
    match target {
        Target::Descriptor(number) => File::of_descriptor(*number),
        Target::Path(path) => match System.open(path) {
            Err(error) if error.errno == -libc::EISDIR => System.open(&path.clone().of_folder()),
            opened => opened,
        },
    }
}

/// Returns `true` if the path still names the file.
fn is_current(target: &Target, file: &File) -> Result<bool, Error> {
    match target {
        Target::Descriptor(_) => Ok(true),
        Target::Path(path) => match System.identify(path) {
            Ok(id) => Ok(id == file.id()),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        },
    }
}

fn is_past(moment: Option<Instant>) -> bool {
    moment.is_some_and(|moment| moment <= Instant::now())
}

/// A path as the command line has it.
pub fn path(given: &OsString) -> io::Result<LockPath> {
    LockPath::absolute(Path::new(given))
}

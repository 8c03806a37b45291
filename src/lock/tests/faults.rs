//! Each system call fails in turn: an acquire ends with that error or goes on, nothing is left
//! behind, and the next one works.

use std::sync::Arc;

use super::fake_os::FakeOs;
use super::faulty::Faulty;
use super::reply::{Acquire, TestReply};
use super::temp::Folder;
use crate::error::{Error, Syscall};
use crate::lock::driver::Driver;
use crate::lock::waiter::{Expired, Outcome, OwnerId, WaitLimit};
use crate::os::{Mode, Os, System};
use crate::path::LockPath;

/// EINTR, EIO, EAGAIN, EMFILE, ENOSPC and ENOLCK as Linux numbers them, negated as in libuv.
const ERRNOS: [i32; 6] = [-4, -5, -11, -24, -28, -37];

const EIO: i32 = -5;

/// More often than chance needs.
const MANY: usize = 100;
const ESTALE: i32 = Error::UNSTABLE.errno;

type Faults<O> = Arc<Driver<TestReply, Faulty<O>>>;

/// Another process has the lock, and two acquires wait for it: every system call of a driver is
/// in this. Returns how the acquires ended.
fn two_acquires<O: Os>(driver: &Faults<O>, path: &LockPath) -> [Outcome; 2] {
    let os = driver.os().sound();
    let foreign = os.open(path).expect("the layer of faults is passed by");
    assert_eq!(os.try_lock(&foreign, Mode::Exclusive), Ok(true));
    let first = Acquire::start(driver, (0, 1), path);
    drop(foreign);
    let first_end = first.outcome();
    let second = Acquire::start(driver, (0, 2), path);
    assert_eq!(first.release(), first_end == Outcome::Granted);
    let second_end = second.outcome();
    assert_eq!(second.release(), second_end == Outcome::Granted);
    [first_end, second_end]
}

/// Lets one call after another fail, until the acquires get by with fewer calls. Returns which
/// calls failed an acquire, and how many calls there are.
fn fail_each_call<O: Os>(
    driver: &Faults<O>,
    path: &LockPath,
    errno: i32,
    assert_closed: impl Fn(&O),
) -> (Vec<Syscall>, usize) {
    let mut failed = Vec::new();
    for call in 0.. {
        driver.os().fail_after(call, errno);
        let outcomes = two_acquires(driver, path);
        let through = driver.os().disarm();
        let errors: Vec<_> = outcomes.into_iter().filter(|end| *end != Outcome::Granted).collect();
        match errors[..] {
            [] => {}
            [Outcome::Failed(Error { syscall, errno: told })] => {
                assert_eq!(told, errno, "the acquire fails with the error that happened");
                failed.push(syscall);
            }
            _ => panic!("one fault, and {errors:?}"),
        }
        driver.os().await_threads();
        assert!(driver.is_idle(), "nothing is left behind");
        assert_closed(driver.os().sound());
        assert_eq!(two_acquires(driver, path), [Outcome::Granted; 2], "the next ones work");
        driver.os().await_threads();
        assert_closed(driver.os().sound());
        if through {
            return (failed, call);
        }
    }
    unreachable!("the calls are not without end")
}

#[test]
fn any_failed_call_fails_one_acquire_or_none() {
    for errno in ERRNOS {
        let (driver, path) = free();
        // A lease is waited out, and what a server has forgotten is opened anew.
        let (fails, passes): (Vec<_>, Vec<_>) =
            [Syscall::Open, Syscall::Lock, Syscall::Stat, Syscall::Thread].into_iter().partition(
                |syscall| {
                    let error = Error { syscall: *syscall, errno };
                    !error.is_lease() && !error.is_stale()
                },
            );
        // Which call is the next one depends on the order of the threads.
        let mut failed = Vec::new();
        for _ in 0..MANY {
            let (found, calls) = fail_each_call(&driver, &path, errno, FakeOs::assert_closed);
            assert!(calls >= 6, "only {calls} calls were made to fail");
            failed.extend(found);
            if fails.iter().all(|syscall| failed.contains(syscall)) {
                break;
            }
        }
        for syscall in fails {
            assert!(failed.contains(&syscall), "no {syscall:?} failed an acquire");
        }
        for syscall in passes {
            assert!(!failed.contains(&syscall), "{syscall:?} failed an acquire");
        }
    }
}

#[test]
fn any_failed_call_leaves_no_real_file_open() {
    let folder = Folder::new();
    for errno in ERRNOS {
        let driver = Driver::new(Faulty::new(System));
        let assert_closed = |_: &System| assert_no_descriptor(&folder);
        let (failed, _) = fail_each_call(&driver, &folder.lock("a"), errno, assert_closed);
        let expected = !Error { syscall: Syscall::Open, errno }.is_lease();
        assert_eq!(failed.contains(&Syscall::Open), expected, "opening failed an acquire");
    }
}

#[cfg(target_os = "linux")]
fn assert_no_descriptor(folder: &Folder) {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("/proc is there");
    let open: Vec<_> = descriptors
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|file| file.starts_with(folder.path()))
        .collect();
    assert!(open.is_empty(), "left open: {open:?}");
}

#[cfg(not(target_os = "linux"))]
fn assert_no_descriptor(_folder: &Folder) {}

/// A lock that no process has.
fn free() -> (Faults<FakeOs>, LockPath) {
    (Driver::new(Faulty::new(FakeOs::new(true))), LockPath::new("/a".as_ref()))
}

/// A lock that another process has, and a wait for it.
fn waiting(
    interrupts: bool,
) -> (Faults<FakeOs>, LockPath, super::fake_os::File, Acquire<Faulty<FakeOs>>) {
    let driver = Driver::new(Faulty::new(FakeOs::new(interrupts)));
    let path = LockPath::new("/a".as_ref());
    let foreign = driver.os().sound().foreign_lock(&path);
    let acquire = Acquire::start(&driver, (0, 1), &path);
    driver.os().sound().await_waiting(1);
    (driver, path, foreign, acquire)
}

fn assert_nothing_left(driver: &Faults<FakeOs>) {
    driver.os().await_threads();
    assert!(driver.is_idle(), "nothing is left behind");
    driver.os().sound().assert_closed();
}

#[test]
fn an_unwanted_wait_ends_at_once() {
    let (driver, _path, foreign, acquire) = waiting(true);
    assert!(acquire.cancel());
    driver.os().await_threads();
    assert!(driver.is_idle(), "before the other process lets go");
    drop(foreign);
    assert_nothing_left(&driver);
}

#[test]
fn without_a_thread_the_acquire_fails_and_the_next_one_works() {
    let (driver, path) = free();
    let foreign = driver.os().sound().foreign_lock(&path);
    // After open and try_lock.
    driver.os().fail_after(2, -11);
    let acquire = Acquire::start(&driver, (0, 1), &path);
    let error = Error { syscall: Syscall::Thread, errno: -11 };
    assert_eq!(acquire.outcome(), Outcome::Failed(error));
    assert!(driver.is_idle(), "nothing is left behind");
    let next = Acquire::start(&driver, (0, 2), &path);
    drop(foreign);
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

#[test]
fn without_a_thread_the_attempt_of_an_acquire_whose_time_is_over_is_made_all_the_same() {
    let (driver, path) = free();
    let (acquire, pooled) = Acquire::request(&driver, (0, 1), &path, WaitLimit::Unlimited);
    driver.os().fail_after(0, -11);
    assert_eq!(acquire.expire(), Expired::Tried);
    assert_eq!(acquire.reply.outcome(), Some(Outcome::Granted));
    drop(pooled);
    assert!(acquire.release());
    assert_nothing_left(&driver);
}

#[test]
fn an_attempt_whose_path_cannot_be_looked_at_fails() {
    let (driver, path) = free();
    // After open and try_lock.
    driver.os().fail_after(2, EIO);
    let acquire = Acquire::start(&driver, (0, 1), &path);
    let error = Error { syscall: Syscall::Stat, errno: EIO };
    assert_eq!(acquire.outcome(), Outcome::Failed(error));
    assert_nothing_left(&driver);
}

#[test]
fn an_attempt_goes_on_where_a_server_has_forgotten_the_file_and_with_no_other_error() {
    let calls = [Syscall::Open, Syscall::Lock];
    for (before, syscall) in calls.into_iter().enumerate() {
        for errno in [ESTALE, EIO] {
            let (driver, path) = free();
            driver.os().fail_after(before, errno);
            let acquire = Acquire::start(&driver, (0, 1), &path);
            assert_eq!(acquire.outcome(), expected(syscall, errno));
            acquire.release();
            assert_nothing_left(&driver);
        }
    }
}

/// The file of a lock is replaced while it is waited for: the calls of the wait for the new one.
#[test]
fn a_wait_goes_on_where_a_server_has_forgotten_the_file_and_with_no_other_error() {
    let calls = [Syscall::Open, Syscall::Stat, Syscall::Lock];
    for (before, syscall) in calls.into_iter().enumerate() {
        for errno in [ESTALE, EIO] {
            let (driver, path, foreign, acquire) = waiting(true);
            driver.os().sound().replace(&path);
            drop(foreign);
            driver.os().await_threads();
            // After the check of the old file and the start of the thread.
            driver.os().fail_after(2 + before, errno);
            assert_eq!(acquire.outcome(), expected(syscall, errno));
            acquire.release();
            assert_nothing_left(&driver);
        }
    }
}

fn expected(syscall: Syscall, errno: i32) -> Outcome {
    let error = Error { syscall, errno };
    if error.is_stale() { Outcome::Granted } else { Outcome::Failed(error) }
}

#[test]
fn a_lock_that_the_system_does_not_downgrade_stays_exclusive() {
    let (driver, path) = free();
    let acquire = Acquire::start(&driver, (0, 1), &path);
    driver.os().fail_after(0, EIO);
    let error = Error { syscall: Syscall::Lock, errno: EIO };
    assert_eq!(driver.downgrade(acquire.id), Err(error));
    assert_eq!(driver.held(&path), Some((Mode::Exclusive, 1)));
    assert!(acquire.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_reader_whose_path_cannot_be_looked_at_fails_alone() {
    let (driver, path) = free();
    let first = Acquire::start_shared(&driver, (0, 1), &path);
    driver.os().fail_after(0, EIO);
    let second = Acquire::start_shared(&driver, (0, 2), &path);
    let error = Error { syscall: Syscall::Stat, errno: EIO };
    assert_eq!(second.outcome(), Outcome::Failed(error));
    assert!(first.release());
    assert_nothing_left(&driver);
}

#[test]
fn the_waiters_of_a_path_that_cannot_be_looked_at_stay_where_they_are() {
    let (driver, path, foreign, acquire) = waiting(true);
    driver.os().fail_after(0, EIO);
    driver.check_path(&path);
    assert!(!driver.os().disarm(), "it has failed");
    assert_eq!(driver.os().sound().refused(), 1, "the lock is not tried anew");
    drop(foreign);
    assert_eq!(acquire.outcome(), Outcome::Granted);
    assert!(acquire.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_wait_that_cannot_be_ended_holds_up_no_acquire_and_is_taken_over() {
    let (driver, path, foreign, acquire) = waiting(false);
    assert!(acquire.cancel(), "the acquire ends all the same");
    let once = Acquire::start_with(&driver, (0, 2), &path, WaitLimit::None);
    assert_eq!(once.outcome(), Outcome::Busy);
    let next = Acquire::start(&driver, (0, 3), &path);
    driver.os().sound().await_waiting(1);
    drop(foreign);
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_wait_that_cannot_be_ended_lets_go_of_what_it_is_granted() {
    let (driver, _path, foreign, acquire) = waiting(false);
    driver.owner_ended(OwnerId(0));
    assert!(!acquire.cancel(), "it waits no more");
    drop(foreign);
    assert_nothing_left(&driver);
    assert_eq!(acquire.reply.outcome(), None, "an ended environment is told nothing");
}

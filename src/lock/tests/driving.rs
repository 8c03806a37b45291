//! What the driver answers, over an operating system in memory.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::chair::{Acquire, Chair};
use super::fake_os::{FakeOs, Fate, File};
use crate::lock::driver::Driver;
use crate::lock::waiter::{LockPath, Outcome, OwnerId, Patience, WaiterId};
use crate::os::Process;

/// Two spellings of one file.
fn linked() -> (Arc<Driver<Chair, FakeOs>>, LockPath, LockPath) {
    let driver = Driver::new(FakeOs::new(true));
    let (one, other) = (LockPath::new("/a".as_ref()), LockPath::new("/b".as_ref()));
    driver.os().link(&one, &other);
    (driver, one, other)
}

/// The first acquire of another process's lock, and that lock.
fn wait_behind_another(
    driver: &Arc<Driver<Chair, FakeOs>>,
    path: &LockPath,
) -> (Acquire<FakeOs>, File) {
    let foreign = driver.os().foreign_lock(path);
    let acquire = Acquire::start(driver, (0, 1), path);
    driver.os().await_waiting(1);
    (acquire, foreign)
}

/// Once the threads have ended: nobody, and no file.
fn assert_nothing_left(driver: &Driver<Chair, FakeOs>) {
    driver.os().await_threads();
    assert!(driver.is_idle());
    driver.os().assert_closed();
}

#[test]
fn a_request_does_no_file_work_itself() {
    let (driver, one, _) = linked();
    let (acquire, attempt) = Acquire::request(&driver, (0, 1), &one, Patience::Forever);
    driver.os().assert_closed();
    assert_eq!(acquire.chair.outcome(), None);
    attempt.expect("it is the caller's to run").run();
    assert_eq!(acquire.chair.outcome(), Some(Outcome::Granted));
}

#[test]
fn a_lock_is_held_under_every_spelling() {
    let (driver, one, other) = linked();
    let elsewhere = LockPath::new("/c".as_ref());
    let held = |path: &LockPath| driver.is_held(path);
    assert!(!held(&one) && !held(&other));
    let acquire = Acquire::start(&driver, (0, 1), &one);
    assert!(held(&one) && held(&other));
    assert!(!held(&elsewhere), "a path at which there is nothing");
    assert!(acquire.release());
    assert!(!held(&one) && !held(&other));
}

#[test]
fn a_lock_is_released_under_every_spelling() {
    let (driver, one, other) = linked();
    for path in [&one, &other] {
        assert!(!driver.release(path), "nobody holds it");
        let acquire = Acquire::start(&driver, (0, 1), &one);
        assert!(driver.release(path));
        assert!(!acquire.release(), "it has ended");
        assert!(!driver.release(path), "nobody holds it any more");
    }
    assert_nothing_left(&driver);
}

#[test]
fn an_acquisition_knows_whether_it_holds() {
    let (driver, one, other) = linked();
    let acquire = Acquire::start(&driver, (0, 1), &one);
    assert!(driver.holds(&one, acquire.id));
    assert!(!driver.holds(&other, acquire.id), "it came by another path");
    assert!(!driver.holds(&one, WaiterId { owner: OwnerId(0), number: 2 }));
    acquire.release();
    assert!(!driver.holds(&one, acquire.id));
}

#[test]
fn the_holder_is_this_process_or_the_operating_systems_to_tell() {
    let (driver, one, other) = linked();
    assert_eq!(driver.holder(&one), None);
    let acquire = Acquire::start(&driver, (0, 1), &one);
    let this = Process { pid: std::process::id(), command: None };
    assert_eq!(driver.holder(&one), Some(this.clone()));
    assert_eq!(driver.holder(&other), Some(this));
    acquire.release();
    let foreign = driver.os().foreign_lock(&one);
    assert_eq!(driver.holder(&other), Some(FakeOs::FOREIGN));
    drop(foreign);
    assert_eq!(driver.holder(&LockPath::new("/c".as_ref())), None);
}

#[test]
fn a_release_hands_on_to_the_next_and_an_expired_one_is_passed_over() {
    let (driver, one, _) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let past = Instant::now() - Duration::from_secs(1);
    let late = Acquire::start_with(&driver, (0, 2), &one, Patience::Until(past));
    let next = Acquire::start(&driver, (0, 3), &one);
    assert!(first.release());
    assert_eq!(late.outcome(), Outcome::TimedOut);
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_file_replaced_while_it_was_held_goes_to_nobody() {
    let (driver, one, _) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let next = Acquire::start(&driver, (0, 2), &one);
    driver.os().replace(&one);
    let foreign = driver.os().foreign_lock(&one);
    assert!(first.release());
    driver.os().await_waiting(1);
    assert_eq!(next.chair.outcome(), None, "another process has the new file");
    drop(foreign);
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

/// The acquire has the lock of the file that is at the path, and lets go of it.
fn assert_holds_what_is_there(driver: &Arc<Driver<Chair, FakeOs>>, acquire: &Acquire<FakeOs>) {
    assert_eq!(acquire.outcome(), Outcome::Granted);
    assert!(driver.os().is_locked(&acquire.path), "not the lock of a file that is gone");
    assert!(acquire.release());
    assert_nothing_left(driver);
}

#[test]
fn a_file_replaced_or_deleted_before_it_is_tried_is_opened_again() {
    for fate in [Fate::Replaced, Fate::Deleted] {
        let (driver, one, _) = linked();
        driver.os().befall_once_open(fate);
        let acquire = Acquire::start(&driver, (0, 1), &one);
        assert_holds_what_is_there(&driver, &acquire);
    }
}

#[test]
fn a_file_replaced_or_deleted_before_its_wait_is_granted_is_opened_again() {
    for fate in [Fate::Replaced, Fate::Deleted] {
        let (driver, one, _) = linked();
        let (acquire, foreign) = wait_behind_another(&driver, &one);
        driver.os().befall(&one, fate);
        drop(foreign);
        assert_holds_what_is_there(&driver, &acquire);
    }
}

/// One attempt, on a thread of its own.
fn try_on_a_thread(
    driver: &Arc<Driver<Chair, FakeOs>>,
    path: &LockPath,
) -> thread::JoinHandle<Outcome> {
    let (driver, path) = (Arc::clone(driver), path.clone());
    thread::spawn(move || Acquire::start_with(&driver, (0, 9), &path, Patience::Once).outcome())
}

#[test]
fn a_single_attempt_is_not_refused_by_a_wait_of_its_own_process() {
    // Often, because the grant of the wait can come just in time for an attempt that was refused.
    for _ in 0..50 {
        let driver = Driver::new(FakeOs::new(false));
        let path = LockPath::new("/a".as_ref());
        let (acquire, foreign) = wait_behind_another(&driver, &path);
        assert!(acquire.cancel(), "nobody wants the wait any more, and it goes on");
        driver.os().delay_grants(true);
        drop(foreign);
        driver.os().await_locked(&path);
        let attempt = try_on_a_thread(&driver, &path);
        driver.os().await_refused(2);
        driver.os().delay_grants(false);
        assert_eq!(attempt.join().expect("it does not panic"), Outcome::Granted);
        assert!(driver.release(&path));
        assert_nothing_left(&driver);
    }
}

#[test]
fn a_single_attempt_is_refused_at_once_where_no_wait_is_in_the_way() {
    let (driver, one, _) = linked();
    let foreign = driver.os().foreign_lock(&one);
    let attempt = Acquire::start_with(&driver, (0, 1), &one, Patience::Once);
    assert_eq!(attempt.outcome(), Outcome::Busy);
    drop(foreign);
    assert_nothing_left(&driver);
}

#[test]
fn a_single_attempt_is_refused_by_another_process_though_a_wait_cannot_be_ended() {
    let driver = Driver::new(FakeOs::new(false));
    let path = LockPath::new("/a".as_ref());
    let (acquire, foreign) = wait_behind_another(&driver, &path);
    assert!(acquire.cancel());
    let attempt = Acquire::start_with(&driver, (0, 2), &path, Patience::Once);
    assert_eq!(attempt.outcome(), Outcome::Busy);
    drop(foreign);
    assert_nothing_left(&driver);
}

#[test]
fn a_single_attempt_does_not_depend_on_one_that_nobody_wants() {
    let (driver, one, _) = linked();
    let (acquire, abandoned) = Acquire::request(&driver, (0, 1), &one, Patience::Forever);
    assert!(acquire.cancel());
    let attempt = Acquire::start_sync(&driver, (0, 2), &one);
    assert_eq!(attempt.outcome(), Outcome::Granted);
    abandoned.expect("it has yet to run").run();
    assert!(attempt.release());
    assert_nothing_left(&driver);
}

#[test]
fn who_waits_is_alerted_when_its_wait_is_granted() {
    let (driver, one, _) = linked();
    let (first, foreign) = wait_behind_another(&driver, &one);
    let second = Acquire::start(&driver, (0, 2), &one);
    assert!(!first.chair.alerted(), "another process has the lock");
    drop(foreign);
    assert_eq!(first.outcome(), Outcome::Granted);
    assert!(first.chair.alerted());
    assert!(!second.chair.alerted(), "it is not next");
    assert!(second.cancel() && first.release());
    assert_nothing_left(&driver);
}

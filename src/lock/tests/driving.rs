//! What the driver answers, over an operating system in memory.

use std::sync::Arc;
use std::thread;

use super::fake_os::{FakeOs, File, FileChange};
use super::reply::{Acquire, TestReply};
use crate::error::Error;
use crate::lock::driver::Driver;
use crate::lock::waiter::{AcquireId, Expired, LockId, Outcome, OwnerId, WaitLimit};
use crate::os::{Gate, HolderInfo, Os};
use crate::path::LockPath;

/// Two spellings of one file.
pub fn linked() -> (Arc<Driver<TestReply, FakeOs>>, LockPath, LockPath) {
    let driver = Driver::new(FakeOs::new(true));
    let (one, other) = (LockPath::new("/a".as_ref()), LockPath::new("/b".as_ref()));
    driver.os().link(&one, &other);
    (driver, one, other)
}

/// The first acquire of another process's lock, and that lock.
fn wait_behind_another(
    driver: &Arc<Driver<TestReply, FakeOs>>,
    path: &LockPath,
) -> (Acquire<FakeOs>, File) {
    let foreign = driver.os().foreign_lock(path);
    let acquire = Acquire::start(driver, (0, 1), path);
    driver.os().await_waiting(1);
    (acquire, foreign)
}

/// Once the threads have ended, no waiter and no file.
pub fn assert_nothing_left(driver: &Driver<TestReply, FakeOs>) {
    driver.os().await_threads();
    assert!(driver.is_idle());
    driver.os().assert_closed();
}

/// The first of the processes that hold the lock.
fn holder(driver: &Driver<TestReply, FakeOs>, path: &LockPath) -> Option<HolderInfo> {
    driver.holders(std::slice::from_ref(path)).pop()?.into_iter().next()
}

/// A release by a lock object that has acquired nothing itself.
fn release(driver: &Arc<Driver<TestReply, FakeOs>>, path: &LockPath) -> bool {
    let id = driver.to_release(path, LockId(u64::MAX));
    id.is_ok_and(|id| driver.release_only(id))
}

#[test]
fn a_request_does_no_file_work_itself() {
    let (driver, one, _) = linked();
    let (acquire, attempt) = Acquire::request(&driver, (0, 1), &one, WaitLimit::Unlimited);
    driver.os().assert_closed();
    assert_eq!(acquire.reply.outcome(), None);
    attempt.expect("it is the caller's to run").run();
    assert_eq!(acquire.reply.outcome(), Some(Outcome::Granted));
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
        assert!(!release(&driver, path), "it is free");
        let acquire = Acquire::start(&driver, (0, 1), &one);
        assert!(release(&driver, path));
        assert!(!acquire.release(), "it has ended");
        assert!(!release(&driver, path), "it is free again");
    }
    assert_nothing_left(&driver);
}

#[test]
fn an_acquisition_knows_whether_it_holds() {
    let (driver, one, _) = linked();
    let acquire = Acquire::start(&driver, (0, 1), &one);
    assert!(driver.holds(acquire.id));
    assert!(!driver.holds(AcquireId { owner: OwnerId(0), sequence: 2 }));
    acquire.release();
    assert!(!driver.holds(acquire.id));
}

#[test]
fn the_holder_is_this_process_or_the_operating_systems_to_tell() {
    let (driver, one, other) = linked();
    assert_eq!(holder(&driver, &one), None);
    let acquire = Acquire::start(&driver, (0, 1), &one);
    let this = HolderInfo { pid: std::process::id(), ..HolderInfo::default() };
    assert_eq!(holder(&driver, &one), Some(this.clone()));
    assert_eq!(holder(&driver, &other), Some(this));
    acquire.release();
    let foreign = driver.os().foreign_lock(&one);
    assert_eq!(holder(&driver, &other), Some(FakeOs::FOREIGN));
    drop(foreign);
    assert_eq!(holder(&driver, &LockPath::new("/c".as_ref())), None);
}

#[test]
fn a_release_hands_the_lock_to_the_next() {
    let (driver, one, _) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let next = Acquire::start(&driver, (0, 3), &one);
    assert!(first.release());
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_file_replaced_while_it_was_held_is_not_handed_over() {
    let (driver, one, _) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let next = Acquire::start(&driver, (0, 2), &one);
    driver.os().replace(&one);
    let foreign = driver.os().foreign_lock(&one);
    assert!(first.release());
    driver.os().await_waiting(1);
    assert_eq!(next.reply.outcome(), None, "another process has the new file");
    drop(foreign);
    assert_eq!(next.outcome(), Outcome::Granted);
    assert!(next.release());
    assert_nothing_left(&driver);
}

/// The acquire has the lock of the file that is at the path, and lets go of it.
fn assert_holds_what_is_there(driver: &Arc<Driver<TestReply, FakeOs>>, acquire: &Acquire<FakeOs>) {
    assert_eq!(acquire.outcome(), Outcome::Granted);
    assert!(driver.os().is_locked(&acquire.path), "not the lock of a file that is gone");
    assert!(acquire.release());
    assert_nothing_left(driver);
}

#[test]
fn a_file_replaced_or_deleted_before_it_is_tried_is_opened_again() {
    for change_next in [FileChange::Replaced, FileChange::Deleted] {
        let (driver, one, _) = linked();
        driver.os().change_after_open(change_next);
        let acquire = Acquire::start(&driver, (0, 1), &one);
        assert_holds_what_is_there(&driver, &acquire);
    }
}

#[test]
fn a_file_replaced_or_deleted_before_its_wait_is_granted_is_opened_again() {
    for change_next in [FileChange::Replaced, FileChange::Deleted] {
        let (driver, one, _) = linked();
        let (acquire, foreign) = wait_behind_another(&driver, &one);
        driver.os().change_file(&one, change_next);
        drop(foreign);
        assert_holds_what_is_there(&driver, &acquire);
    }
}

#[test]
fn a_path_that_names_another_file_at_every_look_is_an_error() {
    let (driver, one, _) = linked();
    driver.os().make_unstable();
    let acquire = Acquire::start(&driver, (0, 1), &one);
    assert_eq!(acquire.outcome(), Outcome::Failed(Error::UNSTABLE));
    assert_nothing_left(&driver);
}

#[test]
fn a_path_that_names_another_file_at_every_look_is_an_error_after_a_wait() {
    let (driver, one, _) = linked();
    let (acquire, foreign) = wait_behind_another(&driver, &one);
    driver.os().make_unstable();
    driver.os().replace(&one);
    drop(foreign);
    assert_eq!(acquire.outcome(), Outcome::Failed(Error::UNSTABLE));
    assert_nothing_left(&driver);
}

/// One attempt, on a separate thread.
fn try_on_a_thread(
    driver: &Arc<Driver<TestReply, FakeOs>>,
    path: &LockPath,
) -> thread::JoinHandle<Outcome> {
    let (driver, path) = (Arc::clone(driver), path.clone());
    thread::spawn(move || Acquire::start_with(&driver, (0, 9), &path, WaitLimit::None).outcome())
}

#[test]
fn a_single_attempt_is_not_refused_by_a_wait_of_its_own_process() {
    // Often, because the grant of the wait can come just in time for an attempt that was refused.
    for _ in 0..50 {
        let driver = Driver::new(FakeOs::new(false));
        let path = LockPath::new("/a".as_ref());
        let (acquire, foreign) = wait_behind_another(&driver, &path);
        assert!(acquire.cancel(), "the wait is unwanted, and goes on");
        driver.os().delay_grants(true);
        drop(foreign);
        driver.os().await_locked(&path);
        let attempt = try_on_a_thread(&driver, &path);
        driver.os().await_refused(2);
        driver.os().delay_grants(false);
        assert_eq!(attempt.join().expect("it does not panic"), Outcome::Granted);
        assert!(release(&driver, &path));
        assert_nothing_left(&driver);
    }
}

#[test]
fn a_single_attempt_is_refused_at_once_where_no_wait_is_in_the_way() {
    let (driver, one, _) = linked();
    let foreign = driver.os().foreign_lock(&one);
    let attempt = Acquire::start_with(&driver, (0, 1), &one, WaitLimit::None);
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
    let attempt = Acquire::start_with(&driver, (0, 2), &path, WaitLimit::None);
    assert_eq!(attempt.outcome(), Outcome::Busy);
    drop(foreign);
    assert_nothing_left(&driver);
}

#[test]
fn a_single_attempt_does_not_depend_on_an_abandoned_one() {
    let (driver, one, _) = linked();
    let (acquire, abandoned) = Acquire::request(&driver, (0, 1), &one, WaitLimit::Unlimited);
    assert!(acquire.cancel());
    let attempt = Acquire::start_sync(&driver, (0, 2), &one);
    assert_eq!(attempt.outcome(), Outcome::Granted);
    abandoned.expect("it has yet to run").run();
    assert!(attempt.release());
    assert_nothing_left(&driver);
}

#[test]
fn an_acquire_whose_time_is_over_does_not_depend_on_the_pool() {
    let (driver, one, _) = linked();
    let (acquire, pooled) = Acquire::request(&driver, (0, 1), &one, WaitLimit::Unlimited);
    assert_eq!(acquire.expire(), Expired::Tried);
    assert_eq!(acquire.outcome(), Outcome::Granted);
    let (late, other) = Acquire::request(&driver, (0, 2), &one, WaitLimit::Unlimited);
    assert!(other.is_none(), "it waits for the first");
    assert_eq!(late.expire(), Expired::Removed);
    pooled.expect("it has yet to run").run();
    assert!(acquire.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_granted_wait_is_offered_to_the_first_waiter_and_to_no_other() {
    let (driver, one, _) = linked();
    let (first, foreign) = wait_behind_another(&driver, &one);
    let second = Acquire::start(&driver, (0, 2), &one);
    assert_eq!(first.reply.take_offer(), None, "another process has the lock");
    // So that it is not granted before its thread accepts it.
    driver.os().replace(&one);
    drop(foreign);
    driver.os().await_threads();
    assert_eq!(second.reply.take_offer(), None, "it is not next");
    assert!(first.cancel());
    assert_eq!(second.outcome(), Outcome::Granted);
    assert!(second.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_granted_wait_is_confirmed_where_its_thread_has_not_accepted_it_yet() {
    let (driver, one, _) = linked();
    let (first, foreign) = wait_behind_another(&driver, &one);
    drop(foreign);
    driver.os().await_threads();
    let offer = first.reply.take_offer().expect("it was woken by an offer");
    assert_eq!(first.reply.outcome(), Some(Outcome::Granted));
    assert!(!first.cancel(), "it is over");
    driver.accept(offer);
    assert!(first.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_writer_that_was_granted_the_lock_opens_the_gate_and_holds_on() {
    let (driver, one, _) = linked();
    let (first, foreign) = wait_behind_another(&driver, &one);
    let look = || driver.os().gate(&driver.os().open(&one).expect("it is there"));
    assert_eq!(look(), Gate::Closed);
    drop(foreign);
    driver.os().await_threads();
    assert_eq!(look(), Gate::Open);
    assert_eq!(first.outcome(), Outcome::Granted);
    assert!(first.release());
    assert_nothing_left(&driver);
}

#[test]
fn an_acquire_moves_to_the_file_that_its_path_names_now() {
    let (driver, one, other) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let waits = Acquire::start(&driver, (0, 2), &other);
    assert_eq!(waits.reply.outcome(), None);
    driver.os().replace(&other);
    assert!(!driver.is_held(&other), "of a new file");
    assert!(!release(&driver, &other), "it frees no lock of another file");
    assert!(driver.check_waiting_paths(), "there is one");
    assert_eq!(waits.outcome(), Outcome::Granted);
    assert!(!driver.check_waiting_paths(), "it waits no more");
    let once = Acquire::start_sync(&driver, (0, 3), &other);
    assert_eq!(once.outcome(), Outcome::Busy);
    assert!(first.release() && waits.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_single_attempt_is_answered_by_the_file_that_the_path_names_now() {
    let on_its_thread = |driver: &_, path: &_| Acquire::start_sync(driver, (0, 2), path);
    let on_the_pool =
        |driver: &_, path: &_| Acquire::start_with(driver, (0, 2), path, WaitLimit::None);
    let ways: [fn(&_, &_) -> _; 2] = [on_its_thread, on_the_pool];
    let fates = [FileChange::Replaced, FileChange::Deleted];
    for (ask, fate) in ways.into_iter().flat_map(|ask| fates.map(|fate| (ask, fate))) {
        let (driver, one, _) = linked();
        let first = Acquire::start(&driver, (0, 1), &one);
        driver.os().change_file(&one, fate);
        let once = ask(&driver, &one);
        assert_eq!(once.outcome(), Outcome::Granted, "{fate:?}");
        assert!(first.release() && once.release());
        assert_nothing_left(&driver);
    }
}

#[test]
fn a_lock_whose_file_is_gone_is_released_by_its_own_path() {
    let (driver, one, other) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    driver.os().change_file(&one, FileChange::Deleted);
    driver.os().change_file(&other, FileChange::Deleted);
    assert!(!release(&driver, &other), "it was not acquired by this path");
    assert!(release(&driver, &one));
    assert!(!first.release(), "it has ended");
    assert_nothing_left(&driver);
}

#[test]
fn an_attempt_without_a_waiter_creates_no_file() {
    let driver = Driver::new(FakeOs::new(true));
    let path = LockPath::new("/a".as_ref());
    let (acquire, attempt) = Acquire::request(&driver, (0, 1), &path, WaitLimit::Unlimited);
    assert!(acquire.cancel());
    attempt.expect("it has yet to run").run();
    assert!(driver.os().identify(&path).is_err(), "there is none");
    assert_nothing_left(&driver);
}

//! What the driver does for shared locks, over an operating system in memory.

use std::sync::Arc;
use std::thread;

use super::driving::{assert_nothing_left, linked};
use super::fake_os::{FakeOs, FileChange};
use super::reply::{Acquire, TestReply};
use crate::lock::driver::Driver;
use crate::lock::hold::TURN;
use crate::lock::waiter::Outcome;
use crate::os::{HolderInfo, Mode, Os};
use crate::path::LockPath;

#[test]
fn readers_share_one_lock_of_the_system() {
    let (driver, one, other) = linked();
    let first = Acquire::start_shared(&driver, (0, 1), &one);
    let second = Acquire::start_shared(&driver, (0, 2), &other);
    assert_eq!([first.outcome(), second.outcome()], [Outcome::Granted; 2]);
    assert_eq!(driver.held(&one), Some((Mode::Shared, 2)));
    assert!(first.release());
    assert!(driver.os().is_locked(&one));
    assert!(second.release());
    assert_nothing_left(&driver);
}

#[test]
fn the_holders_of_a_shared_lock_are_this_process_and_those_that_the_system_tells() {
    let (driver, one, _) = linked();
    let foreign = driver.os().open(&one).expect("files can be opened here");
    assert_eq!(driver.os().try_lock(&foreign, Mode::Shared), Ok(true));
    let acquire = Acquire::start_shared(&driver, (0, 1), &one);
    assert_eq!(acquire.outcome(), Outcome::Granted);
    let this = HolderInfo { mode: Mode::Shared, ..driver.os().this_process() };
    let holders = driver.holders(std::slice::from_ref(&one)).pop();
    assert_eq!(holders, Some(vec![this, FakeOs::FOREIGN]));
    drop(foreign);
    assert!(acquire.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_downgraded_lock_lets_waiting_readers_in() {
    let (driver, one, _) = linked();
    let first = Acquire::start(&driver, (0, 1), &one);
    let reader = Acquire::start_shared(&driver, (0, 2), &one);
    assert_eq!(reader.reply.outcome(), None);
    first.downgrade();
    assert_eq!(reader.outcome(), Outcome::Granted);
    assert_eq!(driver.held(&one), Some((Mode::Shared, 2)));
    assert_eq!(driver.downgrade(first.id), Ok(false), "it is shared");
    assert!(first.release() && reader.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_reader_goes_to_the_file_that_its_path_names_now() {
    for change in [FileChange::Replaced, FileChange::Deleted] {
        let (driver, one, _) = linked();
        let first = Acquire::start_shared(&driver, (0, 1), &one);
        driver.os().change_file(&one, change);
        let second = Acquire::start_shared(&driver, (0, 2), &one);
        assert_eq!(second.outcome(), Outcome::Granted, "{change:?}");
        assert_eq!(driver.held(&one), Some((Mode::Shared, 1)), "{change:?}");
        assert!(first.release() && second.release());
        assert_nothing_left(&driver);
    }
}

/// A reader that is refused unless the lock is passed on to it comes while a writer that has given up
/// keeps the gate closed for a moment.
fn assert_served_beside_one_that_gave_up(
    ask: impl FnOnce(&Arc<Driver<TestReply, FakeOs>>, &LockPath) -> Acquire<FakeOs> + Send + 'static,
) {
    let (driver, one, _) = linked();
    let first = Acquire::start_shared(&driver, (0, 1), &one);
    let writer = Acquire::start(&driver, (0, 2), &one);
    driver.os().await_waiting(1);
    driver.os().delay_interrupts(true);
    assert!(writer.cancel(), "its thread closes the gate until it has ended");
    thread::sleep(TURN);
    let before = driver.os().refused();
    let reader = thread::spawn({
        let (driver, one) = (Arc::clone(&driver), one.clone());
        move || ask(&driver, &one)
    });
    driver.os().await_refused(before + 1);
    driver.os().delay_interrupts(false);
    let reader = reader.join().expect("it does not panic");
    assert_eq!(reader.outcome(), Outcome::Granted);
    assert!(first.release() && reader.release());
    assert_nothing_left(&driver);
}

#[test]
fn a_single_reader_is_not_refused_for_a_writer_that_has_given_up() {
    assert_served_beside_one_that_gave_up(|driver, one| Acquire::try_shared(driver, (0, 3), one));
}

#[test]
fn a_thread_that_reads_does_not_wait_for_itself_where_a_writer_has_given_up() {
    assert_served_beside_one_that_gave_up(|driver, one| {
        Acquire::start_shared_sync(driver, (0, 3), one)
    });
}

#[test]
fn a_single_reader_is_refused_while_a_writer_of_another_process_waits() {
    let (driver, one, _) = linked();
    let reader = Acquire::start_shared(&driver, (0, 1), &one);
    let foreign = thread::spawn({
        let (os, one) = (driver.os().clone(), one.clone());
        move || drop(os.foreign_lock(&one))
    });
    driver.os().await_waiting(1);
    thread::sleep(TURN);
    assert_eq!(Acquire::try_shared(&driver, (0, 2), &one).outcome(), Outcome::Busy);
    assert!(reader.release());
    foreign.join().expect("it does not panic");
    assert_nothing_left(&driver);
}

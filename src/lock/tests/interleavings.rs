//! The driver over an operating system in memory, under many schedules of its threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::fake_os::FakeOs;
use super::reply::{Acquire, TestReply};
use super::threads::{explore, thread};
use crate::lock::driver::Driver;
use crate::lock::waiter::{Expired, Outcome, OwnerId, WaitLimit};
use crate::path::LockPath;

type TestDriver = Arc<Driver<TestReply, FakeOs>>;

/// A critical section, which one holder at a time may enter, or any number that only read.
#[derive(Clone, Default)]
struct Section(Arc<AtomicI32>);

/// What a writer in the section adds to the number of readers.
const WRITER: i32 = 1000;

impl Section {
    fn enter(&self) {
        assert_eq!(self.0.fetch_add(WRITER, Ordering::SeqCst), 0, "a writer is not alone");
        thread::yield_now();
        self.0.fetch_sub(WRITER, Ordering::SeqCst);
    }

    fn read(&self) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) < WRITER, "a reader beside a writer");
        thread::yield_now();
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// Enters alone, and lets readers in before it leaves.
    fn enter_and_downgrade(&self, downgrade: impl FnOnce()) {
        assert_eq!(self.0.fetch_add(WRITER, Ordering::SeqCst), 0, "a writer is not alone");
        thread::yield_now();
        self.0.fetch_sub(WRITER - 1, Ordering::SeqCst);
        downgrade();
        thread::yield_now();
        assert!(self.0.fetch_sub(1, Ordering::SeqCst) < WRITER, "a writer has slipped in");
    }
}

fn path(name: &str) -> LockPath {
    LockPath::new(name.as_ref())
}

fn driver(interrupts: bool) -> TestDriver {
    Driver::new(FakeOs::new(interrupts))
}

fn start(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(body)
}

/// Acquires, visits the section, releases.
fn locker(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        for number in 0..2 {
            let acquire = Acquire::start(&driver, (owner, number), &path);
            assert_eq!(acquire.outcome(), Outcome::Granted);
            section.enter();
            assert!(acquire.release());
        }
    }
}

/// The same in shared mode.
fn reader(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        for number in 0..2 {
            let acquire = Acquire::start_shared(&driver, (owner, number), &path);
            assert_eq!(acquire.outcome(), Outcome::Granted);
            section.read();
            assert!(acquire.release());
        }
    }
}

/// Acquires, visits the section, and reads there until it releases.
fn downgrader(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        let acquire = Acquire::start(&driver, (owner, 0), &path);
        assert_eq!(acquire.outcome(), Outcome::Granted);
        section.enter_and_downgrade(|| acquire.downgrade());
        assert!(acquire.release());
    }
}

/// Asks in shared mode, gives up, and looks how it went.
fn reading_canceller(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        let acquire = Acquire::start_shared(&driver, (owner, 0), &path);
        thread::yield_now();
        if acquire.cancel() {
            assert_eq!(acquire.outcome(), Outcome::Cancelled, "it is told nothing else");
        } else {
            assert_eq!(acquire.outcome(), Outcome::Granted);
            section.read();
            assert!(acquire.release());
        }
    }
}

/// Asks, gives up, and looks how it went.
fn canceller(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        let acquire = Acquire::start(&driver, (owner, 0), &path);
        thread::yield_now();
        if acquire.cancel() {
            assert_eq!(acquire.outcome(), Outcome::Cancelled, "it is told nothing else");
        } else {
            assert_eq!(acquire.outcome(), Outcome::Granted);
            section.enter();
            assert!(acquire.release());
        }
    }
}

/// Another process that has the lock once.
fn foreign_process(
    driver: &TestDriver,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (os, path, section) = (driver.os().clone(), path.clone(), section.clone());
    move || {
        let file = os.foreign_lock(&path);
        section.enter();
        drop(file);
    }
}

/// When all threads are through, nothing is left.
fn finish(driver: &TestDriver, threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("the thread ends well");
    }
    driver.os().await_threads();
    assert!(driver.is_idle(), "the registry is empty");
    driver.os().assert_closed();
}

#[test]
fn one_holder_at_a_time() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let threads = vec![
            start(locker(&driver, 0, &path, &section)),
            start(locker(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn one_writer_or_any_number_of_readers() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let threads = vec![
            start(reader(&driver, 0, &path, &section)),
            start(reader(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn readers_and_writers_that_give_up() {
    for interrupts in [true, false] {
        explore(move || {
            let (driver, section, path) = (driver(interrupts), Section::default(), path("/a"));
            let threads = vec![
                start(reader(&driver, 0, &path, &section)),
                start(reading_canceller(&driver, 1, &path, &section)),
                start(canceller(&driver, 2, &path, &section)),
                start(foreign_process(&driver, &path, &section)),
            ];
            finish(&driver, threads);
        });
    }
}

#[test]
fn a_downgrade_never_lets_go() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let threads = vec![
            start(downgrader(&driver, 0, &path, &section)),
            start(reader(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn an_acquire_that_is_cancelled_or_granted_is_never_both() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let threads = vec![
            start(canceller(&driver, 0, &path, &section)),
            start(canceller(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

/// Asks on a pool that is busy until the time is over, and looks how it went.
fn hurried(
    driver: &TestDriver,
    owner: u32,
    path: &LockPath,
    section: &Section,
) -> impl FnOnce() + use<> {
    let (driver, path, section) = (Arc::clone(driver), path.clone(), section.clone());
    move || {
        let (acquire, pooled) = Acquire::request(&driver, (owner, 0), &path, WaitLimit::Bounded);
        let pool = pooled.map(|attempt| thread::spawn(move || attempt.run()));
        thread::yield_now();
        let expired = acquire.expire();
        match acquire.outcome() {
            Outcome::Cancelled => assert_eq!(expired, Expired::Removed, "it has another answer"),
            Outcome::Busy => assert_eq!(expired, Expired::Tried, "it had time to wait"),
            outcome => {
                assert_eq!(outcome, Outcome::Granted);
                section.enter();
                assert!(acquire.release());
            }
        }
        if let Some(pool) = pool {
            pool.join().expect("it does not panic");
        }
    }
}

#[test]
fn an_acquire_whose_time_is_over_has_one_outcome() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let threads = vec![
            start(hurried(&driver, 0, &path, &section)),
            start(hurried(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn a_wait_that_cannot_be_ended_is_taken_over() {
    explore(|| {
        let (driver, section, path) = (driver(false), Section::default(), path("/a"));
        let threads = vec![
            start(canceller(&driver, 0, &path, &section)),
            start(canceller(&driver, 1, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn an_environment_that_ends_holds_up_no_waiter() {
    explore(|| {
        let (driver, section, path) = (driver(true), Section::default(), path("/a"));
        let (ending, its_path) = (Arc::clone(&driver), path.clone());
        let end = move || {
            let acquire = Acquire::start(&ending, (9, 0), &its_path);
            thread::yield_now();
            ending.owner_ended(OwnerId(9));
            assert!(!acquire.cancel(), "it waits no more");
            assert!(!acquire.release(), "it holds no more");
        };
        let threads = vec![
            start(end),
            start(locker(&driver, 1, &path, &section)),
            start(locker(&driver, 2, &path, &section)),
            start(foreign_process(&driver, &path, &section)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn two_spellings_are_one_lock() {
    explore(|| {
        let (driver, section) = (driver(true), Section::default());
        let (one, other) = (path("/a"), path("/b"));
        driver.os().link(&one, &other);
        let threads = vec![
            start(locker(&driver, 0, &one, &section)),
            start(locker(&driver, 1, &other, &section)),
            start(canceller(&driver, 2, &other, &section)),
            start(foreign_process(&driver, &one, &section)),
        ];
        finish(&driver, threads);
    });
}

/// An acquire that is granted after the exchange has the lock of the new file: a new section.
#[test]
fn a_replaced_file_leaves_no_waiter() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (os, its_path) = (driver.os().clone(), path.clone());
        let threads = vec![
            start(locker(&driver, 0, &path, &Section::default())),
            start(locker(&driver, 1, &path, &Section::default())),
            start(foreign_process(&driver, &path, &Section::default())),
            start(move || os.replace(&its_path)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn an_attempt_thrown_away_settles_its_waiter() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (first, attempt) = Acquire::request(&driver, (0, 0), &path, WaitLimit::Unlimited);
        let (second, other) = Acquire::request(&driver, (1, 0), &path, WaitLimit::None);
        assert!(other.is_none(), "one attempt is under way");
        let thread = start(move || drop(attempt));
        assert_eq!(first.outcome(), Outcome::Granted);
        assert_eq!(second.outcome(), Outcome::Busy);
        assert!(first.release());
        finish(&driver, vec![thread]);
    });
}

/// The wait that queued for this process's next turn must not be granted it any more.
#[test]
fn a_lock_released_by_its_last_waiter_is_free_at_once() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (its_driver, its_path) = (Arc::clone(&driver), path.clone());
        let all_in_a_row = move || {
            let start = |number| Acquire::start(&its_driver, (0, number), &its_path);
            for acquire in (0..3).map(start).collect::<Vec<_>>() {
                assert_eq!(acquire.outcome(), Outcome::Granted);
                assert!(acquire.release());
            }
            let once = Acquire::start_with(&its_driver, (0, 3), &its_path, WaitLimit::None);
            assert_eq!(once.outcome(), Outcome::Granted);
            assert!(once.release());
        };
        // Elsewhere, so that there is always another thread to change to.
        let elsewhere = foreign_process(&driver, &self::path("/b"), &Section::default());
        finish(&driver, vec![start(all_in_a_row), start(elsewhere)]);
    });
}

//! The driver over an operating system in memory, under many schedules of its threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chair::{Acquire, Chair};
use super::fake_os::FakeOs;
use super::threads::{explore, thread};
use crate::lock::driver::Driver;
use crate::lock::waiter::{LockPath, Outcome, OwnerId, Patience};

type TestDriver = Arc<Driver<Chair, FakeOs>>;

/// Whether somebody, in this process or another, is where only a holder may be.
#[derive(Clone, Default)]
struct Room(Arc<AtomicBool>);

impl Room {
    fn visit(&self) {
        assert!(!self.0.swap(true, Ordering::SeqCst), "two hold the lock at once");
        thread::yield_now();
        self.0.store(false, Ordering::SeqCst);
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

/// Acquires, visits the room, releases.
fn visitor(driver: &TestDriver, owner: u32, path: &LockPath, room: &Room) -> impl FnOnce() + use<> {
    let (driver, path, room) = (Arc::clone(driver), path.clone(), room.clone());
    move || {
        for number in 0..2 {
            let acquire = Acquire::start(&driver, (owner, number), &path);
            assert_eq!(acquire.outcome(), Outcome::Granted);
            room.visit();
            assert!(acquire.release());
        }
    }
}

/// Asks, gives up, and looks how it went.
fn quitter(driver: &TestDriver, owner: u32, path: &LockPath, room: &Room) -> impl FnOnce() + use<> {
    let (driver, path, room) = (Arc::clone(driver), path.clone(), room.clone());
    move || {
        let acquire = Acquire::start(&driver, (owner, 0), &path);
        thread::yield_now();
        if acquire.cancel() {
            assert_eq!(acquire.chair.outcome(), None, "who gave up is told nothing");
        } else {
            assert_eq!(acquire.outcome(), Outcome::Granted);
            room.visit();
            assert!(acquire.release());
        }
    }
}

/// Another process that has the lock once.
fn stranger(driver: &TestDriver, path: &LockPath, room: &Room) -> impl FnOnce() + use<> {
    let (os, path, room) = (driver.os().clone(), path.clone(), room.clone());
    move || {
        let file = os.foreign_lock(&path);
        room.visit();
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
        let (driver, room, path) = (driver(true), Room::default(), path("/a"));
        let threads = vec![
            start(visitor(&driver, 0, &path, &room)),
            start(visitor(&driver, 1, &path, &room)),
            start(visitor(&driver, 2, &path, &room)),
            start(stranger(&driver, &path, &room)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn who_gives_up_is_refused_or_holds_and_never_both() {
    explore(|| {
        let (driver, room, path) = (driver(true), Room::default(), path("/a"));
        let threads = vec![
            start(quitter(&driver, 0, &path, &room)),
            start(quitter(&driver, 1, &path, &room)),
            start(visitor(&driver, 2, &path, &room)),
            start(stranger(&driver, &path, &room)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn a_wait_that_cannot_be_ended_is_taken_over() {
    explore(|| {
        let (driver, room, path) = (driver(false), Room::default(), path("/a"));
        let threads = vec![
            start(quitter(&driver, 0, &path, &room)),
            start(quitter(&driver, 1, &path, &room)),
            start(stranger(&driver, &path, &room)),
            start(stranger(&driver, &path, &room)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn an_environment_that_ends_holds_nobody_up() {
    explore(|| {
        let (driver, room, path) = (driver(true), Room::default(), path("/a"));
        let (ending, its_path) = (Arc::clone(&driver), path.clone());
        let end = move || {
            let acquire = Acquire::start(&ending, (9, 0), &its_path);
            thread::yield_now();
            ending.gone(OwnerId(9));
            assert!(!acquire.cancel(), "it waits no more");
            assert!(!acquire.release(), "it holds no more");
        };
        let threads = vec![
            start(end),
            start(visitor(&driver, 1, &path, &room)),
            start(visitor(&driver, 2, &path, &room)),
            start(stranger(&driver, &path, &room)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn two_spellings_are_one_lock() {
    explore(|| {
        let (driver, room) = (driver(true), Room::default());
        let (one, other) = (path("/a"), path("/b"));
        driver.os().link(&one, &other);
        let threads = vec![
            start(visitor(&driver, 0, &one, &room)),
            start(visitor(&driver, 1, &other, &room)),
            start(quitter(&driver, 2, &other, &room)),
            start(stranger(&driver, &one, &room)),
        ];
        finish(&driver, threads);
    });
}

/// Whoever is granted the lock after the exchange has the new file's, so the room is a new one.
#[test]
fn a_replaced_file_leaves_nobody_waiting() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (os, its_path) = (driver.os().clone(), path.clone());
        let threads = vec![
            start(visitor(&driver, 0, &path, &Room::default())),
            start(visitor(&driver, 1, &path, &Room::default())),
            start(stranger(&driver, &path, &Room::default())),
            start(move || os.replace(&its_path)),
        ];
        finish(&driver, threads);
    });
}

#[test]
fn an_attempt_thrown_away_settles_its_waiter() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (first, attempt) = Acquire::request(&driver, (0, 0), &path, Patience::Forever);
        let (second, other) = Acquire::request(&driver, (1, 0), &path, Patience::Once);
        assert!(other.is_none(), "one attempt is under way");
        assert_eq!(second.outcome(), Outcome::Busy);
        let thread = start(move || drop(attempt));
        assert_eq!(first.outcome(), Outcome::Granted);
        assert!(first.release());
        finish(&driver, vec![thread]);
    });
}

/// The wait that queued for this process's next turn must not be granted it any more.
#[test]
fn a_lock_let_go_by_the_last_who_wanted_it_is_free_at_once() {
    explore(|| {
        let (driver, path) = (driver(true), path("/a"));
        let (its_driver, its_path) = (Arc::clone(&driver), path.clone());
        let all_in_a_row = move || {
            let start = |number| Acquire::start(&its_driver, (0, number), &its_path);
            for acquire in (0..3).map(start).collect::<Vec<_>>() {
                assert_eq!(acquire.outcome(), Outcome::Granted);
                assert!(acquire.release());
            }
            let once = Acquire::start_with(&its_driver, (0, 3), &its_path, Patience::Once);
            assert_eq!(once.outcome(), Outcome::Granted);
            assert!(once.release());
        };
        // Elsewhere, so that there is always another thread to change to.
        let elsewhere = stranger(&driver, &self::path("/b"), &Room::default());
        finish(&driver, vec![start(all_in_a_row), start(elsewhere)]);
    });
}

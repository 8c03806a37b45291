//! The real locks, in threads and processes.

use std::io::{BufRead, BufReader, Write, stdin};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::{env, fs, thread};

use super::reply::{Acquire, TestReply};
use super::temp::Folder;
use crate::lock::driver::Driver;
use crate::lock::waiter::Outcome;
use crate::os::System;
use crate::path::LockPath;

type SystemDriver = Arc<Driver<TestReply, System>>;

/// Where the other process finds the folder, when this binary is run as one.
const FOLDER: &str = "LOCKET_TEST_FOLDER";

const THREADS: u32 = 4;
const SECTIONS: u64 = 200;

/// Adds one to the number in a file, in a way that loses some where two do it at once.
fn increment(counter: &Path) {
    let number: u64 = fs::read_to_string(counter).map_or(0, |text| text.parse().expect("a number"));
    fs::write(counter, (number + 1).to_string()).expect("the counter can be written");
}

/// Some acquires are given up; one that is not increments the counter. Returns how many did.
fn work(driver: &SystemDriver, owner: u32, path: &LockPath, counter: &Path) -> u64 {
    let mut done = 0;
    for number in 0..SECTIONS {
        let acquire = Acquire::start(driver, (owner, number), path);
        if number % 3 == 0 && acquire.cancel() {
            assert_eq!(acquire.outcome(), Outcome::Cancelled, "it is told nothing else");
            continue;
        }
        assert_eq!(acquire.outcome(), Outcome::Granted);
        increment(counter);
        done += 1;
        assert!(acquire.release());
    }
    done
}

/// Threads that take turns by two spellings of the path. Returns the number of increments.
fn work_in_threads(folder: &Path) -> u64 {
    let driver = Driver::new(System);
    let spellings = ["lock", "./lock"].map(|name| LockPath::new(folder.join(name).as_os_str()));
    let counter = folder.join("counter");
    let done = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|owner| {
                let path = &spellings[owner as usize % spellings.len()];
                let (driver, counter) = (&driver, &counter);
                scope.spawn(move || work(driver, owner, path, counter))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("the thread ends well")).sum()
    });
    while !driver.is_idle() {
        // The last wait is on its way out.
        thread::yield_now();
    }
    done
}

/// Runs `test` of this binary in a separate process.
fn other_process(test: &str, folder: &Folder) -> Child {
    Command::new(env::current_exe().expect("this binary has a path"))
        .args(["--ignored", "--exact", "--nocapture", &format!("lock::tests::stress::{test}")])
        .env(FOLDER, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this binary can be run")
}

/// The next line that begins with `word`, without it.
fn read(child: &mut impl BufRead, word: &str) -> String {
    let lines = child.lines().map_while(Result::ok);
    let found = lines.into_iter().find_map(|line| line.strip_prefix(word).map(str::to_owned));
    found.expect("the other process says so before it ends")
}

#[test]
fn no_increment_is_lost_between_threads_and_processes() {
    let folder = Folder::new();
    let mut child = other_process("the_other_worker", &folder);
    let mut says = BufReader::new(child.stdout.take().expect("piped"));
    read(&mut says, "ready");
    child.stdin.take().expect("piped").write_all(b"go\n").expect("it listens");
    let ours = work_in_threads(folder.path());
    let theirs: u64 = read(&mut says, "done ").parse().expect("a number");
    assert!(child.wait().expect("it ends").success());
    let counted = fs::read_to_string(folder.path().join("counter")).expect("it is there");
    assert_eq!(counted, (ours + theirs).to_string());
}

#[test]
fn a_killed_holder_frees_the_lock() {
    let folder = Folder::new();
    let mut child = other_process("the_other_holder", &folder);
    read(&mut BufReader::new(child.stdout.take().expect("piped")), "held");
    let driver = Driver::new(System);
    let acquire = Acquire::start(&driver, (0, 0), &folder.lock("lock"));
    assert_eq!(acquire.reply.outcome(), None, "the other process has it");
    child.kill().expect("it is there");
    assert_eq!(acquire.outcome(), Outcome::Granted);
    child.wait().expect("it ends");
}

#[test]
#[ignore = "the other process of no_increment_is_lost_between_threads_and_processes"]
fn the_other_worker() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    println!("\nready");
    stdin().lines().next();
    println!("\ndone {}", work_in_threads(Path::new(&folder)));
}

#[test]
#[ignore = "the other process of a_killed_holder_frees_the_lock"]
fn the_other_holder() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let driver = Driver::new(System);
    let path = LockPath::new(Path::new(&folder).join("lock").as_os_str());
    assert_eq!(Acquire::start(&driver, (0, 0), &path).outcome(), Outcome::Granted);
    println!("\nheld");
    // Until the other end goes.
    stdin().lines().next();
}

//! The system calls of a lock with nothing around them.
//!
//! `cycle PATH COUNT` prints the nanoseconds that one free acquire and release take, made of the
//! calls that locket makes. `lock PATH` obeys the JSON strings on standard input, one a line: `acquire` blocks in
//! flock(2) and answers when it had the lock, `acquire-shared` does so for a shared one, `release` lets go and answers when it began to.
//! The times are CLOCK_MONOTONIC's, which all processes share.

use std::ffi::{CString, c_int};
use std::io::{self, BufRead, Write};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::{env, process};

fn main() {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().and_then(|command| command.into_string().ok());
    let path = arguments.next().and_then(|path| CString::new(path.into_vec()).ok());
    let count = arguments.next().and_then(|count| count.to_str()?.parse().ok());
    match (command.as_deref(), path, count) {
        (Some("cycle"), Some(path), Some(count)) => println!("{}", time_cycles(&path, count)),
        (Some("lock"), Some(path), None) => obey(&path),
        _ => {
            eprintln!("usage: locket-bench-bare cycle PATH COUNT | lock PATH");
            process::exit(64);
        }
    }
}

fn time_cycles(path: &CString, count: u64) -> f64 {
    let begin = now();
    for _ in 0..count {
        let file = open(path);
        lock(file, libc::LOCK_EX | libc::LOCK_NB);
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: the descriptor is open, and the place given is as large as a stat.
        check(unsafe { libc::fstat(file, status.as_mut_ptr()) });
        // SAFETY: the path ends with a null byte, and the place is as above.
        check(unsafe { libc::stat(path.as_ptr(), status.as_mut_ptr()) });
        lock(file, libc::LOCK_UN);
        // SAFETY: nobody uses the descriptor after this.
        check(unsafe { libc::close(file) });
    }
    (now() - begin) as f64 / count as f64
}

fn obey(path: &CString) {
    let file = open(path);
    let mut answers = io::stdout();
    for order in io::stdin().lock().lines().map_while(Result::ok) {
        let at = match order.trim_matches('"') {
            "acquire" => {
                lock(file, libc::LOCK_EX);
                now()
            }
            "acquire-shared" => {
                lock(file, libc::LOCK_SH);
                now()
            }
            "release" => {
                let begin = now();
                lock(file, libc::LOCK_UN);
                begin
            }
            _ => process::exit(64),
        };
        if writeln!(answers, "{at}").is_err() {
            return;
        }
    }
}

fn open(path: &CString) -> c_int {
    // SAFETY: the path ends with a null byte; the mode goes with O_CREAT.
    check(unsafe {
        libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC, 0o666)
    })
}

fn lock(file: c_int, operation: c_int) {
    // SAFETY: flock touches no memory of ours.
    check(unsafe { libc::flock(file, operation) });
}

fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place given is a timespec.
    check(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) });
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn check(result: c_int) -> c_int {
    if result < 0 {
        panic!("{}", io::Error::last_os_error());
    }
    result
}

//! Threads for tests: shuttle's under `--cfg shuttle`, where each test runs under a new schedule
//! every time, and the operating system's otherwise.

#[cfg(shuttle)]
pub use shuttle::{sync::Condvar, sync::Mutex, sync::MutexGuard, thread};
#[cfg(not(shuttle))]
pub use std::{sync::Condvar, sync::Mutex, sync::MutexGuard, thread};

/// Runs `body` under many schedules: random ones, and ones with few changes of thread, each at
/// the worst moment. `LOCKET_SCHEDULES` says how many of each.
#[cfg(shuttle)]
pub fn explore(body: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("LOCKET_SCHEDULES");
    let schedules = schedules.map_or(5_000, |text| text.parse().expect("a number"));
    let body = std::sync::Arc::new(body);
    let again = std::sync::Arc::clone(&body);
    shuttle::check_random(move || again(), schedules);
    for depth in [2, 3, 4] {
        let again = std::sync::Arc::clone(&body);
        shuttle::check_pct(move || again(), schedules / 3, depth);
    }
}

/// Runs `body` often, under whatever schedules come.
#[cfg(not(shuttle))]
pub fn explore(body: impl Fn() + Send + Sync + 'static) {
    for _ in 0..200 {
        body();
    }
}

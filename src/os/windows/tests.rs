//! What only Windows can show: its names, its mandatory byte ranges, its deletions.

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::{GetHandleInformation, HANDLE_FLAG_INHERIT};
use windows_sys::Win32::Storage::FileSystem::{
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
};

use super::*;
use crate::os::Identified;

const UV_ENOENT: i32 = -4058;
const UV_EINVAL: i32 = -4071;
const UV_EPERM: i32 = -4048;

/// Nothing takes so long.
const HANGING: Duration = Duration::from_secs(30);

/// A folder of its own for a test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("locket-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    fn path(&self, name: &str) -> LockPath {
        lock_path(&self.plain().join(name))
    }

    /// Without the prefix that turns the rules of Win32 off.
    fn plain(&self) -> PathBuf {
        self.0.to_str().unwrap().trim_start_matches(r"\\?\").into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lock_path(path: &Path) -> LockPath {
    LockPath::new(path.as_os_str())
}

/// As Python's locket and filelock do it.
fn lock_byte_0(file: &fs::File) -> bool {
    // SAFETY: all zeros is a valid OVERLAPPED, that of offset 0.
    let mut at_0 = unsafe { std::mem::zeroed() };
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open, and synchronous: nothing outlives the call.
    unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut at_0) != 0 }
}

fn open_beside(path: &LockPath) -> fs::File {
    OpenOptions::new().read(true).write(true).share_mode(SHARE_ALL).open(path.as_path()).unwrap()
}

#[test]
fn a_lock_of_the_first_byte_alone_excludes_us() {
    let folder = Folder::new("byte-0-theirs");
    let path = folder.path("a.lock");
    let ours = System.open(&path).unwrap();
    let theirs = open_beside(&path);
    assert!(lock_byte_0(&theirs));
    assert_eq!(System.try_lock(&ours, Mode::Exclusive), Ok(false));
    drop(theirs);
    assert_eq!(System.try_lock(&ours, Mode::Exclusive), Ok(true));
}

#[test]
fn we_exclude_a_lock_of_the_first_byte_alone() {
    let folder = Folder::new("byte-0-ours");
    let path = folder.path("a.lock");
    let ours = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&ours, Mode::Exclusive), Ok(true));
    let theirs = open_beside(&path);
    assert!(!lock_byte_0(&theirs));
    System.unlock(&ours);
    assert!(lock_byte_0(&theirs));
}

#[test]
fn spellings_of_one_file_are_one() {
    let folder = Folder::new("spellings");
    let id = System.open(&folder.path("Some.lock")).unwrap().id();
    let plain = folder.plain();
    let shown = plain.to_str().unwrap();
    let spellings = [
        format!(r"{shown}\SOME.LOCK"),
        format!(r"{shown}\some.lock"),
        format!("{}/Some.lock", shown.replace('\\', "/")),
        format!(r"{shown}\Some.lock."),
        format!(r"{shown}\Some.lock .  "),
        format!(r"{shown}\.\x\..\Some.lock"),
        format!(r"\\?\{shown}\Some.lock"),
        format!(r"\\.\{shown}\Some.lock"),
    ];
    for spelling in spellings {
        let path = lock_path(Path::new(&spelling));
        assert_eq!(System.identify(&path), Ok(id), "{spelling}");
        assert_eq!(System.open(&path).unwrap().id(), id, "{spelling}");
    }
    assert_ne!(System.open(&folder.path("other.lock")).unwrap().id(), id);
}

#[test]
fn an_open_lock_file_can_be_renamed_and_deleted() {
    let folder = Folder::new("shared");
    let path = folder.path("a.lock");
    let file = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&file, Mode::Exclusive), Ok(true));
    fs::rename(path.as_path(), folder.path("b.lock").as_path()).unwrap();
    fs::remove_file(folder.path("b.lock").as_path()).unwrap();
    assert_ne!(System.identify(&path), Ok(file.id()));
}

/// Where the file system frees the name at once, a new file is made; wine lets the old one be
/// opened until it is gone.
#[test]
fn a_file_that_is_being_deleted_is_waited_for_a_moment_only() {
    let folder = Folder::new("deletion");
    let path = folder.path("a.lock");
    let old = System.open(&path).unwrap();
    fs::remove_file(path.as_path()).unwrap();
    // Bounded: this returns.
    match System.open(&path) {
        Ok(file) => assert_eq!(System.identify(&path), Ok(file.id())),
        Err(error) => assert_eq!(error, Error { syscall: Syscall::Open, errno: UV_EPERM }),
    }
    drop(old);
    System.open(&path).unwrap();
}

#[test]
fn a_file_whose_deletion_ends_while_we_look_is_made_anew() {
    let folder = Folder::new("deleted");
    let path = folder.path("a.lock");
    let old = System.open(&path).unwrap();
    fs::remove_file(path.as_path()).unwrap();
    let open = thread::spawn({
        let path = path.clone();
        move || System.open(&path)
    });
    drop(old);
    open.join().unwrap().unwrap();
}

#[test]
fn a_read_only_file_is_locked_all_the_same() {
    let folder = Folder::new("read-only");
    let path = folder.path("a.lock");
    fs::write(path.as_path(), "").unwrap();
    let mut permissions = fs::metadata(path.as_path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path.as_path(), permissions.clone()).unwrap();
    let file = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&file, Mode::Exclusive), Ok(true));
    System.unlock(&file);
    #[expect(clippy::permissions_set_readonly_false, reason = "there are no others here")]
    permissions.set_readonly(false);
    fs::set_permissions(path.as_path(), permissions).unwrap();
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Folder::new("irregular");
    let shown = folder.plain();
    let errno = |path: &Path| System.open(&lock_path(path)).map(|_| ()).map_err(|e| e.errno);
    assert_eq!(errno(&shown), Err(errors::UV_EISDIR));
    assert_eq!(errno(Path::new(r"C:\")), Err(errors::UV_EISDIR));
    for name in ["NUL", "con", "aux.lock", "a.lock:stream"] {
        assert_eq!(errno(&shown.join(name)), Err(UV_EINVAL), "{name}");
    }
    assert_eq!(errno(&shown.join(r"missing\a.lock")), Err(UV_ENOENT));
    assert_eq!(fs::read_dir(&shown).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_child_process_inherits_no_handle() {
    let folder = Folder::new("inherited");
    let file = System.open(&folder.path("a.lock")).unwrap();
    let mut flags = HANDLE_FLAG_INHERIT;
    // SAFETY: the handle is open, and the place given is a u32.
    let read = unsafe { GetHandleInformation(file.file.as_raw_handle(), &raw mut flags) };
    assert_ne!(read, 0);
    assert_eq!(flags & HANDLE_FLAG_INHERIT, 0);
}

/// Where the system cannot end the wait, it goes on until the lock is granted.
#[test]
fn a_wait_ends_when_it_is_interrupted_or_granted() {
    let folder = Folder::new("interrupted");
    let path = folder.path("a.lock");
    let holder = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&holder, Mode::Exclusive), Ok(true));
    let interrupt = Arc::new(System.new_interrupt());
    let (tell, told) = mpsc::channel();
    let body = {
        let interrupt = Arc::clone(&interrupt);
        move || {
            let file = System.open(&path).unwrap();
            let waited = System.lock(&file, Mode::Exclusive, &interrupt);
            tell.send(waited).unwrap();
            waited == Ok(Waited::Granted)
        }
    };
    System.spawn(Box::new(body)).unwrap();
    System.interrupt(&interrupt);
    match told.recv_timeout(Duration::from_secs(2)) {
        Ok(waited) => assert_eq!(waited, Ok(Waited::Interrupted)),
        Err(_) => {
            System.unlock(&holder);
            assert_eq!(told.recv_timeout(HANGING), Ok(Ok(Waited::Granted)));
        }
    }
}

#[test]
fn an_interrupt_that_comes_first_ends_the_wait_before_it_begins() {
    let folder = Folder::new("interrupted-first");
    let path = folder.path("a.lock");
    let holder = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&holder, Mode::Exclusive), Ok(true));
    let interrupt = Arc::new(System.new_interrupt());
    System.interrupt(&interrupt);
    let file = System.open(&path).unwrap();
    assert_eq!(System.lock(&file, Mode::Exclusive, &interrupt), Ok(Waited::Interrupted));
}

#[test]
fn shared_holders_exclude_an_exclusive_one_and_a_downgrade_lets_readers_in() {
    let folder = Folder::new("modes");
    let path = folder.path("a.lock");
    let [first, second, writer] = [(); 3].map(|()| System.open(&path).unwrap());
    assert_eq!(System.try_lock(&first, Mode::Exclusive), Ok(true));
    assert_eq!(System.try_lock(&second, Mode::Shared), Ok(false));
    System.downgrade(&first).unwrap();
    assert_eq!(System.try_lock(&writer, Mode::Exclusive), Ok(false));
    assert_eq!(System.try_lock(&second, Mode::Shared), Ok(true));
    System.unlock(&first);
    assert_eq!(System.try_lock(&writer, Mode::Exclusive), Ok(false));
    System.unlock(&second);
    assert_eq!(System.try_lock(&writer, Mode::Exclusive), Ok(true));
}

#[test]
fn a_waiting_writer_closes_the_gate_until_it_had_its_turn() {
    let folder = Folder::new("gate");
    let path = folder.path("a.lock");
    let reader = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&reader, Mode::Shared), Ok(true));
    assert_eq!(System.gate(&reader), Gate::Open);
    let writer = thread::spawn({
        let path = path.clone();
        move || {
            let file = System.open(&path).unwrap();
            System.lock(&file, Mode::Exclusive, &Interrupt::new())
        }
    });
    while System.gate(&reader) == Gate::Open {
        thread::yield_now();
    }
    let late = System.open(&path).unwrap();
    assert_eq!(System.try_lock(&late, Mode::Shared), Ok(false));
    System.unlock(&reader);
    assert_eq!(writer.join().unwrap(), Ok(Waited::Granted));
    while System.gate(&reader) == Gate::Closed {
        thread::yield_now();
    }
    assert_eq!(System.try_lock(&late, Mode::Shared), Ok(true));
}

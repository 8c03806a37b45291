/*
 * Makes chosen calls of the program it is preloaded into fail: LD_PRELOAD=faults.so, and the file
 * named by LOCKET_FAULTS holds the struct below, which the program writes and reads while it runs.
 *
 * Only calls that concern lock files (their names end in ".lock") count, and the starts of threads.
 * The addon makes bare system calls that no preloaded function sees, so a seccomp filter turns them
 * into SIGSYS, whose handler makes the call or the fault.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum call { NONE, OPEN, FSTAT, FLOCK, STAT, CLOSE, THREAD };

static struct control {
  int32_t call;  /* which one fails */
  int32_t error; /* with which errno */
  int32_t skip;  /* how many of them go well before */
  int32_t times; /* how many fail then */
  int32_t hits;  /* how many have failed */
} *control;

#define MANY 65536
static char is_lock[MANY];

/* The sixth argument of the handler's own system calls, which the filter lets pass. */
#define PASS 0x10c4e7c0u

static int fails(enum call call) {
  if (control == NULL || __atomic_load_n(&control->call, __ATOMIC_SEQ_CST) != (int32_t)call) return 0;
  if (__atomic_fetch_sub(&control->skip, 1, __ATOMIC_SEQ_CST) > 0) return 0;
  if (__atomic_fetch_sub(&control->times, 1, __ATOMIC_SEQ_CST) <= 0) return 0;
  __atomic_fetch_add(&control->hits, 1, __ATOMIC_SEQ_CST);
  return control->error;
}

static int names_lock(const char *path) {
  if (path == NULL) return 0;
  size_t length = strlen(path);
  return length > 5 && strcmp(path + length - 5, ".lock") == 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *of) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pthread_create");
  int error = fails(THREAD);
  return error != 0 ? error : real(thread, attributes, body, of);
}

static int is_lock_fd(long fd) { return fd >= 0 && fd < MANY && is_lock[fd]; }

/* Which of our calls is it? NONE: it concerns no lock file. */
static enum call kind_of(long number, const greg_t *registers) {
  long first = registers[REG_RDI];
  const char *path = (const char *)registers[number == SYS_open || number == SYS_stat ? REG_RDI : REG_RSI];
  switch (number) {
    case SYS_open:
    case SYS_openat:
      return names_lock(path) ? OPEN : NONE;
    case SYS_fstat:
      return is_lock_fd(first) ? FSTAT : NONE;
    case SYS_flock:
      return is_lock_fd(first) ? FLOCK : NONE;
    case SYS_close:
      return is_lock_fd(first) ? CLOSE : NONE;
    default: /* stat, newfstatat, statx: of a path, or of a descriptor with an empty one */
      if (path != NULL && *path == '\0') return is_lock_fd(first) ? FSTAT : NONE;
      return names_lock(path) ? STAT : NONE;
  }
}

static long carry_out(long number, const greg_t *registers) {
  long result = syscall(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10],
                        registers[REG_R8], PASS);
  return result < 0 ? -errno : result;
}

static void on_call(int signal, siginfo_t *info, void *context) {
  (void)signal;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  int saved = errno;
  long number = info->si_syscall;
  enum call call = kind_of(number, registers);
  int error = call == NONE ? 0 : fails(call);
  if (call == CLOSE) is_lock[registers[REG_RDI]] = 0;
  /* The kernel frees the descriptor whatever close says. */
  long result = error == 0 || call == CLOSE ? carry_out(number, registers) : 0;
  if (call == OPEN && error == 0 && result >= 0 && result < MANY) is_lock[result] = 1;
  registers[REG_RAX] = error == 0 ? result : -error;
  errno = saved;
}

#define LOW(field) (offsetof(struct seccomp_data, field))
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW(field))
#define IF(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("LOCKET_FAULTS");
  int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) abort();
  control = map;

  struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
  if (sigaction(SIGSYS, &action, NULL) != 0) abort();
  struct sock_filter program[] = {
      LOAD(arch),
      IF(AUDIT_ARCH_X86_64, 0, 11),
      LOAD(nr),
      IF(SYS_open, 7, 0),
      IF(SYS_openat, 6, 0),
      IF(SYS_stat, 5, 0),
      IF(SYS_fstat, 4, 0),
      IF(SYS_newfstatat, 3, 0),
      IF(SYS_statx, 2, 0),
      IF(SYS_flock, 1, 0),
      IF(SYS_close, 0, 2),
      LOAD(args[5]),
      IF(PASS, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    fputs("faults: seccomp filters are not available here\n", stderr);
    _exit(77);
  }
}

//! A directory of its own for one test, and the program run in it: cleared environment, fixed clock, no terminal, no standard input.
//!
//! Invariant: what a test asserts does not depend on the machine; the sandbox's own path is printed as `[SANDBOX]`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, Permissions};
use std::io::{Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use walkdir::WalkDir;

use super::snapshot::{Detail, Snapshot};
use super::wait;

/// The clock of every invocation that names no other.
pub(crate) const NOW: &str = "2026-02-28T10:30:00Z";

const PROGRAM: &str = env!("CARGO_BIN_EXE_migrate-manifests");
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A directory that is removed at the end of the test.
pub(crate) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// An empty one in memory, where names can be exchanged; else where temporary directories are.
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::on(memory)
        } else {
            Self::on(&std::env::temp_dir())
        }
    }

    /// An empty one in this directory, which decides the file system.
    pub(crate) fn on(dir: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("sandbox-").tempdir_in(dir);
        Self {
            dir: dir.expect("a temporary directory can be made"),
        }
    }

    /// The sandbox's own directory.
    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn file(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.made_parent(path.as_ref());
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
        self
    }

    /// Writes `artifacts/<run>/manifest.json`.
    pub(crate) fn manifest(&self, run: impl AsRef<Path>, text: impl AsRef<[u8]>) -> &Self {
        let path = Path::new("artifacts").join(run).join("manifest.json");
        self.file(path, text)
    }

    /// Makes a directory, and those above it.
    pub(crate) fn dir(&self, path: impl AsRef<Path>) -> &Self {
        fs::create_dir_all(self.path(path)).expect("a directory can be made");
        self
    }

    /// Makes a symbolic link at `path` that holds `target`.
    pub(crate) fn link(&self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> &Self {
        symlink(target, self.made_parent(path.as_ref())).expect("a link can be made");
        self
    }

    /// Sets the mode of what is there.
    pub(crate) fn mode(&self, path: impl AsRef<Path>, mode: u32) -> &Self {
        let permissions = Permissions::from_mode(mode);
        fs::set_permissions(self.path(path), permissions).expect("the mode can be set");
        self
    }

    /// Copies a directory of the project (`fixtures/demo`) to `to`: files, directories and links.
    pub(crate) fn copy(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> &Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        for entry in WalkDir::new(&from) {
            let entry = entry.expect("the directory can be walked");
            let inner = entry.path().strip_prefix(&from).expect("it is below");
            let target = to.as_ref().join(inner);
            if entry.file_type().is_dir() {
                self.dir(target);
            } else if entry.file_type().is_symlink() {
                self.link(
                    target,
                    fs::read_link(entry.path()).expect("a link can be read"),
                );
            } else {
                self.file(target, fs::read(entry.path()).expect("a file can be read"));
            }
        }
        self
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(path);
        fs::read(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
    }

    fn made_parent(&self, path: &Path) -> PathBuf {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("the directories above can be made");
        }
        path
    }

    /// Runs the program in the sandbox and waits for its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.invoke(args).run()
    }

    /// The program with these arguments, to be told more before it runs.
    pub(crate) fn invoke<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        Invocation {
            sandbox: self.root().to_owned(),
            wrapper: Vec::new(),
            args: args
                .into_iter()
                .map(|arg| arg.as_ref().to_owned())
                .collect(),
            now: Some(NOW.into()),
            env: Vec::new(),
            stdin: None,
            dir: self.root().to_owned(),
            limit: TIME_LIMIT,
        }
    }

    /// The whole sandbox: path, kind, mode and content of everything in it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.root(), Detail::default())
    }

    /// The whole sandbox without the state directory.
    pub(crate) fn snapshot_without_state(&self) -> Snapshot {
        let detail = Detail {
            state: false,
            ..Detail::default()
        };
        Snapshot::of(self.root(), detail)
    }
}

/// One run of the program that has not begun.
pub(crate) struct Invocation {
    sandbox: PathBuf,
    wrapper: Vec<OsString>,
    args: Vec<OsString>,
    now: Option<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Option<Vec<u8>>,
    dir: PathBuf,
    limit: Duration,
}

impl Invocation {
    /// Under another program: `strace -f ...`, `setpriv --reuid 65534 ...`.
    pub(crate) fn under<A: AsRef<OsStr>>(mut self, wrapper: impl IntoIterator<Item = A>) -> Self {
        self.wrapper = wrapper
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        self
    }

    /// With one more variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With these bytes as standard input.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// In this directory, relative to the sandbox.
    pub(crate) fn within(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = self.sandbox.join(dir);
        self
    }

    /// Without `--now`.
    pub(crate) fn real_clock(mut self) -> Self {
        self.now = None;
        self
    }

    /// With another time limit.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts the program; the caller may signal it, and calls [`Running::wait`].
    pub(crate) fn spawn(self) -> Running {
        let mut words = self.wrapper.clone();
        words.push(PROGRAM.into());
        words.extend(self.args.iter().cloned());
        // Appended, because a wrapper's arguments come first and a command's last.
        if let Some(now) = self.now.filter(|_| !mentions_clock(&self.args)) {
            words.extend(["--now".into(), now]);
        }
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.env)
            .stdin(if self.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("start {}: {error}", words[0].display()));
        let stdout = collect(child.stdout.take().expect("it is piped"));
        let stderr = collect(child.stderr.take().expect("it is piped"));
        if let (Some(bytes), Some(mut pipe)) = (self.stdin, child.stdin.take()) {
            // A program that does not read to the end is no failure of the test.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running {
            child,
            stdout,
            stderr,
            sandbox: self.sandbox,
            until: Instant::now() + self.limit,
            words,
        }
    }

    /// Runs the program and waits for its end.
    pub(crate) fn run(self) -> Output {
        self.spawn().wait()
    }
}

/// Whether the arguments name a clock, or come after `--`, where a flag would be a path.
fn mentions_clock(args: &[OsString]) -> bool {
    args.iter().any(|arg| {
        let arg = arg.as_bytes();
        arg == b"--now" || arg.starts_with(b"--now=") || arg == b"--"
    })
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// A program at work.
pub(crate) struct Running {
    child: Child,
    stdout: thread::JoinHandle<Vec<u8>>,
    stderr: thread::JoinHandle<Vec<u8>>,
    sandbox: PathBuf,
    until: Instant,
    words: Vec<OsString>,
}

impl Running {
    /// The process, for signals.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_none()
    }

    /// Waits until it has come so far, or has ended.
    pub(crate) fn wait_until(&mut self, has_come: impl Fn() -> bool) {
        wait::until("it never came so far", || !self.is_running() || has_come());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If the time limit is over.
    pub(crate) fn wait(mut self) -> Output {
        let left = self.until.saturating_duration_since(Instant::now());
        if !wait::within(left, || !self.is_running()) {
            self.child.kill().expect("a child can be killed");
            panic!("out of time: {:?}", self.words);
        }
        let status = self.child.wait().expect("a child can be waited for");
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("all output is UTF-8");
            text.replace(&self.sandbox.display().to_string(), "[SANDBOX]")
        };
        Output {
            stdout: text(self.stdout.join().expect("a reader does not panic")),
            stderr: text(self.stderr.join().expect("a reader does not panic")),
            status,
        }
    }
}

/// What a run of the program left behind on its standard streams.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
}

impl Output {
    /// Standard output, for those who look for a part of it.
    pub(crate) fn out(&self) -> &str {
        &self.stdout
    }

    /// Asserts the exact standard output.
    #[track_caller]
    pub(crate) fn stdout(&self, expected: &str) -> &Self {
        assert!(
            self.stdout == expected,
            "standard output is not\n{expected}\nbut\n{self}"
        );
        self
    }

    /// Asserts the exact standard error.
    #[track_caller]
    pub(crate) fn stderr(&self, expected: &str) -> &Self {
        assert!(
            self.stderr == expected,
            "standard error is not\n{expected}\nbut\n{self}"
        );
        self
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn code(&self, expected: i32) -> &Self {
        assert!(
            self.status.code() == Some(expected),
            "exit code is not {expected}:\n{self}"
        );
        self
    }

    /// Asserts that this signal ended it.
    #[track_caller]
    pub(crate) fn killed_by(&self, signal: i32) -> &Self {
        assert!(
            self.status.signal() == Some(signal),
            "not ended by signal {signal}:\n{self}"
        );
        self
    }

    /// The standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{self}"))
    }

    /// The standard output as one JSON value a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        let line = |line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line}"))
        };
        self.stdout.lines().map(line).collect()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stdout,
            stderr,
            status,
        } = self;
        write!(f, "--- stdout\n{stdout}--- stderr\n{stderr}--- {status}")
    }
}

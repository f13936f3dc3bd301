//! Runs the `git` program: without a shell, in a cleared environment, with a bound on time and on
//! output, in a process group of its own that ends with the call.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::source::bounds::{MAX_COMPLAINT, MAX_MEMORY};

/// Variables of the caller's environment that `git` gets, besides those that skep sets.
const INHERITED: [&str; 10] = [
    "PATH",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "LD_LIBRARY_PATH",
];

/// One call of `git`.
pub(in crate::source::git) struct Call {
    /// Arguments after the program's name.
    pub(in crate::source::git) args: Vec<OsString>,
    /// What it reads from its standard input.
    pub(in crate::source::git) stdin: Vec<u8>,
    /// More variables for this call only: addresses and credentials.
    pub(in crate::source::git) environment: Vec<(String, OsString)>,
    /// Most bytes that it may print.
    pub(in crate::source::git) max_output: u64,
    /// Most bytes of memory for each of its processes.
    pub(in crate::source::git) max_memory: u64,
    /// Longest time that it may take.
    pub(in crate::source::git) time: Duration,
}

impl Call {
    /// A call with these arguments and neither input nor variables.
    pub(in crate::source::git) fn new<const N: usize>(
        args: [&str; N],
        max_output: u64,
        time: Duration,
    ) -> Self {
        let args = args.iter().map(OsString::from).collect();
        let (stdin, environment) = (Vec::new(), Vec::new());
        Self { args, stdin, environment, max_output, max_memory: MAX_MEMORY, time }
    }

    /// One more argument.
    pub(in crate::source::git) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }
}

/// How a call failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::source::git) enum CallError {
    #[error("git could not be started: {0}")]
    Start(std::io::Error),
    #[error("talking to git failed: {0}")]
    Pipe(std::io::Error),
    #[error("git took longer than {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    #[error("git printed more than {0} bytes")]
    TooMuch(u64),
    #[error("git ended with {status}: {complaint}")]
    Ended { status: ExitStatus, complaint: String },
}

/// The `git` program, set up for one mirror.
pub(in crate::source::git) struct Git {
    environment: Vec<(OsString, OsString)>,
}

impl Git {
    /// `inherited` is the caller's environment, of which only a few variables are passed on.
    pub(in crate::source::git) fn new(
        inherited: &[(OsString, OsString)],
        mirror: &Path,
        settings: &Path,
    ) -> Self {
        let passed = |name: &OsString| INHERITED.iter().any(|known| name == known);
        let mut environment: Vec<(OsString, OsString)> =
            inherited.iter().filter(|(name, _)| passed(name)).cloned().collect();
        let fixed: [(&str, OsString); 14] = [
            ("GIT_DIR", mirror.into()),
            // Nothing of the user or the machine: no aliases, helpers, hooks or `insteadOf`.
            ("HOME", mirror.into()),
            ("XDG_CONFIG_HOME", mirror.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", settings.into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_LITERAL_PATHSPECS", "1".into()),
            ("GIT_NO_REPLACE_OBJECTS", "1".into()),
            // A missing object is an answer; fetching it on the side would be one request each.
            ("GIT_NO_LAZY_FETCH", "1".into()),
            // Calls that talk to a remote allow its protocol, the others none.
            ("GIT_ALLOW_PROTOCOL", "none".into()),
            ("GIT_PROTOCOL_FROM_USER", "0".into()),
            ("GIT_OPTIONAL_LOCKS", "0".into()),
            // Error texts are read.
            ("LC_ALL", "C".into()),
        ];
        environment.extend(fixed.map(|(name, value)| (name.into(), value)));
        Self { environment }
    }

    /// Runs a call to its end and gives what it printed. When the returned future is dropped, or
    /// time or output run over, the whole process group is killed.
    pub(in crate::source::git) async fn run(&self, call: Call) -> Result<Vec<u8>, CallError> {
        let time = call.time;
        match timeout(time, self.talk(call)).await {
            Ok(result) => result,
            Err(_) => Err(CallError::TooSlow(time)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where source starts processes")]
    fn spawn(&self, call: &Call) -> Result<Running, CallError> {
        let mut command = Command::new("git");
        command.args(&call.args).env_clear();
        command.envs(self.environment.iter().cloned());
        command.envs(call.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir("/").process_group(0).kill_on_drop(true);
        let running = command.spawn().map(Running).map_err(CallError::Start)?;
        if let Some(process) = running.id() {
            let most = Some(call.max_memory);
            // Before it has started another one, which will have the same limit. Where limits
            // can't be set, those of the container or the machine remain.
            let _ = prlimit(Some(process), Resource::Data, Rlimit { current: most, maximum: most });
        }
        Ok(running)
    }

    async fn talk(&self, call: Call) -> Result<Vec<u8>, CallError> {
        let mut running = self.spawn(&call)?;
        let Running(child) = &mut running;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program that ends without reading all is judged by its exit status.
                let _ = stdin.write_all(&call.stdin).await;
            }
            Ok(())
        };
        let read = async {
            let output = read_up_to(stdout, call.max_output + 1).await?;
            let over = output.len() as u64 > call.max_output;
            if over { Err(CallError::TooMuch(call.max_output)) } else { Ok(output) }
        };
        let ((), output, complaint) = tokio::try_join!(write, read, read_complaint(stderr))?;
        let status = child.wait().await.map_err(CallError::Pipe)?;
        if status.success() {
            Ok(output)
        } else {
            let complaint = String::from_utf8_lossy(&complaint).into_owned();
            Err(CallError::Ended { status, complaint })
        }
    }
}

async fn read_up_to(from: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut bytes).await.map_err(CallError::Pipe)?;
    }
    Ok(bytes)
}

/// Keeps the beginning and lets the rest go, so that the program is not stopped by a full pipe.
async fn read_complaint(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, CallError> {
    let Some(mut from) = from else { return Ok(Vec::new()) };
    let kept = read_up_to(Some(&mut from), MAX_COMPLAINT).await?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await.map_err(CallError::Pipe)?;
    Ok(kept)
}

/// A process whose group ends with it. `git` starts others (`git-remote-https`, `ssh`) that would
/// outlive it when only `git` itself is killed.
struct Running(Child);

impl Running {
    /// There is an id only while the process was not waited for, so it can't be another's.
    fn id(&self) -> Option<Pid> {
        self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.id() {
            // It may have ended by itself a moment ago.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

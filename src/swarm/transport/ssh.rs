//! An engine behind `ssh`: the remote `docker system dial-stdio` joins its standard input and
//! output with the remote engine's socket, so that one `ssh` process is one connection.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// Bytes of ssh's own complaint that are kept.
const MOST_COMPLAINT: usize = 1024;

/// How to reach a machine by ssh.
#[derive(Debug, Clone)]
pub(super) struct Ssh {
    /// The program; `ssh` is looked up in the path.
    pub(super) program: PathBuf,
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Ssh {
    /// Starts one connection. That ssh can't log in is seen at the first read.
    #[expect(clippy::disallowed_methods, reason = "ssh is how this engine is reached")]
    pub(super) fn dial(&self) -> io::Result<SshStream> {
        let mut command = Command::new(&self.program);
        // Nobody can answer questions: connections are opened and closed as they are needed.
        command.args(["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]);
        if let Some(user) = &self.user {
            command.args(["-l", user]);
        }
        if let Some(port) = self.port {
            command.args(["-p", &port.to_string()]);
        }
        command.args(["--", &self.host, "docker", "system", "dial-stdio"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("ssh was started without its three pipes"));
        };
        Ok(SshStream { _child: child, input, output, errors, said: Vec::new(), heard: false })
    }
}

/// A connection through one ssh process, which ends with it.
#[derive(Debug)]
pub(super) struct SshStream {
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
    /// What ssh complained about, so far.
    said: Vec<u8>,
    /// Whether the engine ever sent a byte.
    heard: bool,
}

impl SshStream {
    /// Reads ssh's complaint to its end and makes it the connection's error.
    fn poll_complaint(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let mut room = [0; 256];
            let mut buffer = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut self.errors).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() || self.said.len() > MOST_COMPLAINT {
                let text = String::from_utf8_lossy(&self.said).trim().to_owned();
                return Poll::Ready(io::Error::other(text));
            }
            self.said.extend_from_slice(buffer.filled());
        }
    }
}

impl AsyncRead for SshStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.output).poll_read(cx, buffer))?;
        self.heard |= buffer.filled().len() > before;
        if self.heard {
            return Poll::Ready(Ok(()));
        }
        self.poll_complaint(cx).map(Err)
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}

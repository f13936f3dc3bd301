//! The last lines of a task's log. The answer comes in frames, one for each piece of output
//! (`pkg/stdcopy` of moby), or plainly when the container has a terminal.

use std::collections::VecDeque;
use std::time::Duration;

use futures::TryStreamExt as _;
use http_body_util::BodyStream;
use hyper::body::Incoming;
use jiff::Timestamp;

use super::fault::no_answer;
use super::link::{Call, Link};
use super::write::checked;
use crate::model::engine::Task;
use crate::model::{LAST_LINES, LINE_BYTES, LastWords};
use crate::ports::SwarmError;

/// Longest wait for a log: that of a task on a node that is gone never comes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes that are read of one. The engine leaves out all but the last lines, but not what is
/// long in them.
const MOST: usize = 1 << 20;
/// Bytes of a frame's head: stream, three zeros, length.
const HEAD: usize = 8;
/// The stream on which the engine itself speaks.
const ENGINE: u8 = 3;

/// Asks for a task, which says how its log is written, and then for its log.
pub(super) async fn last_words(link: &Link, id: &str) -> Result<LastWords, SwarmError> {
    let attempted = format!("read the log of task {id}");
    let unreadable =
        |cause| no_answer(&attempted, "its answer could not be read", Some(Box::new(cause)));
    let path = format!("/tasks/{}", checked(id)?);
    let task = link.answer(Call::get(attempted.clone(), path.clone())).await?;
    let task: Task = serde_json::from_slice(&task).map_err(unreadable)?;
    let terminal = task.spec.container_spec.as_ref().is_some_and(|container| container.tty);
    let mut log = Log::new(if terminal { Form::Plain } else { Form::Frames });
    let query = format!("stdout=1&stderr=1&timestamps=1&tail={LAST_LINES}");
    let call = Call::get(attempted.clone(), format!("{path}/logs?{query}"));
    let patience = PATIENCE.min(link.time_out());
    let whole = tokio::time::timeout(patience, read(link, call, &mut log)).await;
    let lines = log.lines();
    match whole {
        Ok(Err(error)) if lines.is_empty() => Err(error),
        Err(_) if lines.is_empty() => {
            let seen = format!("nothing within {} s", patience.as_secs_f32());
            Err(no_answer(&attempted, seen, None))
        }
        _ => Ok(LastWords { container: task.spec.container_spec.clone(), lines }),
    }
}

async fn read(link: &Link, call: Call, log: &mut Log) -> Result<(), SwarmError> {
    let attempted = call.attempted.clone();
    let body: Incoming = link.stream(call).await?;
    let mut pieces = BodyStream::new(body);
    let broken = |cause| no_answer(&attempted, "its answer is not whole", Some(Box::new(cause)));
    let mut left = MOST;
    while let Some(piece) = pieces.try_next().await.map_err(broken)? {
        let Ok(data) = piece.into_data() else { continue };
        let taken = data.len().min(left);
        left -= taken;
        if log.take(data.get(..taken).unwrap_or_default()) == Read::Strange {
            return Err(no_answer(&attempted, "its answer is no log", None));
        }
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Pieces with heads.
    Frames,
    /// As the terminal shows it.
    Plain,
}

/// Whether what came can be part of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Good,
    Strange,
}

/// A log as far as it has come. Of each line no more is kept than will be shown, and of the lines
/// the last ones.
#[derive(Debug)]
struct Log {
    form: Form,
    /// The head of the next frame, as far as it has come.
    head: Vec<u8>,
    /// What is missing of the frame that is read.
    left: usize,
    stream: u8,
    /// The line that is not ended yet, of each stream.
    open: [Vec<u8>; 4],
    ended: VecDeque<Vec<u8>>,
}

impl Log {
    fn new(form: Form) -> Self {
        let ended = VecDeque::new();
        Self { form, head: Vec::new(), left: 0, stream: 1, open: Default::default(), ended }
    }

    fn take(&mut self, mut bytes: &[u8]) -> Read {
        if self.form == Form::Plain {
            self.text(bytes);
            return Read::Good;
        }
        while !bytes.is_empty() {
            if self.left == 0 {
                let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
                self.head.extend_from_slice(head);
                bytes = rest;
                if self.begin() == Read::Strange {
                    return Read::Strange;
                }
                continue;
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(self.left));
            self.left -= piece.len();
            bytes = rest;
            self.text(piece);
        }
        Read::Good
    }

    /// Reads a head that is whole.
    fn begin(&mut self) -> Read {
        let Ok([stream, a, b, c, length @ ..]) = <[u8; HEAD]>::try_from(self.head.as_slice())
        else {
            return Read::Good;
        };
        self.head.clear();
        self.left = u32::from_be_bytes(length) as usize;
        self.stream = stream;
        let good = stream <= ENGINE && [a, b, c] == [0; 3];
        if good { Read::Good } else { Read::Strange }
    }

    fn text(&mut self, text: &[u8]) {
        let Some(open) = self.open.get_mut(usize::from(self.stream)) else { return };
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            // Room for the time in front.
            let room = (LINE_BYTES + TIME).saturating_sub(open.len());
            open.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            if part.ends_with(b"\n") {
                self.ended.push_back(std::mem::take(open));
            }
        }
        // Each stream may have as many.
        while self.ended.len() > 2 * LAST_LINES {
            self.ended.pop_front();
        }
    }

    /// The last lines of all streams, in the order in which they were written.
    fn lines(mut self) -> Vec<String> {
        let open = self.open.into_iter().filter(|line| !line.is_empty());
        self.ended.extend(open);
        let mut lines: Vec<(Option<Timestamp>, String)> =
            self.ended.iter().map(|line| timed(line)).collect();
        lines.sort_by_key(|(time, _)| *time);
        let first = lines.len().saturating_sub(LAST_LINES);
        lines.into_iter().skip(first).map(|(_, text)| text).collect()
    }
}

/// Bytes of the time in front of a line, with the blank after it.
const TIME: usize = 32;

/// Takes the time off a line that has one, and cuts it.
fn timed(line: &[u8]) -> (Option<Timestamp>, String) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let time = text.split_once(' ').and_then(|(time, rest)| Some((time.parse().ok()?, rest)));
    let (time, text) = time.map_or((None, text), |(time, rest)| (Some(time), rest));
    (time, text[..text.floor_char_boundary(LINE_BYTES)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
    }

    /// The lines of an answer that comes in pieces of this size.
    fn check(form: Form, answer: &[u8], size: usize) -> Vec<String> {
        let mut log = Log::new(form);
        for piece in answer.chunks(size) {
            assert_eq!(log.take(piece), Read::Good);
        }
        log.lines()
    }

    #[test]
    fn lines_come_in_the_order_of_their_times_however_the_answer_is_cut() {
        let at =
            |second: u32, text: &str| format!("2026-11-30T13:51:{second:02}.000000000Z {text}\n");
        let err = [at(3, "third"), at(1, "first")].map(|text| frame(2, &text)).concat();
        let answer = [err, frame(1, &at(2, "second")), frame(3, "no reader")].concat();
        for size in [1, 3, 7, 8, 9, 1000] {
            let lines = check(Form::Frames, &answer, size);
            assert_eq!(lines, ["no reader", "first", "second", "third"], "{size}");
        }
    }

    #[test]
    fn a_terminal_writes_plainly_and_ends_lines_in_its_own_way() {
        let lines = check(Form::Plain, b"one\r\ntwo \xff\r\n\r\nopen", 2);
        assert_eq!(lines, ["one", "two \u{fffd}", "", "open"]);
    }

    #[test]
    fn a_line_over_several_frames_is_one_and_a_long_one_is_cut() {
        let long = "é".repeat(LINE_BYTES);
        let answer = [frame(1, "a"), frame(1, "b\n"), frame(2, &long), frame(2, "end\nlast\n")];
        let lines = check(Form::Frames, &answer.concat(), 64);
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("ab", "last"));
        assert!(lines[1].len() <= LINE_BYTES && lines[1].starts_with("éé"), "{}", lines[1].len());
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let many: String = (0..1000).map(|n| format!("{n}\n")).collect();
        let lines = check(Form::Frames, &frame(1, &many), 100);
        assert_eq!(lines, ["990", "991", "992", "993", "994", "995", "996", "997", "998", "999"]);
    }

    #[test]
    fn what_has_no_frames_is_no_log() {
        let mut log = Log::new(Form::Frames);
        assert_eq!(log.take(b"{\"message\":\"nonsense\"}"), Read::Strange);
    }
}

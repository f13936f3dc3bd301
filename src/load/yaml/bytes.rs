//! Bytes to text: what is too large, no UTF-8, or holds NUL bytes is refused with its place.

use super::build::clamp;
use super::fault::Fault;
use crate::load::bounds::MAX_FILE_BYTES;
use crate::model::Position;

/// The text without a byte order mark.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Fault::new(format!(
            "the file has {} bytes, skep reads YAML files of at most {MAX_FILE_BYTES}",
            bytes.len()
        ))
        .hint("split it"));
    }
    let (valid, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            (std::str::from_utf8(valid).unwrap_or_default(), true)
        }
    };
    if let Some((before, _)) = valid.split_once('\0') {
        return Err(Fault::new("the file holds a NUL byte")
            .at(end_of(before))
            .hint("it is no text file, or it was saved as UTF-16: save it as UTF-8"));
    }
    if broken {
        let fault = Fault::new("the file is not valid UTF-8 from here on").at(end_of(valid));
        return Err(fault.hint("save it as UTF-8"));
    }
    Ok(valid.strip_prefix('\u{feff}').unwrap_or(valid))
}

/// The place behind the last character of a text.
fn end_of(text: &str) -> Position {
    let line = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Position { line: clamp(line), column: clamp(column) }
}

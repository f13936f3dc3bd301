//! Short volume forms: `/data`, `data:/data`, `/host:/in:ro,rslave`.

use super::TextError;

/// What kind of mount a short form stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the node.
    Bind,
    /// A named or anonymous volume.
    Volume,
}

/// A short volume form, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortVolume {
    /// Bind or volume.
    pub kind: MountKind,
    /// Path or name; empty for an anonymous volume.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// Not writable.
    pub read_only: bool,
    /// `rw` was said.
    pub writable: bool,
    /// Don't copy the image's content into a new volume.
    pub no_copy: bool,
    /// `rprivate` and the like.
    pub propagation: Option<String>,
    /// Options that Swarm has no use for (`z`, `delegated` …).
    pub without_effect: Vec<String>,
}

const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/// Reads a short volume form as docker does (`loader/volume.go`), but for one accident: there
/// `v:/data` is the drive `v:` of Windows and becomes an anonymous volume at `v:/data`; here a
/// single letter is a drive only when a backslash, or a slash and a further `:/`, follows.
///
/// # Errors
/// When a part is empty or there are too many of them.
pub fn parse_volume(text: &str) -> Result<ShortVolume, TextError> {
    let sections = sections(text);
    if sections.iter().any(String::is_empty) {
        return Err(TextError::new("has an empty part between colons"));
    }
    let (source, target, options) = match sections.as_slice() {
        [target] => (String::new(), target.clone(), ""),
        [source, target] => (source.clone(), target.clone(), ""),
        [source, target, options] => (source.clone(), target.clone(), options.as_str()),
        _ => return Err(TextError::new("has too many colons: SOURCE:TARGET:OPTIONS")),
    };
    let kind = if is_path(&source) { MountKind::Bind } else { MountKind::Volume };
    let mut volume = ShortVolume {
        kind,
        source,
        target,
        read_only: false,
        writable: false,
        no_copy: false,
        propagation: None,
        without_effect: Vec::new(),
    };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" | "rw" => {
                volume.read_only = option == "ro";
                volume.writable = option == "rw";
            }
            "nocopy" => volume.no_copy = true,
            _ if PROPAGATIONS.contains(&option) => volume.propagation = Some(option.to_owned()),
            _ => volume.without_effect.push(option.to_owned()),
        }
    }
    Ok(volume)
}

/// Splits at colons, but for those of Windows drives.
fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    let mut rest = text;
    loop {
        let begin = if is_drive(rest) { 2 } else { 0 };
        let end = rest[begin..].find(':').map_or(rest.len(), |at| begin + at);
        sections.push(rest[..end].to_owned());
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return sections,
        }
    }
}

fn is_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    let letter = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    letter
        && match bytes.get(2) {
            Some(b'\\') => true,
            Some(b'/') => text[2..].contains(":/") || text[2..].contains(":\\"),
            _ => false,
        }
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~'])
        || source.starts_with("\\\\")
        || source.get(1..2) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse_volume(text) {
            Ok(v) => format!(
                "{:?} {}>{}{}{}{}{}",
                v.kind,
                v.source,
                v.target,
                match (v.read_only, v.writable) {
                    (true, _) => " ro",
                    (_, true) => " rw",
                    _ => "",
                },
                if v.no_copy { " nocopy" } else { "" },
                v.propagation.map_or_else(String::new, |p| format!(" {p}")),
                v.without_effect.iter().map(|o| format!(" ({o})")).collect::<String>(),
            ),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn short_volumes_are_dockers() {
        for (text, mount) in [
            ("/data", "Volume >/data"),
            ("data:/d", "Volume data>/d"),
            ("data:/d:ro,rw", "Volume data>/d rw"),
            ("data:/d:nocopy", "Volume data>/d nocopy"),
            ("/a:/b:ro", "Bind /a>/b ro"),
            ("./a:/b:ro,z,rslave", "Bind ./a>/b ro rslave (z)"),
            ("~/a:/b", "Bind ~/a>/b"),
            (r"c:\a:c:\b:ro", r"Bind c:\a>c:\b ro"),
            ("c:/a:/b", "Bind c:/a>/b"),
            (r"\\.\pipe\x:\\.\pipe\x", r"Bind \\.\pipe\x>\\.\pipe\x"),
            ("/a::/b", "! has an empty part between colons"),
            ("/a:/b:ro:x", "! has too many colons: SOURCE:TARGET:OPTIONS"),
            ("", "! has an empty part between colons"),
        ] {
            assert_eq!(check(text), mount, "{text}");
        }
    }

    #[test]
    fn a_volume_with_a_name_of_one_letter_is_no_drive() {
        assert_eq!(check("v:/data"), "Volume v>/data");
        assert_eq!(check("v:/data:ro"), "Volume v>/data ro");
    }
}

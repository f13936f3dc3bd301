//! Any text in the small languages inside of scalars: no panic, bounded results.

use skep::load::bounds::MAX_PORT_RANGE;
use skep::load::text::{
    parse_bytes, parse_dotenv, parse_duration, parse_env_file, parse_nano_cpus, parse_ports,
    parse_volume, split_words,
};

pub fn run(data: &[u8]) {
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    for (good, bad) in [parse_env_file(data), parse_dotenv(data)] {
        assert!(good.len() + bad.len() <= lines);
        assert!(good.iter().all(|line| !line.name.is_empty()));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(parse_bytes(text).is_ok_and(|bytes| bytes >= 0) || parse_bytes(text).is_err());
    let _ = (parse_duration(text), parse_nano_cpus(text));
    if let Ok(ports) = parse_ports(text) {
        assert!(!ports.pairs.is_empty() && ports.pairs.len() <= MAX_PORT_RANGE as usize);
    }
    if let Ok(volume) = parse_volume(text) {
        assert!(!volume.target.is_empty());
    }
    if let Ok(words) = split_words(text) {
        assert!(words.iter().map(String::len).sum::<usize>() <= text.len());
    }
}

//! Any bytes as a sealed file, and as one that is to be sealed: no panic, and what is sealed is told
//! from what is not.

use skep::model::SecretBytes;
use skep::sops::{Format, Identities, Standing, inspect, open, pick, standing};

const FORMATS: [Format; 4] = [Format::Yaml, Format::Json, Format::Dotenv, Format::Binary];

pub fn run(data: &[u8]) {
    let sealed = standing("x", data);
    assert_eq!(sealed, standing("x", data));
    let plain = SecretBytes::new(data.to_vec());
    for format in FORMATS {
        // Nobody's key opens it.
        assert!(open(format, data, Identities::NONE).is_err());
        if let Ok(metadata) = inspect(format, data) {
            assert!(!metadata.recipients().is_empty());
        }
        let _ = pick(format, &plain, "a.b");
    }
    let marked = data.windows(skep::sops::MARK.len()).any(|w| w == skep::sops::MARK.as_bytes());
    assert_eq!(sealed != Standing::Plain, marked);
    // An identity is refused or read, and never told.
    if let Err(error) = Identities::read(&plain) {
        assert!(error.to_string().len() < 200);
    }
}

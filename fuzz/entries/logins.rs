//! Any bytes as docker's `config.json`: no panic, and errors on one line.

use skep::model::{ImageRef, RegistryLogins};

pub fn run(data: &[u8]) {
    match RegistryLogins::from_docker_config(data) {
        Ok(logins) => {
            for image in ["nginx", "r.io/a", "r.io:5000/a"] {
                let image: ImageRef = image.parse().unwrap();
                let _ = logins.of(image.registry()).map(ToString::to_string);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

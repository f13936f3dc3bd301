//! Any text as an image reference: no panic, and what is printed is read again as the same.

use skep::model::ImageRef;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(image) = text.parse::<ImageRef>() {
        assert_eq!(image.familiar().parse::<ImageRef>().as_ref(), Ok(&image));
    }
}

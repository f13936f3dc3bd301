//! The files of the project.

use std::fs;
use std::path::Path;

/// A Rust file.
pub struct File {
    /// Its path from the project's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// The room that the file is part of: the folder or file right under `src/`.
    pub fn room(&self) -> Option<&str> {
        let room = self.path.strip_prefix("src/")?.split('/').next()?;
        Some(room.strip_suffix(".rs").unwrap_or(room))
    }

    /// How many modules deep the file is: `lib.rs` 0, `plan/mod.rs` 1, `plan/stack.rs` 2.
    pub fn depth(&self) -> usize {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix("mod.rs").unwrap_or(path);
        match path {
            "lib.rs" | "main.rs" => 0,
            path => path.split('/').filter(|part| !part.is_empty()).count(),
        }
    }
}

/// Text of a file of the project.
pub fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// All Rust files in some folders of the project, by path; a folder may be missing.
pub fn rust_files(folders: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &str, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) else {
        return;
    };
    for entry in entries {
        let entry = entry.expect(folder);
        let path = format!("{folder}/{}", entry.file_name().to_str().expect("a plain name"));
        if entry.file_type().expect("a file type").is_dir() {
            // What cargo made of the fuzz targets is no part of the project.
            if entry.file_name() != "target" {
                collect(&path, files);
            }
        } else if path.ends_with(".rs") {
            let text = read(&path);
            files.push(File { path, text });
        }
    }
}

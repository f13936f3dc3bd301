//! A git host that runs in a swarm: `git http-backend` behind as much HTTP as git speaks.
//!
//! `git-host FOLDER NAME` serves the bare repository `FOLDER/NAME` at port 8080, to everybody, for
//! reading and writing. When it is not there it is made, empty.
//!
//! Standard library only, linked statically: beside it the image has git.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, io, thread};

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [folder, name] = &words[..] else { return Err(io::Error::other("git-host FOLDER NAME")) };
    let repository = Path::new(folder).join(name);
    if !repository.exists() {
        git(&["init", "--bare", "--initial-branch=main", &repository.display().to_string()])?;
        let repository = repository.display().to_string();
        git(&["-C", &repository, "config", "http.receivepack", "true"])?;
    }
    let listener = TcpListener::bind("0.0.0.0:8080")?;
    println!("{name} is served");
    for stream in listener.incoming().flatten() {
        let folder = folder.clone();
        thread::spawn(move || answer(&folder, &stream));
    }
    Ok(())
}

fn git(words: &[&str]) -> io::Result<()> {
    let status = Command::new("git").args(words).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("git {words:?}: {status}")))
    }
}

/// Reads one request and answers it. A client that went away is no concern of ours.
fn answer(folder: &str, mut stream: &TcpStream) {
    let told = Request::read(stream).and_then(|request| request.run(folder));
    let told = told.unwrap_or_else(|why| format!("Status: 500 {why}\r\n\r\n").into_bytes());
    // Of this version a body without a length ends with the connection.
    let answer = match told.strip_prefix(b"Status: ") {
        Some(told) => [b"HTTP/1.0 ", told].concat(),
        None => [b"HTTP/1.0 200 OK\r\n", &told[..]].concat(),
    };
    let _ = stream.write_all(&answer);
}

struct Request {
    method: String,
    path: String,
    query: String,
    /// By names in small letters.
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// Bodies have a length: git sends the small ones so.
    fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).map(|_| line.trim_end().to_owned())
        };
        let first = line()?;
        let mut headers = BTreeMap::new();
        while let Some((name, value)) = line()?.split_once(": ") {
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let length = headers.get("content-length").map_or(Ok(0), |length| length.parse());
        let mut body = vec![0; length.map_err(io::Error::other)?];
        reader.read_exact(&mut body)?;
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        Ok(Self { method, path, query, headers, body })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// What git answers: headers, an empty line, the body.
    fn run(&self, folder: &str) -> io::Result<Vec<u8>> {
        let mut child = Command::new("git")
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", folder)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &self.method)
            .env("PATH_INFO", &self.path)
            .env("QUERY_STRING", &self.query)
            .env("CONTENT_TYPE", self.header("content-type"))
            .env("CONTENT_LENGTH", self.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", self.header("content-encoding"))
            .env("GIT_PROTOCOL", self.header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().ok_or_else(|| io::Error::other("no pipe"))?;
        let body = self.body.clone();
        thread::spawn(move || stdin.write_all(&body));
        Ok(child.wait_with_output()?.stdout)
    }
}

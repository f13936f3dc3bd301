//! The program that the tests deploy: a web server whose behaviour is chosen from outside.
//!
//! Settings come from the environment (`PROGRAM_AFTER=5s`) or from arguments (`--after 5s`),
//! which win:
//!
//! * `version TEXT`: what `/` answers,
//! * `port N`: where it listens, 8080 by default,
//! * `after TIME`: nothing is served before that,
//! * `exit TIME`: ends by itself after that, with status `code N` (1 by default),
//! * `stop N`: its status when it is told to stop (SIGTERM), which it does at once; 0 by default,
//! * `health ok|sick`: what `/health` answers.
//!
//! Routes: `/`, `/health`, `/env` (the environment), `/secrets` (all of `/run/secrets`) and
//! `/file/PATH` (one file, such as a mounted config).
//!
//! `program health` asks `/health` of the server beside it, at `PROGRAM_PORT`: the health check
//! of its container.
//!
//! Standard library only, linked statically: the image holds nothing but this file's binary.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const SIGTERM: i32 = 15;
const NAMES: [&str; 7] = ["version", "port", "after", "exit", "code", "stop", "health"];

/// The status after SIGTERM, where the signal's handler finds it.
static STOP: AtomicI32 = AtomicI32::new(0);

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(status: i32) -> !;
}

/// Ends the program at once. The first process of a container has no default action for
/// SIGTERM: without a handler a stop would take the whole grace period.
extern "C" fn on_terminate(_: i32) {
    // SAFETY: `_exit` may be called from a signal handler.
    unsafe { _exit(STOP.load(Ordering::Relaxed)) }
}

fn main() {
    let started = Instant::now();
    let (settings, words) = settings();
    STOP.store(number(&settings, "stop").unwrap_or(0) as i32, Ordering::Relaxed);
    // SAFETY: the handler calls nothing that is unsafe in a signal handler.
    unsafe { signal(SIGTERM, on_terminate) };
    match words.first().map(String::as_str) {
        None => run(&settings, started),
        Some("health") => check_health(&settings),
        Some(word) => fail(&format!("unknown word {word:?}")),
    }
}

type Settings = BTreeMap<&'static str, String>;

/// The settings, and the arguments that are none.
fn settings() -> (Settings, Vec<String>) {
    let mut settings = Settings::from([("port", "8080".into()), ("code", "1".into())]);
    for name in NAMES {
        if let Ok(value) = env::var(format!("PROGRAM_{}", name.to_uppercase())) {
            settings.insert(name, value);
        }
    }
    let mut words = Vec::new();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match NAMES.iter().find(|name| argument.strip_prefix("--") == Some(name)) {
            Some(name) => {
                let value = arguments.next();
                settings.insert(
                    name,
                    value.unwrap_or_else(|| fail(&format!("{argument} wants a value"))),
                );
            }
            None => words.push(argument),
        }
    }
    (settings, words)
}

fn fail(message: &str) -> ! {
    eprintln!("program: {message}");
    exit(2)
}

/// The number behind a setting like `8080`, `8s` or `250ms`; times are in milliseconds.
fn number(settings: &Settings, name: &str) -> Option<u64> {
    let text = settings.get(name)?;
    let (digits, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1000),
        (None, None) => (text.as_str(), 1),
    };
    match digits.parse::<u64>() {
        Ok(number) => Some(number * factor),
        Err(_) => fail(&format!("{name} {text:?} is no number")),
    }
}

fn run(settings: &Settings, started: Instant) {
    if let Some(life) = number(settings, "exit") {
        let code = number(settings, "code").unwrap_or(1) as i32;
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(life).saturating_sub(started.elapsed()));
            eprintln!("program: ends with status {code} after {life} ms, as it was told");
            exit(code)
        });
    }
    if let Some(delay) = number(settings, "after") {
        thread::sleep(Duration::from_millis(delay));
    }
    serve(settings);
}

fn serve(settings: &Settings) {
    let port = number(settings, "port").unwrap_or_default();
    let listener = match TcpListener::bind(format!("0.0.0.0:{port}")) {
        Ok(listener) => listener,
        Err(error) => fail(&format!("cannot listen on port {port}: {error}")),
    };
    println!("program {} listens on port {port}", version(settings));
    for stream in listener.incoming().flatten() {
        let settings = settings.clone();
        // A client that hangs must not keep the health check waiting.
        thread::spawn(move || answer(&settings, stream));
    }
}

fn version(settings: &Settings) -> &str {
    settings.get("version").map_or("unversioned", String::as_str)
}

/// Reads one request and answers it. A client that went away is no concern of ours.
fn answer(settings: &Settings, mut stream: TcpStream) {
    let mut lines = BufReader::new(&stream).take(64 * 1024).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    // Closing a connection with unread input would reset it before the answer is read.
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = page(settings, path);
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn page(settings: &Settings, path: &str) -> (&'static str, Vec<u8>) {
    let sick = settings.get("health").is_some_and(|health| health == "sick");
    match path {
        "/" => ("200 OK", format!("{}\n", version(settings)).into_bytes()),
        "/health" if sick => ("503 Service Unavailable", b"sick\n".to_vec()),
        "/health" => ("200 OK", b"ok\n".to_vec()),
        "/env" => ("200 OK", environment().into_bytes()),
        "/secrets" => ("200 OK", secrets()),
        _ => match path.strip_prefix("/file").map(fs::read) {
            Some(Ok(content)) => ("200 OK", content),
            Some(Err(error)) => ("404 Not Found", format!("{path}: {error}\n").into_bytes()),
            None => ("404 Not Found", format!("no page {path}\n").into_bytes()),
        },
    }
}

/// `NAME=VALUE`, a line each, in order.
fn environment() -> String {
    let sorted: BTreeMap<String, String> = env::vars().collect();
    sorted.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// `NAME=CONTENT`, a line each, in order; none is an empty page.
fn secrets() -> Vec<u8> {
    let Ok(folder) = fs::read_dir("/run/secrets") else {
        return Vec::new();
    };
    let mut files: Vec<_> = folder.flatten().map(|file| file.path()).collect();
    files.sort();
    let mut page = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        page.extend_from_slice(format!("{name}=").as_bytes());
        page.extend(fs::read(&file).unwrap_or_default());
        page.push(b'\n');
    }
    page
}

fn check_health(settings: &Settings) {
    let port = number(settings, "port").unwrap_or_default();
    match ask_health(port as u16) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => println!("healthy"),
        Ok(answer) => unhealthy(answer.lines().next().unwrap_or_default()),
        Err(error) => unhealthy(&error.to_string()),
    }
}

fn unhealthy(why: &str) -> ! {
    println!("unhealthy: {why}");
    exit(1)
}

fn ask_health(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

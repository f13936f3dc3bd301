//! The `skep` program; everything is in the library's `cli`.

fn main() -> std::process::ExitCode {
    skep::cli::main()
}

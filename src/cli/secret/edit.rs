//! `skep secret edit`: a sealed file in an editor.
#![expect(clippy::disallowed_methods, reason = "an editor works on a file")]

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KeyArgs;
use super::on_disk::{Overwrites, moment, opened, write};
use crate::cli::error::Failure;
use crate::cli::start::Environment;
use crate::cli::{Exit, output};
use crate::model::SecretBytes;

/// Change a sealed file in an editor ($VISUAL or $EDITOR)
///
/// What does not change keeps its sealed form, so that a diff shows what did.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Sealed file
    file: PathBuf,
    #[command(flatten)]
    keys: KeyArgs,
}

pub(super) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let attempted = || format!("edit {}", args.file.display());
    let editor = editor(environment)?;
    let found = opened(&args.file, &args.keys.identities(environment)?)?;
    let desk = Desk::with(&args.file, &found.opened.plain)
        .map_err(|error| Failure::new(attempted(), error))?;
    let mut before = found.opened.plain.clone();
    loop {
        desk.edit(&editor, environment).await?;
        let after = desk.read().map_err(|error| Failure::new(attempted(), error))?;
        if after == found.opened.plain {
            output::note("nothing was changed\n");
            return Ok(Exit::Fine);
        }
        match found.opened.sealed_anew(&after, moment()?) {
            Ok(sealed) => {
                write(&args.file, &sealed, Overwrites::Replaces)?;
                output::note(&format!("sealed {}\n", args.file.display()));
                return Ok(Exit::Fine);
            }
            // An editor that gives the same again has nobody at it who would correct it.
            Err(error) if after == before => return Err(Failure::new(attempted(), error)),
            Err(error) => {
                output::failure(&Failure::new(attempted(), error));
                before = after;
            }
        }
    }
}

/// Words of the editor's command.
fn editor(environment: &Environment) -> Result<Vec<String>, Failure> {
    let text = environment.get("VISUAL").or_else(|| environment.get("EDITOR"));
    let text = text.ok_or_else(|| Failure::plain("no editor is named; set EDITOR"))?;
    let words = shlex::split(text).filter(|words| !words.is_empty());
    words.ok_or_else(|| Failure::plain("EDITOR is no command"))
}

/// A private directory with the file in clear; both are wiped when it goes.
struct Desk {
    file: PathBuf,
    _directory: tempfile::TempDir,
}

impl Desk {
    fn with(name: &Path, plain: &SecretBytes) -> std::io::Result<Self> {
        // In memory where the system has such a place: what is on a disk is hard to wipe.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let directory = tempfile::Builder::new().prefix("skep-edit-").tempdir_in(place)?;
        let file = directory.path().join(name.file_name().unwrap_or_default());
        write_private(&file, plain.reveal())?;
        Ok(Self { file, _directory: directory })
    }

    async fn edit(&self, editor: &[String], environment: &Environment) -> Result<(), Failure> {
        let (program, arguments) = editor.split_first().map_or(("", &[][..]), |(p, a)| (p, a));
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).arg(&self.file).env_clear().envs(environment.all());
        let attempted = || format!("run the editor {program}");
        let status = command.status().await.map_err(|error| Failure::new(attempted(), error))?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(attempted(), format!("it ended with {status}"))),
        }
    }

    fn read(&self) -> std::io::Result<SecretBytes> {
        std::fs::read(&self.file).map(SecretBytes::new)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let Ok(about) = std::fs::metadata(&self.file) else { return };
        let length = usize::try_from(about.len()).unwrap_or_default();
        // It is removed with its directory, whether this works or not.
        let _ = std::fs::write(&self.file, Zeroizing::new(vec![0; length]));
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

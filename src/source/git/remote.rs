//! Questions and fetches: everything that goes over the network.

use std::ffi::OsString;

use crate::ports::SourceError;
use crate::source::Times;
use crate::source::bounds::{MAX_FILE, MAX_LISTING, MAX_MEMORY_ASK};
use crate::source::spec::{Location, SourceSpec, Wanted};

use super::mirror::{Mirror, tracking};
use super::process::{Access, Address, Call, CallError, Fault, of_remote};
use super::refs::{self, Tip};

/// The remote of one source during one pass.
pub(super) struct Remote<'a> {
    spec: &'a SourceSpec,
    mirror: &'a Mirror,
    times: Times,
    access: Access,
}

/// How much of what is wanted is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blobs {
    /// None: history and directories only.
    None,
    /// Those of files that are read.
    Bounded,
    /// All.
    All,
}

impl<'a> Remote<'a> {
    /// Makes credentials ready for a pass. `remote` is the URL or absolute path for `git`.
    pub(super) fn open(
        spec: &'a SourceSpec,
        mirror: &'a Mirror,
        times: Times,
        remote: &OsString,
    ) -> Result<Self, Fault> {
        let address =
            Address { remote: remote.clone(), spec, ssh_dir: mirror.ssh_dir(), stall: times.stall };
        let access = Access::new(&address).map_err(Fault::Source)?;
        Ok(Self { spec, mirror, times, access })
    }

    /// What the wanted revision is now: one `ls-remote`, or none for an exact commit.
    pub(super) async fn tip(&self) -> Result<Tip, Fault> {
        let attempted = format!("asking {} for {}", self.spec.location, self.spec.wanted);
        let refs = if let Wanted::Commit(_) = self.spec.wanted {
            Vec::new()
        } else {
            let mut call = Call::new(["ls-remote", "--quiet"], MAX_LISTING, self.times.ask);
            call.max_memory = MAX_MEMORY_ASK;
            call.args.extend(refs::question(&self.spec.wanted).iter().map(OsString::from));
            // Outside of any repository: a broken mirror must not keep the question from being put.
            call.environment.push(("GIT_DIR".into(), "/dev/null".into()));
            let output = self.run(call).await.map_err(|error| self.fault(&attempted, error))?;
            refs::parse_refs(&output)
        };
        refs::choose(&self.spec.wanted, &refs)
            .map_err(|message| Fault::Source(SourceError::Missing { attempted, message }))
    }

    /// Brings the mirror's ref up to the remote's, with the whole history of commits.
    pub(super) async fn fetch(&self, tip: &Tip) -> Result<(), Fault> {
        let attempted = format!("fetching {} from {}", self.spec.wanted, self.spec.location);
        let refspec = format!("+{}:{}", tip.reference, tracking(&tip.reference));
        let first = self.mirror.resolve(&tracking(&tip.reference)).await.is_none();
        // A new mirror takes no blob of the past; an old one takes what changed, like any clone.
        let blobs = if first { Blobs::None } else { Blobs::Bounded };
        let fetched = match self.run(self.call(blobs, &[&refspec])).await {
            // Some servers allow filters, but not this one.
            Err(CallError::Ended { complaint, .. }) if complaint.contains("filter '") => {
                self.run(self.call(Blobs::All, &[&refspec])).await
            }
            fetched => fetched,
        };
        match fetched {
            Ok(_) => Ok(()),
            Err(error) => match (&self.spec.wanted, self.fault(&attempted, error)) {
                (Wanted::Commit(id), Fault::Source(SourceError::Missing { .. })) => {
                    self.fetch_all_for(&attempted, id.as_str()).await
                }
                // Words that are not known may be about the mirror.
                (_, Fault::Source(error @ SourceError::Broken { .. }))
                    if !self.mirror.is_sound().await =>
                {
                    Err(Fault::Mirror(error))
                }
                (_, fault) => Err(fault),
            },
        }
    }

    /// For servers that serve no commit by its id: all branches and tags, then a look whether the
    /// commit came along.
    async fn fetch_all_for(&self, attempted: &str, id: &str) -> Result<(), Fault> {
        let all = ["+refs/heads/*:refs/skep-all/heads/*", "+refs/tags/*:refs/skep-all/tags/*"];
        let fetched = self.run(self.call(Blobs::None, &all)).await;
        fetched.map_err(|error| self.fault(attempted, error))?;
        let commit = format!("{id}^{{commit}}");
        if self.mirror.resolve(&commit).await.is_none() {
            let message = format!("no branch or tag of the repository leads to commit {id}");
            let attempted = attempted.to_owned();
            return Err(Fault::Source(SourceError::Missing { attempted, message }));
        }
        let call = super::mirror::local(["update-ref", "--"]).arg(tracking(id)).arg(id);
        self.mirror.run(call).await.map(drop)
    }

    /// Fetches the files of a directory, all in one request. A server that does not serve them
    /// like that is asked for everything.
    pub(super) async fn fetch_files(&self, tree: &str, tip: &Tip) -> Result<(), Fault> {
        let attempted = format!("fetching files from {}", self.spec.location);
        let mut call = self.call(Blobs::Bounded, &[tree]);
        // The directory itself is there: without this, git would see nothing to fetch.
        call.args.insert(1, "--refetch".into());
        match self.run(call).await {
            Ok(_) => return Ok(()),
            Err(error @ CallError::TooSlow(_)) => return Err(self.fault(&attempted, error)),
            // With protocol 0 a server only breaks off, so words tell nothing here.
            Err(_) => {}
        }
        let refspec = format!("+{}:{}", tip.reference, tracking(&tip.reference));
        let mut call = self.call(Blobs::All, &[&refspec]);
        call.args.insert(1, "--refetch".into());
        self.run(call).await.map(drop).map_err(|error| self.fault(&attempted, error))
    }

    fn call(&self, blobs: Blobs, refspecs: &[&str]) -> Call {
        let fixed = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--update-shallow",
        ];
        let mut call = Call::new(fixed, MAX_LISTING, self.times.fetch);
        call.args.push(self.filter(blobs).into());
        call.args.extend(["--", "origin"].map(OsString::from));
        call.args.extend(refspecs.iter().map(OsString::from));
        call
    }

    /// Repositories on this machine are fetched whole: they rarely allow filters, and nothing is
    /// saved.
    fn filter(&self, blobs: Blobs) -> String {
        match (&self.spec.location, blobs) {
            (Location::Repository(_) | Location::Path(_), _) | (_, Blobs::All) => {
                "--no-filter".to_owned()
            }
            (_, Blobs::None) => "--filter=blob:none".to_owned(),
            (_, Blobs::Bounded) => format!("--filter=blob:limit={}", MAX_FILE + 1),
        }
    }

    async fn run(&self, mut call: Call) -> Result<Vec<u8>, CallError> {
        call.environment.extend(self.access.environment.iter().cloned());
        self.mirror.try_run(call).await
    }

    fn fault(&self, attempted: &str, error: CallError) -> Fault {
        Fault::Source(of_remote(attempted, error, &self.access.secrets))
    }
}

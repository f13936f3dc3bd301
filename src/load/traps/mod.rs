//! Traps: declarations that are right by the letter and do something else than one thinks.
//!
//! Each is a warning with the place and what to do, told by `validate`; one file for each kind. A
//! trap fires only for what the files themselves say: nothing is known here of nodes, images or
//! what runs. There is none for `restart_policy`: `on-failure` and `none` mean what they say.

mod health;
mod image;
mod known;
mod order;
mod update;
mod volumes;

use std::collections::BTreeMap;

use crate::load::compose::{External, Order, Port, Service, Volume, VolumeMount, VolumeType};
use crate::load::findings::{Findings, Remark};
use crate::load::yaml::{KeyPath, Node, Part};
use crate::model::ImageRef;

pub use order::never_completes;

/// A service, as far as traps look at it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// As written.
    pub form: &'a Service,
    /// Its image.
    pub image: &'a ImageRef,
    /// Volumes of the stack, by key.
    pub volumes: &'a BTreeMap<String, Volume>,
}

/// A trap that a service steps into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// From the service to the culprit.
    at: Vec<Part<'static>>,
    remark: Remark,
}

/// All traps; each looks at one service.
const TRAPS: [fn(&Case<'_>) -> Vec<Trap>; 9] = [
    update::host_port,
    update::volume,
    volumes::no_constraint,
    volumes::path_of_a_node,
    image::moving_tag,
    health::words,
    health::list_as_text,
    health::no_shell,
    health::no_program,
];

/// Warns of the traps that a service at a path steps into.
pub fn warn(case: &Case<'_>, (tree, path): (&Node, &KeyPath<'_>), findings: &mut Findings) {
    for trap in TRAPS.iter().flat_map(|trap| trap(case)) {
        tell(&trap, &trap.at, (tree, path), findings);
    }
}

fn tell(
    trap: &Trap,
    at: &[Part<'static>],
    (tree, path): (&Node, &KeyPath<'_>),
    findings: &mut Findings,
) {
    match at {
        [] => findings.trap_in(tree, path, trap.remark.clone()),
        [Part::Key(key), rest @ ..] => tell(trap, rest, (tree, &path.key(key)), findings),
        [Part::Index(index), rest @ ..] => tell(trap, rest, (tree, &path.index(*index)), findings),
    }
}

impl Trap {
    fn at(keys: &[&'static str], remark: impl Into<Remark>) -> Self {
        Self { at: keys.iter().map(|key| Part::Key(key)).collect(), remark: remark.into() }
    }

    fn item(list: &'static str, index: usize, remark: impl Into<Remark>) -> Self {
        Self { at: vec![Part::Key(list), Part::Index(index)], remark: remark.into() }
    }
}

/// A mount, as far as traps look at it.
struct Seen<'a> {
    index: usize,
    kind: VolumeType,
    source: &'a str,
    read_only: bool,
}

impl<'a> Case<'a> {
    fn mode(&self) -> &str {
        self.form.deploy.as_ref().and_then(|deploy| deploy.mode.as_deref()).unwrap_or_default()
    }

    /// True when tasks may run on any node, and none of them is bound to one.
    fn moves(&self) -> bool {
        let deploy = self.form.deploy.as_ref();
        let placement = deploy.and_then(|deploy| deploy.placement.as_ref());
        let bound = placement.and_then(|p| p.constraints.as_ref()).is_some_and(|c| !c.is_empty());
        let none = deploy.and_then(|deploy| deploy.replicas) == Some(0);
        !bound && !none && !self.mode().starts_with("global")
    }

    fn starts_first(&self) -> bool {
        let update = self.form.deploy.as_ref().and_then(|deploy| deploy.update_config.as_ref());
        update.and_then(|update| update.order) == Some(Order::StartFirst)
    }

    fn host_port(&self) -> Option<u32> {
        self.form.ports.iter().flatten().find_map(|port| match port {
            Port::Long(long) if long.mode.as_deref() == Some("host") => {
                long.published.filter(|port| *port != 0)
            }
            _ => None,
        })
    }

    fn mounts(&self) -> impl Iterator<Item = Seen<'a>> {
        let form: &'a Service = self.form;
        form.volumes.iter().flatten().enumerate().map(|(index, mount)| match mount {
            VolumeMount::Short(short) => Seen {
                index,
                kind: match short.0.kind {
                    crate::load::text::MountKind::Bind => VolumeType::Bind,
                    crate::load::text::MountKind::Volume => VolumeType::Volume,
                },
                source: &short.0.source,
                read_only: short.0.read_only,
            },
            VolumeMount::Long(long) => Seen {
                index,
                kind: long.kind,
                source: long.source.as_deref().unwrap_or_default(),
                read_only: long.read_only.unwrap_or_default(),
            },
        })
    }

    /// Named volumes that lie on one node: of the driver `local`, without a file server behind.
    fn local_volumes(&self) -> impl Iterator<Item = Seen<'a>> {
        let volumes = self.volumes;
        self.mounts().filter(move |mount| {
            let declared = volumes.get(mount.source);
            mount.kind == VolumeType::Volume && declared.is_some_and(is_local)
        })
    }
}

/// What somebody else made may lie anywhere.
fn is_local(volume: &Volume) -> bool {
    let external = volume.external.as_ref().is_some_and(External::is_external);
    let driver = volume.driver.as_deref().unwrap_or_default();
    let option = |key: &str| volume.driver_opts.as_ref().and_then(|options| options.get(key));
    let file_system = option("type").map(|text| text.0.as_str()).unwrap_or_default();
    let on_disk = matches!(file_system, "" | "none" | "bind" | "tmpfs" | "ext4" | "xfs" | "btrfs");
    !external && matches!(driver, "" | "local") && on_disk
}

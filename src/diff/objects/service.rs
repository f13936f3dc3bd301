//! Differences of services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diff::change::{FieldChange, LiveService, Owner, ServiceChange, WantedSpec};
use crate::diff::fields::{Fields, NamesById, fields};
use crate::diff::owner::{Claim, IMAGE_LABEL, OWNER_LABEL, Owners, owner_label};
use crate::diff::snapshot::View;
use crate::diff::wanted::{ImageCase, declared_form, in_shape_of, strip};
use crate::model::engine::{NODE_NETWORKS, ServiceSpec};
use crate::model::{DesiredService, Images, Kind, LedgerRecord, ObjectRef, Replicas, SpecHash};

/// What is needed to compare the services of one stack.
pub struct ServiceCase<'a> {
    /// The swarm.
    pub view: &'a View<'a>,
    /// Whose things are.
    pub owners: Owners<'a>,
    /// What the ledger remembers of the stack.
    pub record: &'a LedgerRecord,
    /// Answers of registries.
    pub images: &'a Images,
    /// Engine names of secrets and configs by declared name.
    pub versions: BTreeMap<ObjectRef, String>,
    /// Objects that the stack itself makes.
    pub own: BTreeSet<ObjectRef>,
}

impl ServiceCase<'_> {
    /// Compares one service with what is there under its name.
    #[must_use]
    pub fn compare(&self, name: &str, desired: &DesiredService) -> ServiceChange {
        let live = self.view.observed.services.get(name);
        let decision = ImageCase {
            desired,
            live: live.map(AsRef::as_ref),
            record: self.record.services.get(name),
            images: self.images,
        }
        .decide();
        let mut wanted = self.bind(&desired.spec);
        if let Some(container) = &mut wanted.task_template.container_spec {
            container.image = decision.image;
        }
        if let (Some(placement), Some(platforms)) =
            (&mut wanted.task_template.placement, decision.platforms)
        {
            placement.platforms = platforms;
        }
        let unsupported = strip(&mut wanted, self.view.observed.engine.api);
        let missing = self.missing(&wanted);
        let (meant, stage) = live.map(|live| declared_form(&live.spec)).unzip();
        let meant = meant.as_deref();
        if let Some(meant) = meant {
            wanted = in_shape_of(wanted, meant, &self.view.names);
        }
        let compared = self.compared(&wanted, meant);
        let label = owner_label(self.owners.instance, Kind::Service, name);
        wanted.labels.insert(OWNER_LABEL.to_owned(), label);
        let wanted = match live {
            Some(live) if live.spec == wanted => WantedSpec::AsItIs(Arc::clone(live)),
            _ => WantedSpec::Other(Arc::new(wanted)),
        };
        ServiceChange {
            name: name.to_owned(),
            declared: declared(desired, &compared.wanted),
            hash: compared.wanted.hash,
            replicas: desired.replicas,
            loose: compared.wanted.loose,
            fields: compared.fields,
            live: live.zip(compared.live).map(|(service, hashes)| LiveService {
                service: service.clone(),
                owner: self.owner(name, service),
                hash: hashes.hash,
                loose: hashes.loose,
                canary: stage.flatten(),
            }),
            wanted,
            image: decision.state,
            unsupported,
            missing,
            rank: desired.rank,
            hook: None,
            depends_on: desired.depends_on.clone(),
            rollout: desired.rollout,
            recreate: desired.recreate,
            place: desired.place.clone(),
        }
    }

    /// Equal specs have one picture: it is drawn once.
    fn compared(&self, wanted: &ServiceSpec, live: Option<&ServiceSpec>) -> Compared {
        let picture = fields(wanted, &self.view.names);
        let hashes = Hashes::of(&picture);
        if live == Some(wanted) {
            return Compared { fields: Vec::new(), live: Some(hashes.clone()), wanted: hashes };
        }
        let live = live.map(|live| fields(live, &self.view.names));
        let differing = live.as_ref().map(|live| differing(&picture, live));
        Compared {
            live: live.as_ref().map(Hashes::of),
            fields: differing.unwrap_or_default(),
            wanted: hashes,
        }
    }

    fn owner(&self, name: &str, live: &crate::model::engine::Service) -> Owner {
        let labels = &live.spec.labels;
        self.owners.of(Claim { kind: Kind::Service, name, id: &live.id, labels })
    }

    /// References get the engine names of the versions that are meant.
    fn bind(&self, spec: &ServiceSpec) -> ServiceSpec {
        let mut spec = spec.clone();
        let version = |kind: Kind, name: &mut String| {
            if let Some(engine) = self.versions.get(&ObjectRef::new(kind, name.as_str())) {
                name.clone_from(engine);
            }
        };
        if let Some(container) = &mut spec.task_template.container_spec {
            for reference in &mut container.secrets {
                version(Kind::Secret, &mut reference.secret_name);
            }
            for reference in &mut container.configs {
                version(Kind::Config, &mut reference.config_name);
            }
            let credentials =
                container.privileges.as_deref_mut().and_then(|p| p.credential_spec.as_deref_mut());
            if let Some(credentials) = credentials {
                version(Kind::Config, &mut credentials.config);
            }
        }
        spec
    }

    /// References to objects that are neither there nor made by the stack.
    fn missing(&self, spec: &ServiceSpec) -> BTreeSet<ObjectRef> {
        references(spec)
            .into_iter()
            .filter(|object| !self.own.contains(object) && !self.view.has(object))
            .collect()
    }
}

/// A wanted spec and what is there, as far as the rest of the comparison needs them.
struct Compared {
    wanted: Hashes,
    live: Option<Hashes>,
    fields: Vec<Arc<FieldChange>>,
}

/// Both hashes of a spec.
#[derive(Clone)]
struct Hashes {
    hash: SpecHash,
    loose: SpecHash,
}

impl Hashes {
    fn of(picture: &Fields) -> Self {
        Self { hash: picture.hash(), loose: picture.loose_hash() }
    }
}

/// What of a service may change without new tasks, as far as it is declared.
fn declared(desired: &DesiredService, wanted: &Hashes) -> SpecHash {
    match desired.replicas {
        Replicas::Declared => wanted.loose.clone(),
        Replicas::Free => {
            let labels = desired.spec.labels.iter();
            SpecHash::of(format!("{:?}", labels.collect::<Vec<_>>()).as_bytes())
        }
    }
}

/// All fields of a spec, as changes from nothing.
#[must_use]
pub fn all_fields(spec: &ServiceSpec) -> Vec<Arc<FieldChange>> {
    differing(&fields(spec, &NamesById::new()), &Fields::default())
}

fn differing(wanted: &Fields, live: &Fields) -> Vec<Arc<FieldChange>> {
    let changes = crate::diff::changed_fields(live, wanted);
    // The label repeats the image; one line is enough where both say the same.
    let label = format!("{}.{IMAGE_LABEL}", crate::diff::fields::SERVICE_LABELS);
    let image_differs = changes.iter().any(|change| change.path == crate::diff::fields::IMAGE);
    changes.into_iter().filter(|change| !(image_differs && change.path == label)).collect()
}

/// All networks, secrets and configs that a spec names.
#[must_use]
pub fn references(spec: &ServiceSpec) -> BTreeSet<ObjectRef> {
    let task = &spec.task_template;
    let networks = task.networks.iter().map(|n| ObjectRef::new(Kind::Network, &n.target));
    let mut all: BTreeSet<ObjectRef> =
        networks.filter(|network| !NODE_NETWORKS.contains(&network.name.as_str())).collect();
    if let Some(container) = &task.container_spec {
        all.extend(container.secrets.iter().map(|s| ObjectRef::new(Kind::Secret, &s.secret_name)));
        all.extend(container.configs.iter().map(|c| ObjectRef::new(Kind::Config, &c.config_name)));
    }
    all
}

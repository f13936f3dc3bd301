//! Differences of services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diff::change::{FieldChange, LiveService, Owner, ServiceChange, WantedSpec};
use crate::diff::fields::{Fields, NamesById, fields};
use crate::diff::owner::{Claim, IMAGE_LABEL, OWNER_LABEL, Owners, owner_label};
use crate::diff::snapshot::View;
use crate::diff::wanted::{ImageCase, declared_form, in_shape_of, strip, with_live};
use crate::model::engine::{NODE_NETWORKS, Service, ServiceSpec};
use crate::model::{
    DesiredService, FieldRules, Images, Kind, LedgerRecord, ObjectRef, Replicas, ServiceRecord,
    SpecHash,
};

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
        let rules = &desired.ignore;
        let translated = self.translated(name, (&wanted, rules), live.map(AsRef::as_ref));
        let (meant, stage) = live.map(|live| declared_form(&live.spec)).unzip();
        let meant = meant.as_deref();
        let (mut wanted, ignored) = self.with_live(wanted, meant, desired);
        let missing = self.missing(&wanted);
        let compared = self.compared(&wanted, meant, desired);
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
            ignored,
            ignore: rules.clone(),
            reveal: desired.reveal.clone(),
            policy: desired.policy.clone(),
            translated: translated.map(Box::new),
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

    /// The declaration in the shape of what is there, with what others decide as they have it; and
    /// where that is not what is declared.
    fn with_live(
        &self,
        wanted: ServiceSpec,
        live: Option<&ServiceSpec>,
        DesiredService { ignore: rules, reveal, .. }: &DesiredService,
    ) -> (ServiceSpec, Vec<Arc<FieldChange>>) {
        let (Some(live), names) = (live, &self.view.names) else { return (wanted, Vec::new()) };
        if rules.is_empty() {
            return (in_shape_of(wanted, live, names), Vec::new());
        }
        let shaped = in_shape_of(wanted.clone(), live, names);
        let picture = |spec| fields(spec, names).revealed(reveal);
        let mut ignored = differing(&picture(&shaped), &picture(live));
        ignored.retain(|change| rules.cover(&change.path));
        let wanted = with_live(wanted, live, (rules, names));
        (in_shape_of(wanted, live, names), ignored)
    }

    /// The record of a service under the rules that hold now. The hashes in it that stand for what
    /// is there, what is declared or what was there before are told anew; others are of specs that
    /// nobody has any more. So no rule that comes or goes makes a spec look like another one.
    fn translated(
        &self,
        name: &str,
        (declared, rules): (&ServiceSpec, &FieldRules),
        live: Option<&Service>,
    ) -> Option<ServiceRecord> {
        let record = self.record.services.get(name).filter(|record| record.ignore != *rules)?;
        let names = &self.view.names;
        let declared = match live {
            Some(live) => in_shape_of(declared.clone(), &declared_form(&live.spec).0, names),
            None => declared.clone(),
        };
        let before = live.and_then(|live| live.previous_spec.as_deref());
        let known = live.map(|live| &live.spec).into_iter().chain([&declared]).chain(before);
        let told = known.map(|spec| {
            let picture = fields(&declared_form(spec).0, names);
            let old = Hashes::of(&picture.clone().without(&record.ignore));
            (old, Hashes::of(&picture.without(rules)))
        });
        Some(translate(record.clone(), &told.collect::<Vec<_>>(), rules))
    }

    /// Equal specs have one picture: it is drawn once.
    fn compared(
        &self,
        wanted: &ServiceSpec,
        live: Option<&ServiceSpec>,
        DesiredService { ignore, reveal, .. }: &DesiredService,
    ) -> Compared {
        let draw = |spec| fields(spec, &self.view.names).without(ignore).revealed(reveal);
        let picture = draw(wanted);
        let hashes = Hashes::of(&picture);
        if live == Some(wanted) {
            return Compared { fields: Vec::new(), live: Some(hashes.clone()), wanted: hashes };
        }
        let live = live.map(draw);
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

/// A record whose hashes are told anew. Where one stands for several specs, what is there comes
/// first: it was written or found healthy; a failed spec stays failed as all of them.
fn translate(
    mut record: ServiceRecord,
    told: &[(Hashes, Hashes)],
    rules: &FieldRules,
) -> ServiceRecord {
    let one = |hash: Option<SpecHash>| {
        hash.map(|hash| told_anew(&hash, told).next().unwrap_or(&hash).clone())
    };
    record.attempted = one(record.attempted);
    record.stable = one(record.stable);
    record.retry = one(record.retry);
    record.back = one(record.back);
    let failed = record.quarantine.iter().flat_map(|hash| {
        let known: Vec<SpecHash> = told_anew(hash, told).cloned().collect();
        if known.is_empty() { vec![hash.clone()] } else { known }
    });
    record.quarantine = failed.collect();
    record.loose = record.loose.map(|loose| {
        let known = told.iter().find(|(old, _)| old.loose == loose);
        known.map_or(loose, |(_, new)| new.loose.clone())
    });
    record.ignore = rules.clone();
    record
}

/// What a hash is under other rules: one for each spec that it stands for.
fn told_anew<'a>(
    hash: &'a SpecHash,
    told: &'a [(Hashes, Hashes)],
) -> impl Iterator<Item = &'a SpecHash> {
    told.iter().filter(move |(old, _)| old.hash == *hash).map(|(_, new)| &new.hash)
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

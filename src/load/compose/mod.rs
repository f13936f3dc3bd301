//! Compose files as types. The JSON Schema that files are held against, that editors use and that
//! stands in `crds/` is made from them, so what is written here is what is accepted.
//!
//! Values arrive parsed: a duration is nanoseconds, a short port is its pairs.

mod forms;
mod ignore;
mod include;
mod keys;
mod objects;
mod policy;
mod schema;
mod service;

pub use forms::{
    AnyScalar, Bytes, CommandLine, Cpus, DeclaredImage, Duration, Environment, Form, FormatCheck,
    FormatError, Image, KeyValues, PullPolicyText, ScalarText, Text, Words, format_check,
};
pub use forms::{Length, ScheduleText, ZoneText};
pub use ignore::{IgnoreForm, IgnoreRule, PresetForm};
pub use include::{Include, LongInclude};
pub use keys::{IGNORED, REFUSED};
pub use objects::{
    ComposeFile, Config, DataSettings, External, Ipam, NETWORK_DRIVER, Network, Pool, Secret,
    StackSettings, Volume,
};
pub use policy::{ApprovalForm, MovedFromForm, PruneForm, RecreateForm, RevealForm, WindowForm};
pub use schema::schema_of;
pub use service::deploy::{
    Deploy, DiscreteResource, GenericResourceForm, Limits, MODE, Order, PARALLELISM, PlacementForm,
    Preference, Reservations, ResourcesForm, RestartPolicyForm, UpdateConfigForm,
};
pub use service::job::{HistoryForm, JobForm, OverlapForm};
pub use service::ports::{LongPort, Port};
pub use service::relations::{
    Dependency, DependencyCondition, DependsOn, EnvFile, EnvFileFormat, EnvFiles, Extends,
    ExtendsFile, LongEnvFile, Required,
};
pub use service::rollout::{OnFailureForm, RolloutForm};
pub use service::settings::{AppArmorForm, HookForm, ServiceSettings};
pub use service::unsupported::Unsupported;
pub use service::volumes::{
    BindSettings, LongVolume, TmpfsSettings, VolumeMount, VolumeSettings, VolumeType,
};
pub use service::{
    Attachment, CredentialSpecForm, DATA_MODE, DATA_OWNER, DataMount, ExtraHosts, HealthTest,
    HealthcheckForm, Logging, LongDataMount, Service, ServiceNetworks, Ulimit,
};

//! `kind: Job`: a service of a stack that is run at times of a schedule.

use schemars::JsonSchema;

use super::service;
use crate::load::compose::{HistoryForm, Length, OverlapForm, ScheduleText, Service, ZoneText};
use crate::load::yaml::{Entry, Map, Node, Value};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "A job of a stack: what is run at the times of a schedule. \
    Its service has the keys of a service in a compose file.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Job
metadata:
  name: backup
  stack: shop
spec:
  schedule: 0 3 * * *
  time_zone: Europe/Berlin
  timeout: 1h
  service:
    image: registry.example/shop/backup:2
    networks:
      - default
";

/// Spec of a job, for its schema only: what is read is the form of a service in a compose file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is made of it")]
pub struct JobSpec {
    /// When it is run: a cron schedule of five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`
    /// or `@yearly`.
    schedule: ScheduleText,
    /// The time zone of the schedule; `UTC` by default.
    #[schemars(extend("default" = "UTC"))]
    time_zone: Option<ZoneText>,
    /// What is done when its time comes while a run is not over: `forbid` (default), `allow` or
    /// `replace`.
    #[schemars(extend("default" = "forbid"))]
    overlap: Option<OverlapForm>,
    /// So late a run may be begun that could not be at its time, 10 s at least; 10 m by default. Of
    /// several that were missed, only the last is made up for.
    #[schemars(extend("default" = "10m"))]
    starting_deadline: Option<Length>,
    /// How long a run may take: it is removed then, and has failed. As long as it likes without it.
    timeout: Option<Length>,
    /// How often a task that failed is tried again before its run has failed; `0` by default.
    #[schemars(extend("default" = 0))]
    retries: Option<u64>,
    /// How many runs that are over are kept, for their logs.
    history: Option<HistoryForm>,
    /// No run is begun, for this reason; one that runs goes on.
    suspend: Option<String>,
    /// What is run.
    service: Service,
}

/// The spec as a service of a compose file, what makes a job of it below `x-skep.job`.
pub(in crate::load::manifest) fn as_service(spec: Node, labels: &Map) -> Node {
    let span = spec.span;
    let Value::Map(mut timing) = spec.value else { return spec };
    let suspend = timing.remove("suspend");
    let empty = || Node::new(Value::Map(Map::new()), span);
    let service = timing.remove("service").map_or_else(empty, |entry| entry.node);
    let mut service = service::with_labels(service, labels);
    let Value::Map(keys) = &mut service.value else { return service };
    let settings = keys.entry("x-skep".to_owned()).or_insert(Entry { key: span, node: empty() });
    if let Value::Map(settings) = &mut settings.node.value {
        let job = Node::new(Value::Map(timing), span);
        settings.insert("job".to_owned(), Entry { key: span, node: job });
        settings.extend(suspend.map(|entry| ("suspend".to_owned(), entry)));
    }
    service
}

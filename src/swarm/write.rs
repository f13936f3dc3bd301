//! Writes: each one request, sent once, conditional as far as the engine can (law 8).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard::errors::Error::DockerResponseServerError;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::fault::no_answer;
use super::link::{Call, Link, fault};
use crate::model::engine::{DataDriver, NodeSpec, ServiceSpec, StringMap};
use crate::model::{ImageRef, Kind, NewData, ObjectRef, SecretBytes, Target};
use crate::ports::{Logins, SwarmError, Write, Written};

/// Writes to one swarm.
pub(super) struct Writer {
    pub(super) link: Arc<Link>,
    pub(super) docker: Docker,
    pub(super) logins: Arc<dyn Logins>,
}

impl Writer {
    pub(super) async fn write(&self, write: &Write) -> Result<Written, SwarmError> {
        match write {
            Write::CreateNetwork(spec) => {
                let body = json(&Strict { spec, check_duplicate: true })?;
                self.create(Kind::Network, &spec.name, body).await
            }
            Write::CreateSecret { new, bytes } => self.create_data(Kind::Secret, new, bytes).await,
            Write::CreateConfig { new, bytes } => self.create_data(Kind::Config, new, bytes).await,
            Write::AdoptSecret { target, labels, bytes } => {
                let data = Zeroizing::new(STANDARD.encode(bytes.reveal()));
                self.label(Kind::Secret, target, (labels, Some(&data))).await
            }
            Write::Label { kind, target, labels } => {
                self.label(*kind, target, (labels, None)).await
            }
            Write::CreateService { spec } => self.create_service(spec).await,
            Write::UpdateService { target, spec } => self.update_service(target, spec).await,
            Write::RollBack { target, spec } => self.roll_back(target, spec).await,
            Write::UpdateNode { target, spec } => self.update_node(target, spec).await,
            Write::Remove { object, target } => self.remove(object, target).await,
        }
    }

    async fn create(&self, kind: Kind, name: &str, body: Bytes) -> Result<Written, SwarmError> {
        let path = format!("/{kind}s/create");
        self.post(Call::post(format!("create {kind} {name}"), path, body)).await
    }

    async fn create_data(
        &self,
        kind: Kind,
        new: &NewData,
        bytes: &SecretBytes,
    ) -> Result<Written, SwarmError> {
        let data = Zeroizing::new(STANDARD.encode(bytes.reveal()));
        let body = DataBody {
            name: &new.name,
            labels: &new.labels,
            data: Some(data.as_str()).filter(|data| !data.is_empty()),
            driver: new.driver.as_ref(),
            templating: new.templating.as_ref(),
        };
        self.create(kind, &new.name, json(&body)?).await
    }

    /// Changes labels alone: without data in the body the engine keeps the data, and refuses data
    /// that is not the same.
    async fn label(
        &self,
        kind: Kind,
        target: &Target,
        (labels, data): (&StringMap, Option<&str>),
    ) -> Result<Written, SwarmError> {
        let (id, version) = (checked(&target.id)?, target.version.index);
        let attempted = format!("label {kind} {}", target.name);
        let path = format!("/{kind}s/{id}/update?version={version}");
        let body = DataBody { name: &target.name, labels, data, driver: None, templating: None };
        self.link.answer(Call::post(attempted, path, json(&body)?)).await?;
        Ok(Written { id: target.id.clone(), warnings: Vec::new() })
    }

    async fn create_service(&self, spec: &ServiceSpec) -> Result<Written, SwarmError> {
        let attempted = format!("create service {}", spec.name);
        let call = Call::post(attempted, "/services/create", json(spec)?);
        self.post(self.with_login(call, spec).await?).await
    }

    /// Without a login of ours the engine goes on with the one that it stores
    /// (`registryAuthFrom=spec`).
    async fn update_service(
        &self,
        target: &Target,
        spec: &ServiceSpec,
    ) -> Result<Written, SwarmError> {
        let (id, version) = (checked(&target.id)?, target.version.index);
        let attempted = format!("update service {}", target.name);
        let path = format!("/services/{id}/update?version={version}&registryAuthFrom=spec");
        let call = Call::post(attempted, path, json(spec)?);
        let written = self.post(self.with_login(call, spec).await?).await?;
        Ok(Written { id: target.id.clone(), ..written })
    }

    /// The spec before comes back together with the login that was stored for it.
    async fn roll_back(&self, target: &Target, spec: &ServiceSpec) -> Result<Written, SwarmError> {
        let (id, version) = (checked(&target.id)?, target.version.index);
        let attempted = format!("roll back service {}", target.name);
        let path = format!("/services/{id}/update?version={version}&rollback=previous");
        let written = self.post(Call::post(attempted, path, json(spec)?)).await?;
        Ok(Written { id: target.id.clone(), ..written })
    }

    async fn update_node(&self, target: &Target, spec: &NodeSpec) -> Result<Written, SwarmError> {
        let (id, version) = (checked(&target.id)?, target.version.index);
        let attempted = format!("update node {}", target.name);
        let path = format!("/nodes/{id}/update?version={version}");
        self.link.answer(Call::post(attempted, path, json(spec)?)).await?;
        Ok(Written { id: target.id.clone(), warnings: Vec::new() })
    }

    /// Nodes that got no login for an image could not pull it: where it is not known whether there
    /// is one, nothing is written.
    async fn with_login(&self, call: Call, spec: &ServiceSpec) -> Result<Call, SwarmError> {
        let image = spec.task_template.container_spec.as_ref().map(|spec| spec.image.as_str());
        let image: Option<ImageRef> = image.and_then(|image| image.parse().ok());
        let Some(image) = image else { return Ok(call) };
        let login = self.logins.of(image.registry()).await;
        let login = login.map_err(|why| no_answer(&call.attempted, why, None))?;
        Ok(Call { registry_auth: login.as_ref().and_then(super::login_header), ..call })
    }

    async fn post(&self, call: Call) -> Result<Written, SwarmError> {
        let attempted = call.attempted.clone();
        let answer = self.link.answer(call).await?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|cause| {
            no_answer(&attempted, "its answer could not be read", Some(cause.into()))
        })?;
        Ok(answer.written())
    }

    /// The engine finds objects by id, by name and by the beginning of an id, in this order, and
    /// takes no version here. So the object is read first: what the id means must be it.
    async fn remove(&self, object: &ObjectRef, target: &Target) -> Result<Written, SwarmError> {
        let attempted = format!("remove {} {}", object.kind, object.name);
        let id = checked(&target.id)?;
        let removed = Written { id: target.id.clone(), warnings: Vec::new() };
        match self.read_signs(&attempted, object.kind, id).await? {
            Some(signs) if signs.id != id => return Ok(removed),
            Some(signs) if signs.name != object.name => {
                let message = format!("{id} is now called {}", signs.name);
                return Err(SwarmError::Conflict { attempted, message });
            }
            Some(_) => {}
            None => return Ok(removed),
        }
        self.delete(&attempted, object.kind, id).await.map(|()| removed)
    }

    /// Id and name of the object that the engine finds for an id; `None` when there is none.
    async fn read_signs(
        &self,
        attempted: &str,
        kind: Kind,
        id: &str,
    ) -> Result<Option<Found>, SwarmError> {
        let answer = match self.link.answer(Call::get(attempted, format!("/{kind}s/{id}"))).await {
            Err(SwarmError::Conflict { .. }) => return Ok(None),
            answer => answer?,
        };
        let signs: Signs = serde_json::from_slice(&answer).map_err(|cause| {
            no_answer(attempted, "its answer could not be read", Some(cause.into()))
        })?;
        Ok(Some(signs.found()))
    }

    async fn delete(&self, attempted: &str, kind: Kind, id: &str) -> Result<(), SwarmError> {
        let docker = &self.docker;
        let deleted = self.link.within(attempted, async {
            let deleted = match kind {
                Kind::Network => docker.remove_network(id).await,
                Kind::Secret => docker.delete_secret(id).await,
                Kind::Config => docker.delete_config(id).await,
                Kind::Service => docker.delete_service(id).await,
                // No plan removes a node.
                Kind::Node => docker.delete_node(id, None).await,
            };
            match deleted {
                // Gone between the look and the removal.
                Err(DockerResponseServerError { status_code: 404, .. }) => Ok(()),
                deleted => deleted.map_err(|cause| fault(attempted, cause)),
            }
        });
        deleted.await
    }
}

/// Body for secrets and configs. Not bollard's: that one writes its payload to the debug log.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataBody<'a> {
    name: &'a str,
    labels: &'a StringMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'a DataDriver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    templating: Option<&'a DataDriver>,
}

/// Body for networks. Below API 1.44 the engine makes a second network of the same name unless it
/// is told to look.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Strict<'a, T> {
    #[serde(flatten)]
    spec: &'a T,
    check_duplicate: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(rename = "ID", alias = "Id")]
    id: String,
    #[serde(rename = "Warnings")]
    warnings: Option<Vec<String>>,
    /// Networks and services of old engines have one.
    #[serde(rename = "Warning")]
    warning: String,
}

impl Answer {
    fn written(self) -> Written {
        let one = Some(self.warning).filter(|text| !text.is_empty());
        let warnings = self.warnings.unwrap_or_default().into_iter().chain(one).collect();
        Written { id: self.id, warnings }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Signs {
    #[serde(rename = "ID", alias = "Id")]
    id: String,
    /// Of a network.
    #[serde(rename = "Name")]
    name: String,
    /// Of everything else.
    #[serde(rename = "Spec")]
    spec: Named,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(rename = "Name")]
    name: String,
}

struct Found {
    id: String,
    name: String,
}

impl Signs {
    fn found(self) -> Found {
        let name = if self.name.is_empty() { self.spec.name } else { self.name };
        Found { id: self.id, name }
    }
}

/// A body that is wiped once it was sent.
fn json(body: &impl Serialize) -> Result<Bytes, SwarmError> {
    serde_json::to_vec(body).map(|bytes| Bytes::from_owner(Zeroizing::new(bytes))).map_err(
        |cause| SwarmError::Refused {
            attempted: "write the body of a request".to_owned(),
            message: cause.to_string(),
        },
    )
}

/// An id that may stand in a path: `../nodes` or `x?y` would make another request of it.
pub(super) fn checked(id: &str) -> Result<&str, SwarmError> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts = id.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if starts && id.chars().all(word) {
        return Ok(id);
    }
    Err(SwarmError::Refused {
        attempted: "address an object".to_owned(),
        message: format!("'{id}' is no id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        assert!(checked("5tkx1tfwlgnqb5hyrqbmmbz7q").is_ok());
        for bad in ["", "../nodes", "a/b", "x?y=1#", ".", "a b", "%2e%2e"] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_label_write_carries_no_data() {
        let labels = StringMap::from([("a".to_owned(), "b".to_owned())]);
        let body =
            DataBody { name: "x", labels: &labels, data: None, driver: None, templating: None };
        assert_eq!(json(&body).unwrap(), r#"{"Name":"x","Labels":{"a":"b"}}"#);
    }
}

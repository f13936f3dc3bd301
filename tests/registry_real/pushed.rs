//! Images that are in a registry: pushed as any client does it, without layers.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use sha2::{Digest as _, Sha256};

use crate::distribution::Distribution;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Pushes to one registry.
pub struct Push<'a>(&'a Distribution);

impl<'a> Push<'a> {
    pub fn to(registry: &'a Distribution) -> Self {
        Self(registry)
    }

    /// An image for one platform, under these tags. Gives its digest.
    pub async fn image(&self, repository: &str, tags: &[&str]) -> String {
        let config = format!(r#"{{"os":"linux","architecture":"amd64","author":"{repository}"}}"#);
        self.blob(repository, &config).await;
        let config = serde_json::json!({
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": config.len(),
            "digest": digest(&config),
        });
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [],
        });
        let manifest = manifest.to_string();
        for tag in tags {
            self.manifest(repository, tag, (MANIFEST, &manifest)).await;
        }
        digest(&manifest)
    }

    /// An index of one image, under these tags. Gives its digest.
    pub async fn index(&self, repository: &str, tags: &[&str]) -> String {
        let image = self.image(repository, &["single"]).await;
        let entry = serde_json::json!({
            "mediaType": MANIFEST, "size": 1, "digest": image,
            "platform": { "os": "linux", "architecture": "amd64" },
        });
        let index =
            serde_json::json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        let index = index.to_string();
        for tag in tags {
            self.manifest(repository, tag, (INDEX, &index)).await;
        }
        digest(&index)
    }

    async fn blob(&self, repository: &str, content: &str) {
        let (client, login) = (&self.0.client, Distribution::login());
        let begun = client
            .post(self.0.url(&format!("{repository}/blobs/uploads/")))
            .header(AUTHORIZATION, &login)
            .send()
            .await
            .expect("an upload");
        let place = begun.headers()[LOCATION].to_str().expect("text").to_owned();
        let place = format!("{place}&digest={}", digest(content));
        let put = client.put(place).header(AUTHORIZATION, &login).body(content.to_owned());
        assert!(put.send().await.expect("an answer").status().is_success());
    }

    async fn manifest(&self, repository: &str, tag: &str, (kind, body): (&str, &str)) {
        let put = self
            .0
            .client
            .put(self.0.url(&format!("{repository}/manifests/{tag}")))
            .header(AUTHORIZATION, Distribution::login())
            .header(CONTENT_TYPE, kind)
            .body(body.to_owned());
        let answer = put.send().await.expect("an answer");
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
    }
}

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

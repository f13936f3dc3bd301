//! The other ways to an engine: a socket file, TLS, ssh.

#![expect(clippy::disallowed_methods, reason = "a test's own servers and programs")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use skep::model::SecretBytes;
use skep::ports::Swarm;
use skep::swarm::{EngineSwarm, Host, Options, Tls};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::options;
use crate::server::{converse, engine};

/// Looks, and says who answered or what went wrong.
async fn look(host: &str, options: Options) -> String {
    let host: Host = host.parse().unwrap();
    let swarm: EngineSwarm = skep::swarm::connect(&host, options).unwrap();
    match swarm.look().await {
        Ok(seen) => format!("swarm {}", seen.engine.cluster),
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
    }
}

#[tokio::test]
async fn a_socket_file_leads_to_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.spawn(async move {
                converse(stream, &Mutex::default(), &engine("1.41", |_| None)).await;
            });
        }
    });
    assert_eq!(look(&format!("unix://{}", path.display()), options()).await, "swarm c");
    let missing = look(&format!("unix://{}/none", dir.path().display()), options()).await;
    assert!(missing.contains("No such file or directory"), "{missing}");
}

struct Signed {
    certificate: String,
    key: String,
}

/// An authority and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Signed { certificate, key: key.serialize_pem() }
    }

    /// What a client of an engine that trusts `self` shows.
    fn client(&self, trusting: &Self) -> Options {
        let Signed { certificate, key } = self.sign("me");
        let tls = Tls {
            ca: trusting.certificate.clone().into_bytes(),
            certificate: certificate.into_bytes(),
            key: SecretBytes::new(key.into_bytes()),
        };
        Options { tls: Some(tls), ..options() }
    }

    /// Settings of an engine that wants certificates of this authority.
    fn server(&self) -> ServerConfig {
        let Signed { certificate, key } = self.sign("localhost");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap()
    }
}

#[tokio::test]
async fn with_tls_both_sides_show_who_they_are() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let acceptor = TlsAcceptor::from(Arc::new(ours.server()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            open.spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                converse(stream, &Mutex::default(), &engine("1.41", |_| None)).await;
            });
        }
    });
    let host = format!("tcp://localhost:{port}");
    assert_eq!(look(&host, ours.client(&ours)).await, "swarm c");
    let wrong_engine = look(&host, theirs.client(&theirs)).await;
    assert!(wrong_engine.contains("invalid peer certificate"), "{wrong_engine}");
    let wrong_client = look(&host, theirs.client(&ours)).await;
    assert!(wrong_client.contains("did not answer"), "{wrong_client}");
    let other_name = look(&format!("tcp://127.0.0.1:{port}"), ours.client(&ours)).await;
    assert!(other_name.contains("not valid for name"), "{other_name}");
}

/// A program that stands in for ssh.
fn program(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("ssh");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Writes its arguments down and answers like an engine with an empty swarm.
const ENGINE_BEHIND_SSH: &str = r#"#!/bin/sh
echo "$@" >>"$0.arguments"
end=$(printf '\r')
while read -r method path rest; do
    while read -r header && [ "$header" != "$end" ]; do :; done
    case $path in
        */version) body='{"ApiVersion":"1.41","MinAPIVersion":"1.12"}' ;;
        */info) body='{"Swarm":{"ControlAvailable":true,"Cluster":{"ID":"far"}}}' ;;
        *) body='[]' ;;
    esac
    printf 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' ${#body} "$body"
done
"#;

#[tokio::test]
async fn ssh_leads_to_the_engine_of_another_machine() {
    let dir = tempfile::tempdir().unwrap();
    let ssh = program(dir.path(), ENGINE_BEHIND_SSH);
    let options = Options { ssh, ..options() };
    assert_eq!(look("ssh://me@manager:2222", options).await, "swarm far");
    let arguments = std::fs::read_to_string(dir.path().join("ssh.arguments")).unwrap();
    let expected = "-T -o BatchMode=yes -o ConnectTimeout=10 -l me -p 2222 -- manager \
                    docker system dial-stdio";
    assert_eq!(arguments.lines().next(), Some(expected));
}

#[tokio::test]
async fn what_ssh_complains_about_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let complaint = "#!/bin/sh\necho 'me@manager: Permission denied (publickey).' >&2\nexit 255\n";
    let options = Options { ssh: program(dir.path(), complaint), ..options() };
    let seen = look("ssh://manager", options).await;
    assert!(seen.ends_with("me@manager: Permission denied (publickey)."), "{seen}");
}

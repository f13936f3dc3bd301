//! Parts of a swarm, several stacks in one text, and what no file can say.

use skep::model::engine::{NetworkAttachment, NetworkSpec, ServiceSpec};
use skep::model::{NewData, ObjectRef, SecretBytes, StackName};
use skep::ports::{Swarm as _, Write};
use skep::sim::World;
use skep::view::compose::{Contents, Drawings, Selection, document, draw};

use crate::declared;
use crate::round::{apply, compared, drawn, text};

const SHOP: &str = "\
services:
  web:
    image: registry.test/web:1
    networks: [front]
    configs: [motd]
    deploy: {replicas: 2, labels: {team: shop}}
  api:
    image: registry.test/api:1
    networks: [front, back]
    configs: [rates]
    secrets: [password]
    deploy: {replicas: 1, labels: {team: core}}
networks: {front: {}, back: {}}
configs:
  motd: {content: \"costs $$5\\n\"}
  rates: {content: \"1 2 3\"}
secrets:
  password: {file: password.txt}
";
const MAIL: &str = "services:\n  smtp: {image: registry.test/mail:1}\n";

/// Two stacks, applied.
async fn world() -> World {
    let world = World::new(1);
    let files = declared(&[
        ("shop/compose.yml", SHOP.as_bytes()),
        ("shop/password.txt", b"hunter2"),
        ("mail/compose.yml", MAIL.as_bytes()),
    ]);
    apply(&world, &files).await;
    world
}

async fn drawings(world: &World, selection: &Selection) -> Drawings {
    draw(&world.swarm.look().await.expect("a look"), selection)
}

fn inline() -> Selection {
    Selection { contents: Contents::Inline, ..Selection::default() }
}

#[tokio::test]
async fn all_stacks_are_one_text_that_is_read_back_as_it_is() {
    let world = world().await;
    let drawings = drawings(&world, &inline()).await;
    assert_eq!(drawings.remarks, []);
    let text = document(&drawings.stacks);
    assert_eq!(text.matches("kind: Stack").count(), 2, "{text}");
    let files = declared(&[("stdin.yml", text.as_bytes())]);
    assert_eq!(compared(&world, &files).await, Vec::<String>::new(), "{text}");
}

#[tokio::test]
async fn one_stack_is_a_compose_file_with_its_name() {
    let world = world().await;
    let stacks = [StackName::new("mail").expect("a name")].into();
    let drawings = drawings(&world, &Selection { stacks, ..inline() }).await;
    insta::assert_snapshot!(document(&drawings.stacks), @"
    name: mail
    services:
      smtp:
        image: registry.test/mail:1
        deploy:
          replicas: 1
    networks:
      # Its subnet is 10.0.1.0/24, which the engine seems to have chosen.
      default:
    ");
}

#[tokio::test]
async fn services_are_chosen_by_label_with_what_they_use() {
    let world = world().await;
    let labels = vec![("team".to_owned(), Some("core".to_owned()))];
    let drawings = drawings(&world, &Selection { labels, ..inline() }).await;
    let text = text(&drawings);
    for part in ["api:", "rates:", "password:", "back:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["web:", "motd:", "smtp:"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn what_no_file_can_say_is_told() {
    let world = world().await;
    let observed = world.swarm.look().await.expect("a look");
    let make = |name: &str, change: &dyn Fn(&mut ServiceSpec)| {
        let mut spec = observed.services["mail_smtp"].spec.clone();
        spec.name = name.to_owned();
        change(&mut spec);
        let write = Write::CreateService { spec: Box::new(spec) };
        world.swarm.hand().write(&write).expect("a write");
    };
    let plain = |spec: &mut ServiceSpec| spec.labels.clear();
    make("alone", &plain);
    make("mail_queue", &plain);
    make("mail_odd", &|spec| {
        let container = spec.task_template.container_spec.as_mut().expect("a container");
        container.image = "registry.test/other:2".to_owned();
        spec.task_template.networks.iter_mut().for_each(|network| network.aliases.clear());
    });
    make("strange", &|_| {});
    let drawings = drawings(&world, &inline()).await;
    let told: Vec<String> = drawings.remarks.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    service/alone: left out: it belongs to no stack, and a stack's services are called STACK_NAME; --rest STACK writes one that is made anew
    service/mail_odd: image: the label com.docker.stack.image says registry.test/mail:1, which is not what runs; reading the file back changes it
    service/mail_odd: networks.mail_default.aliases: no key says that the service has not its own name on this network
    service/mail_queue: left out: it belongs to no stack; --rest STACK writes it too, and tells how it becomes part of one
    service/strange: left out: services of the stack mail are called mail_NAME
    ");
    let text = text(&drawings);
    assert!(text.contains("image: registry.test/other:2"), "{text}");
    let strange = "# Not here: service/strange: left out: services of the stack mail are called";
    assert!(text.contains(strange), "{text}");
    let of = |name: &str| ObjectRef::new(skep::model::Kind::Service, name);
    assert!(drawings.remarks.iter().any(|remark| remark.object == of("mail_odd")));
}

/// Services, a network, a config and a secret that `docker … create` made.
fn make_by_hand(world: &World, like: &ServiceSpec) {
    let write = |write: Write| world.swarm.hand().write(&write).expect("a write");
    let new = |name: &str| NewData::labelled(name.to_owned(), [].into());
    let bytes = || SecretBytes::new(b"by hand".to_vec());
    write(Write::CreateConfig { new: new("motd-by-hand"), bytes: bytes() });
    write(Write::CreateSecret { new: new("password-by-hand"), bytes: bytes() });
    let name = "net-by-hand".to_owned();
    write(Write::CreateNetwork(NetworkSpec { name, ..NetworkSpec::default() }));
    for (name, network) in [("alone", None), ("mail_queue", Some("net-by-hand"))] {
        let mut spec = like.clone();
        spec.name = name.to_owned();
        spec.labels.clear();
        let attachment = network.map(|network| NetworkAttachment {
            target: network.to_owned(),
            ..NetworkAttachment::default()
        });
        spec.task_template.networks = attachment.into_iter().collect();
        let container = spec.task_template.container_spec.as_mut().expect("a container");
        container.labels.clear();
        container.image = format!("registry.test/{name}:1@sha256:{}", "a".repeat(64));
        write(Write::CreateService { spec: Box::new(spec) });
    }
}

#[tokio::test]
async fn what_belongs_to_no_stack_is_written_when_it_is_asked_for() {
    let world = world().await;
    let observed = world.swarm.look().await.expect("a look");
    make_by_hand(&world, &observed.services["mail_smtp"].spec);
    let rest = Some(StackName::new("legacy").expect("a name"));
    let drawings = drawings(&world, &Selection { rest, ..Selection::default() }).await;
    let names: Vec<&str> = drawings.stacks.iter().map(|one| one.stack.as_str()).collect();
    assert_eq!(names, ["legacy", "mail", "shop"]);
    insta::assert_snapshot!(document(&drawings.stacks[..1]));
    insta::assert_snapshot!(document(&drawings.stacks[1..2]));
    assert_eq!(drawings.stacks[0].contents["configs/motd-by-hand"], b"by hand");
    assert!(!text(&drawings).contains("-key"), "the key of the hashes is nobody's to read");
    // Nothing of it is taken over before a person says so.
    insta::assert_snapshot!(compared(&world, &drawn(&drawings)).await.join("\n"));
}

#[tokio::test]
async fn an_unused_secret_is_not_removed_for_being_external_now() {
    let world = World::new(1);
    let file = "services:\n  web: {image: 'registry.test/web:1', deploy: {replicas: 1}}\n\
                secrets: {spare: {file: spare.txt}}\n";
    let files = declared(&[("shop/compose.yml", file.as_bytes()), ("shop/spare.txt", b"spare")]);
    apply(&world, &files).await;
    let drawings = drawings(&world, &Selection::default()).await;
    let text = text(&drawings);
    assert!(text.contains("spare:\n    external: true\n    name: shop_spare\n"), "{text}");
    assert_eq!(compared(&world, &drawn(&drawings)).await, Vec::<String>::new(), "{text}");
}

#[tokio::test]
async fn subnets_and_gateways_that_no_engine_chooses_are_a_persons() {
    let world = World::new(1);
    let file = "services:\n  web: {image: 'registry.test/web:1', networks: [a, b, c]}\nnetworks:\n  \
                a: {ipam: {config: [{subnet: 172.20.0.0/16, gateway: 172.20.7.1}]}}\n  b: {}\n  c: \
                {ipam: {config: [{subnet: 10.20.30.0/24}]}}\n";
    apply(&world, &declared(&[("shop/compose.yml", file.as_bytes())])).await;
    let text = text(&drawings(&world, &Selection::default()).await);
    assert!(
        text.contains("- subnet: 172.20.0.0/16\n          gateway: \"172.20.7.1\"\n"),
        "{text}"
    );
    assert!(text.contains("- subnet: 10.20.30.0/24\n"), "{text}");
    assert_eq!(text.matches("subnet").count(), 3, "the other is told above its entry: {text}");
}

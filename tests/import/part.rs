//! Parts of a swarm, several stacks in one text, and what no file can say.

use skep::model::engine::ServiceSpec;
use skep::model::{ObjectRef, StackName};
use skep::ports::{Swarm as _, Write};
use skep::sim::World;
use skep::view::compose::{Contents, Drawings, Selection, document, draw};

use crate::declared;
use crate::round::{apply, compared, text};

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
    service/alone: left out: it belongs to no stack, and a stack's services are called STACK_NAME: it can't be in a file
    service/mail_odd: image: the label com.docker.stack.image says registry.test/mail:1, which is not what runs; reading the file back changes it
    service/mail_odd: networks.mail_default.aliases: no key says that the service has not its own name on this network
    service/mail_queue: left out: it belongs to no stack; docker service update --label-add com.docker.stack.namespace=mail mail_queue makes it part of the stack mail and restarts nothing
    service/strange: left out: services of the stack mail are called mail_NAME
    ");
    let text = text(&drawings);
    assert!(text.contains("image: registry.test/other:2"), "{text}");
    let of = |name: &str| ObjectRef::new(skep::model::Kind::Service, name);
    assert!(drawings.remarks.iter().any(|remark| remark.object == of("mail_odd")));
}

//! Sources that the root source declares.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep::model::{DeclaredSource, Kind};
use skep::ports::{Clock as _, Source, SourceError, SourceOpener};
use skep::reconcile::{Nudge, run};
use skep::sim::SimSource;
use skep::status::Settled;
use tokio::sync::watch;

use crate::play::Play;

const TEAM: &str = "\
apiVersion: skep/v1
kind: Source
metadata: {name: team}
spec: {url: 'https://git.test/team.git'}
";
const TOOLS: &str = "services: {web: {image: 'registry.test/web:1'}}\n";
const NEWER: &str = "services: {web: {image: 'registry.test/web:2'}}\n";
const ROOT: &str = "services: {api: {image: 'registry.test/api:1'}}\n";

/// Repositories by address.
#[derive(Clone, Default)]
pub(crate) struct Hosts(Arc<Mutex<BTreeMap<String, SimSource>>>);

impl Hosts {
    fn put(&self, url: &str, source: &SimSource) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.insert(url.to_owned(), source.clone());
    }
}

impl SourceOpener for Hosts {
    fn open(&self, declared: &DeclaredSource) -> Result<Arc<dyn Source>, SourceError> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || SourceError::Missing {
            attempted: format!("opening {}", declared.url),
            message: "nothing is there".to_owned(),
        };
        let source = hosts.get(&declared.url).cloned().ok_or_else(missing)?;
        Ok(Arc::new(source))
    }
}

/// What was written of services since the last call.
fn wrote(play: &mut Play) -> Vec<String> {
    play.wrote().into_iter().filter(|line| line.contains("service/")).collect()
}

/// A root with a stack of its own and the source of a team, which has one too.
fn start() -> (Play, SimSource, Hosts) {
    let (hosts, team) = (Hosts::default(), SimSource::git());
    team.commit("tools", &[("tools.yml", TOOLS)]).expect("a path");
    let play = Play::new().following(Arc::new(hosts.clone()));
    play.commit(&[("root.yml", ROOT), ("team.yml", TEAM)]);
    (play, team, hosts)
}

/// The same, converged.
async fn converged() -> (Play, SimSource) {
    let (mut play, team, hosts) = start();
    hosts.put("https://git.test/team.git", &team);
    play.pass().await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["create service/root_api", "create service/tools_web"]);
    (play, team)
}

#[tokio::test]
async fn a_commit_to_a_declared_source_converges() {
    let (mut play, team) = converged().await;
    team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["update service/tools_web"]);
    team.delete("no tools", &["tools.yml"]).expect("a path");
    team.commit("others", &[("other.yml", TOOLS)]).expect("a path");
    play.converge().await;
    play.converge().await;
    assert_eq!(wrote(&mut play), ["create service/other_web", "remove service/tools_web"]);
}

#[tokio::test]
async fn stacks_of_two_sources_wait_for_each_other_and_a_circle_of_them_is_told() {
    let (mut play, team, hosts) = start();
    hosts.put("https://git.test/team.git", &team);
    let root = format!("{ROOT}x-skep: {{depends_on: [tools]}}\n");
    play.commit(&[("root.yml", &root)]);
    play.pass().await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().last().map(String::as_str), Some("create service/tools_web"));
    let tools =
        format!("{NEWER}x-skep: {{depends_on: {{root: {{condition: service_healthy}}}}}}\n");
    team.commit("a circle", &[("tools.yml", &tools)]).expect("a path");
    play.commit(&[("root.yml", &root.replace("api:1", "web:1"))]);
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let circle = "root.yml:2:23: stacks wait for each other in a circle: root → tools → root \
                  (take one of these steps away)";
    assert_eq!(told, [circle]);
    assert_eq!(wrote(&mut play), Vec::<String>::new());
    team.commit("no circle", &[("tools.yml", NEWER)]).expect("a path");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["update service/root_api", "update service/tools_web"]);
}

#[tokio::test]
async fn a_source_that_is_declared_no_longer_takes_nothing_with_it_until_a_person_says_so() {
    let (mut play, team) = converged().await;
    play.world.source.delete("no team", &["team.yml"]).expect("a path");
    team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
    let report = play.pass().await;
    assert_eq!(report.sources.len(), 1);
    play.converge().await;
    play.restart();
    let report = play.pass().await;
    let held = ["tools_default NeedsApproval", "tools_web NeedsApproval"];
    assert_eq!(Play::held(&report), held, "the root's later commits and a restart change nothing");
    assert_eq!(wrote(&mut play), Vec::<String>::new());
    play.approve(&report).await;
    play.converge().await;
    assert_eq!(play.names(Kind::Service).await, ["root_api"]);
}

#[tokio::test]
async fn a_root_with_a_mistake_lets_no_source_vanish() {
    let (mut play, _) = converged().await;
    play.world.source.delete("no team", &["team.yml"]).expect("a path");
    play.commit(&[("broken.yml", "apiVersion: skep/v1\nkind: Source\nspec: {")]);
    // What was followed before is known to no new process.
    play.restart();
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["tools_default ViewIncomplete", "tools_web ViewIncomplete"]);
}

#[tokio::test]
async fn a_mistake_in_the_root_closes_no_source() {
    let (mut play, team) = converged().await;
    play.commit(&[("team.yml", "apiVersion: skep/v1\nkind: Source\nspec: {")]);
    team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
    play.converge().await;
    assert_eq!(wrote(&mut play), ["update service/tools_web"]);
}

#[tokio::test]
async fn a_source_that_is_not_there_yet_harms_no_other_and_is_tried_again() {
    let (mut play, team, hosts) = start();
    play.pass().await;
    let report = play.pass().await;
    let error = report.sources[1].error.clone();
    assert_eq!(error.as_deref(), Some("opening https://git.test/team.git: nothing is there"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["create service/root_api"]);
    hosts.put("https://git.test/team.git", &team);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["create service/tools_web"]);
}

#[tokio::test]
async fn a_source_that_leads_elsewhere_stays_in_force_until_it_can_be_read() {
    let (mut play, _) = converged().await;
    play.commit(&[("team.yml", &TEAM.replace("team.git", "moved.git"))]);
    play.pass().await;
    let report = play.pass().await;
    assert!(report.sources[1].error.is_some(), "{:?}", report.sources);
    assert!(report.stacks.keys().any(|stack| stack.as_str() == "tools"), "tools are enforced");
    play.converge().await;
    assert_eq!(wrote(&mut play), Vec::<String>::new());
}

#[tokio::test]
async fn a_suspended_source_is_read_and_not_written() {
    let (mut play, team) = converged().await;
    let held = TEAM.replace("team.git'", "team.git', suspend: moving house");
    play.commit(&[("team.yml", &held)]);
    team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
    play.pass().await;
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["tools_web Suspended"]);
    assert_eq!(wrote(&mut play), Vec::<String>::new());
}

#[tokio::test]
async fn two_declarations_of_one_name_are_mistakes_and_neither_is_used() {
    let (mut play, _, _) = start();
    play.commit(&[("twice.yml", TEAM), ("root.src.yml", &TEAM.replace("team}", "root}"))]);
    let report = play.pass().await;
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "root.src.yml:3:18: skep was started with a source root already (give it another name)",
            "team.yml:3:18: the source team is declared 2 times; none is used (give it another name)",
            "twice.yml:3:18: the source team is declared 2 times; none is used (give it another name)",
        ]
    );
    assert_eq!(report.sources.len(), 1);
}

#[tokio::test]
async fn a_second_declaration_of_a_name_closes_no_source() {
    let (mut play, team) = converged().await;
    play.commit(&[("twice.yml", TEAM)]);
    team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
    play.converge().await;
    assert_eq!(wrote(&mut play), ["update service/tools_web"]);
}

#[tokio::test]
async fn sources_of_a_declared_source_do_not_count() {
    let (mut play, team) = converged().await;
    team.commit("more", &[("more.yml", &TEAM.replace("team}", "more}"))]).expect("a path");
    let report = play.pass().await;
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let told = "more.yml:3:18: a Source counts only in the source that skep was started with \
                (move it there)";
    assert_eq!((problems.as_slice(), report.sources.len()), ([told.to_owned()].as_slice(), 2));
}

#[tokio::test]
async fn the_loop_reads_what_is_declared_and_ends_with_what_is_not() {
    let (play, team, hosts) = start();
    hosts.put("https://git.test/team.git", &team);
    let Play { world, operator, .. } = play;
    let (stop, stopped) = watch::channel(false);
    let (publish, published) = watch::channel(None);
    let passes = run(operator, Nudge::default(), stopped, publish);
    let names = || {
        let names = world.swarm.log().iter().map(|write| write.object.name.clone()).collect();
        let names: Vec<String> = names;
        names.into_iter().filter(|name| name == "tools_web").count()
    };
    let script = async {
        world.clock.sleep(Duration::from_secs(30)).await;
        let created = names();
        team.commit("newer", &[("tools.yml", NEWER)]).expect("a path");
        world.clock.sleep(Duration::from_secs(30)).await;
        let updated = names();
        world.source.delete("no team", &["team.yml"]).expect("a path");
        world.clock.sleep(Duration::from_secs(30)).await;
        let reads = team.reads();
        team.commit("older", &[("tools.yml", TOOLS)]).expect("a path");
        world.clock.sleep(Duration::from_secs(300)).await;
        stop.send_replace(true);
        (created, updated, names(), team.reads() - reads)
    };
    let both = Box::pin(async { tokio::join!(passes, script) });
    let (_, counts) = world.run(Duration::from_secs(600), both).await.expect("the loop ends");
    assert_eq!(counts, (1, 2, 2, 0));
    drop(published);
}

//! Stacks that go from one source to another, or get another name.

use std::sync::Arc;

use skep::model::{DeclaredSource, SourceName};
use skep::ports::{Source, SourceError, SourceOpener};
use skep::sim::SimSource;
use skep::status::{Report, Settled};

use crate::play::Play;

const TEAM: &str = "\
apiVersion: skep/v1
kind: Source
metadata: {name: team}
spec: {url: 'https://git.test/team.git'}
";
const TOOLS: &str = "services: {web: {image: 'registry.test/web:1'}}\n";

/// The repository of the team, whatever the address.
struct Team(SimSource);

impl SourceOpener for Team {
    fn open(&self, _: &DeclaredSource) -> Result<Arc<dyn Source>, SourceError> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// The team's tools run.
async fn tools() -> (Play, SimSource) {
    let team = SimSource::git();
    team.commit("tools", &[("tools.yml", TOOLS)]).expect("a path");
    let mut play = Play::new().following(Arc::new(Team(team.clone())));
    play.commit(&[("team.yml", TEAM)]);
    play.pass().await;
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    (play, team)
}

fn moved(from: &str) -> String {
    format!("{TOOLS}x-skep: {{moved_from: {{{from}}}}}\n")
}

fn problems(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

fn sources(report: &Report) -> Vec<String> {
    report.stacks.iter().map(|(name, stack)| format!("{name} {}", stack.source)).collect()
}

#[tokio::test]
async fn a_stack_moves_between_sources_and_no_task_notices() {
    let (mut play, team) = tools().await;
    let before = play.tasks("tools_web").await;
    play.commit(&[("tools.yml", &moved("source: team"))]);
    let report = play.pass().await;
    let held: Vec<String> = report
        .stacks
        .values()
        .flat_map(|s| &s.plan.held)
        .map(|held| held.reason.to_string())
        .collect();
    assert_eq!(
        held,
        [
            "it belongs to the source team (tools.yml); what the source root declares in tools.yml is not used"
        ]
    );
    assert_eq!(sources(&report), ["tools team"]);
    team.delete("moved", &["tools.yml"]).expect("a path");
    team.commit("others", &[("other.yml", TOOLS)]).expect("a path");
    assert_eq!(play.converge().await, Settled::Well);
    let expected = ["create network/other_default", "create service/other_web"];
    assert_eq!(play.wrote(), expected);
    assert_eq!(sources(&play.pass().await), ["other team", "tools root"]);
    assert_eq!(play.tasks("tools_web").await, before);
    // The new source has it, whatever the file goes on saying.
    play.commit(&[("tools.yml", &moved("source: team").replace("web:1", "web:2"))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/tools_web"]);
}

#[tokio::test]
async fn a_stack_is_not_taken_from_a_source_that_did_not_hand_it_over() {
    let (mut play, team) = tools().await;
    team.commit("others", &[("other.yml", TOOLS)]).expect("a path");
    play.converge().await;
    team.delete("gone", &["tools.yml"]).expect("a path");
    play.commit(&[("tools.yml", &TOOLS.replace("web:1", "web:2"))]);
    play.wrote();
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["tools_web NotOurs"]);
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit(&[("tools.yml", &moved("source: team").replace("web:1", "web:2"))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/tools_web"]);
}

#[tokio::test]
async fn what_a_source_left_that_is_gone_itself_goes_to_the_one_that_declares_it() {
    let (mut play, _) = tools().await;
    play.world.source.delete("no team", &["team.yml"]).expect("a path");
    play.commit(&[("tools.yml", TOOLS)]);
    let before = play.tasks("tools_web").await;
    assert_eq!(play.converge().await, Settled::Well);
    let report = play.pass().await;
    let root = SourceName::new("root").expect("a name");
    assert!(report.stacks.values().all(|stack| stack.source == root));
    assert_eq!((play.wrote(), play.tasks("tools_web").await), (Vec::new(), before));
}

const OLD: &str = "services: {db: {image: 'registry.test/api:1', volumes: ['data:/data']}}\nvolumes: {data: {}}\n";

#[tokio::test]
async fn a_stack_with_another_name_waits_for_a_person_who_is_told_which_volumes_start_empty() {
    let mut play = Play::new();
    play.commit(&[("old.yml", OLD)]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.world.source.delete("another name", &["old.yml"]).expect("a path");
    play.commit(&[("new.yml", &format!("{OLD}x-skep: {{moved_from: {{stack: old}}}}\n"))]);
    let report = play.pass().await;
    let new = report.stacks.values().next().expect("the new stack");
    let why: Vec<String> = new.plan.held.iter().map(|held| held.reason.to_string()).collect();
    let told = "needs approval: make new in place of old, all of it anew; these volumes would \
                start empty: new_data (what is in old_data stays there)";
    assert_eq!(why, [told, told]);
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.approve(&report).await;
    play.converge().await;
    let wrote = play.wrote();
    for line in ["create service/new_db", "remove service/old_db"] {
        assert!(wrote.contains(&line.to_owned()), "{wrote:?}");
    }
    assert_eq!(problems(&play.pass().await), Vec::<String>::new());
}

#[tokio::test]
async fn a_moved_from_that_is_wrong_is_told_at_its_place() {
    let mut play = Play::new();
    play.commit(&[("old.yml", TOOLS), ("new.yml", &moved("stack: old"))]);
    let report = play.pass().await;
    let told = "new.yml:2:10: the stack old is still declared in old.yml (take one of the two out)";
    assert_eq!(problems(&report), [told]);
    assert!(Play::held(&report).contains(&"new_web Waiting".to_owned()));
    play.commit(&[("new.yml", &moved("stack: odl"))]);
    let report = play.pass().await;
    let told = "new.yml:2:10: nothing is known of a stack odl that could be moved (leave moved_from \
                out, or correct the name)";
    assert_eq!(problems(&report), [told]);
    play.commit(&[("new.yml", &moved("stack: new"))]);
    let report = play.pass().await;
    let told = "new.yml:2:10: moved_from says nothing that was different before (name the stack, or \
                the source, that it was; or leave it out)";
    assert_eq!(problems(&report), [told]);
}

#[tokio::test]
async fn two_stacks_that_declare_one_config_differently_wrote_it_in_turns() {
    let config = |label: &str| {
        format!(
            "services: {{web: {{image: 'registry.test/web:1', configs: [motd]}}}}\n\
             configs: {{motd: {{name: motd, file: motd.txt, labels: {{by: {label}}}}}}}\n"
        )
    };
    let mut play = Play::new();
    play.commit(&[("a.yml", &config("a")), ("motd.txt", "hello")]);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit(&[("b.yml", &config("b"))]);
    play.wrote();
    play.converge().await;
    let report = play.pass().await;
    let why: Vec<String> = report
        .stacks
        .values()
        .flat_map(|s| &s.plan.held)
        .map(|held| held.reason.to_string())
        .collect();
    let told = "it belongs to the stack a (source root, a.yml); what b declares (source root, b.yml) \
                is not used";
    assert!(why.contains(&told.to_owned()), "{why:?}");
    let wrote = play.wrote();
    assert!(!wrote.iter().any(|line| line.contains("config/")), "{wrote:?}");
    // The same declaration is shared.
    play.commit(&[("b.yml", &config("a"))]);
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn two_stacks_that_come_to_one_service_name_wrote_it_in_turns() {
    let mut play = Play::new();
    let service = |key: &str, image: &str| {
        format!(
            "services: {{{key}: {{image: 'registry.test/{image}', networks: [n]}}}}\nnetworks: {{n: {{}}}}\n"
        )
    };
    play.commit(&[("a.yml", &service("b_c", "web:1"))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit(&[("a_b.yml", &service("c", "web:2"))]);
    play.wrote();
    play.converge().await;
    assert_eq!(Play::held(&play.pass().await), ["a_b_c NotOurs"]);
    assert_eq!(play.wrote(), ["create network/a_b_n"]);
}

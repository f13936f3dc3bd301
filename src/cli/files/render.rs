//! `skep render SOURCE`: what declarations come to.

use serde::Serialize;
use serde_json::{Value, json};

use super::validate::loaded;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::error::Failure;
use crate::cli::start::Environment;
use crate::cli::{Exit, output};
use crate::diff::fields::{NamesById, fields};
use crate::load::Loaded;
use crate::model::{Content, Desired, DesiredData, DesiredStack, Kind, ObjectRef};
use crate::view::picture::{BothView, masked_but};
use crate::view::{ProblemView, clean, text};

/// Show what declarations come to, with everything filled in
///
/// Exit codes: 0 no errors, 2 errors.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    /// Print the bodies that would go to the engine for an empty swarm, as JSON: with the values of
    /// environment variables, without the content of secrets and configs
    #[arg(long)]
    engine: bool,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// One object, and what would be sent for it.
#[derive(Serialize)]
struct Rendered {
    kind: Kind,
    name: String,
    body: Value,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let (loaded, _) = loaded(&args.source, &args.source_args, environment).await?;
    let problems: Vec<ProblemView> = loaded.problems.iter().map(ProblemView::of).collect();
    output::note(&text::problems(&problems));
    match (args.engine, args.output.output) {
        (true, _) => output::json(&bodies(&loaded.desired)?)?,
        (false, Format::Text) => output::text(&as_text(&loaded))?,
        (false, Format::Json) => {
            let mut bodies = bodies(&loaded.desired)?;
            for one in &mut bodies {
                let mut stacks = loaded.desired.stacks.values();
                let service = stacks.find_map(|stack| stack.services.get(&one.name));
                let service = service.filter(|_| one.kind == Kind::Service);
                let reveal = service.map(|service| service.reveal.clone()).unwrap_or_default();
                one.body = masked_but(std::mem::take(&mut one.body), &reveal);
            }
            output::json(&bodies)?;
        }
        _ => return Err(Failure::plain("declarations are rendered as text or json")),
    }
    let wrong = problems.iter().any(ProblemView::is_error);
    Ok(if wrong { Exit::Error } else { Exit::Fine })
}

/// Bodies in the order in which an empty swarm would get them. skep's own labels are not in them:
/// they are put on when a step is planned.
fn bodies(desired: &Desired) -> Result<Vec<Rendered>, Failure> {
    let stacks = desired.stacks.values();
    let mut all = Vec::new();
    for stack in stacks.clone() {
        for (name, network) in &stack.networks {
            all.push(rendered(Kind::Network, name, &network.spec)?);
        }
        let secrets = stack.secrets.iter().map(|one| (Kind::Secret, one));
        let configs = stack.configs.iter().map(|one| (Kind::Config, one));
        for (kind, (name, data)) in secrets.chain(configs) {
            all.push(Rendered { kind, name: name.clone(), body: data_body(name, data) });
        }
    }
    for stack in stacks {
        for (name, service) in &stack.services {
            all.push(rendered(Kind::Service, name, &service.spec)?);
        }
    }
    Ok(all)
}

fn rendered(kind: Kind, name: &str, body: &impl Serialize) -> Result<Rendered, Failure> {
    let body = serde_json::to_value(body).map_err(|error| Failure::new("write JSON", error))?;
    Ok(Rendered { kind, name: name.to_owned(), body })
}

fn data_body(name: &str, data: &DesiredData) -> Value {
    let mut body = json!({"Name": name, "Labels": data.labels});
    if let Content::Driver(driver) = &data.content {
        body["Driver"] = json!(driver);
    }
    if let Some(templating) = &data.templating {
        body["Templating"] = json!(templating);
    }
    body
}

fn as_text(loaded: &Loaded) -> String {
    let mut text = String::new();
    for stack in loaded.desired.stacks.values() {
        text.push_str(&text::heading_line(stack.name.as_str(), &files(stack)));
        for (kind, name) in others(stack) {
            text.push_str(&format!("  {}\n", clean(&ObjectRef::new(kind, name).to_string())));
        }
        for (name, service) in stack.all_services() {
            let object = ObjectRef::new(Kind::Service, name);
            let fields = fields(&service.spec, &NamesById::new()).revealed(&service.reveal);
            let lines = BothView::of(&fields, &fields);
            text.push_str(&text::object_with_fields(&object, &lines, output::reveal()));
        }
        text.push('\n');
    }
    text
}

fn files(stack: &DesiredStack) -> String {
    stack.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn others(stack: &DesiredStack) -> impl Iterator<Item = (Kind, &String)> {
    let networks = stack.networks.keys().map(|name| (Kind::Network, name));
    let secrets = stack.secrets.keys().map(|name| (Kind::Secret, name));
    let configs = stack.configs.keys().map(|name| (Kind::Config, name));
    networks.chain(secrets).chain(configs)
}

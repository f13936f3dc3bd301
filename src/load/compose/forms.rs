//! Forms of values that occur in many places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::load::text::{self, PortRange, ShortVolume, TextError};
use crate::load::yaml::format_float;
use crate::model::engine::StringMap;
use crate::model::{ImageRef, ImageRefError, PullPolicy, Schedule, Zone};

/// Why a text does not follow the format that its place asks for.
pub type FormatError = TextError;

/// A small language inside a scalar.
pub trait Form {
    /// What a text of it means.
    type Value;
    /// Its name: `format` in the schema.
    const FORMAT: &'static str;
    /// JSON types that it may be written as.
    const TYPES: &'static [&'static str] = &["string"];
    /// An example for the schema.
    const EXAMPLE: &'static str;
    /// Reads a text.
    ///
    /// # Errors
    /// When the text does not follow the form.
    fn parse(text: &str) -> Result<Self::Value, TextError>;
}

/// A text with its meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text<F: Form>(pub F::Value);

impl<'de, F: Form> Deserialize<'de> for Text<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ScalarText(text) = ScalarText::deserialize(deserializer)?;
        F::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<F: Form> JsonSchema for Text<F> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        F::FORMAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let types = match F::TYPES {
            [one] => serde_json::json!(one),
            many => serde_json::json!(many),
        };
        json_schema!({ "type": types, "format": F::FORMAT, "examples": [F::EXAMPLE] })
    }
}

macro_rules! form {
    ($(#[$doc:meta])* $name:ident: $marker:ident = $value:ty, $format:literal, $example:expr, $parse:expr $(, $types:expr)?) => {
        #[doc = concat!("Form of `", $format, "`.")]
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $marker;

        impl Form for $marker {
            type Value = $value;
            const FORMAT: &'static str = $format;
            const EXAMPLE: &'static str = $example;
            $(const TYPES: &'static [&'static str] = $types;)?
            fn parse(text: &str) -> Result<$value, TextError> {
                $parse(text)
            }
        }

        $(#[$doc])*
        pub type $name = Text<$marker>;
    };
}

form!(
    /// A duration in nanoseconds.
    Duration: DurationForm = i64, "duration", "1m30s", text::parse_duration
);
form!(
    /// A size in bytes.
    Bytes: BytesForm = i64, "bytes", "512m", text::parse_bytes
);
form!(
    /// Swap in bytes; -1 is without limit.
    Swap: SwapForm = i64, "swap", "512m", parse_swap, &["string", "number"]
);
form!(
    /// Processors in billionths.
    Cpus: CpusForm = i64, "cpus", "0.5", text::parse_nano_cpus
);
form!(
    /// A command line, split into words.
    ShellWords: ShellWordsForm = Vec<String>, "command-line", "serve --port 80", text::split_words
);
form!(
    /// Short form of ports.
    ShortPorts: ShortPortsForm = PortRange, "ports", "8080:80", text::parse_ports, &["string", "number"]
);
form!(
    /// Short form of a volume.
    ShortVolumeText: ShortVolumeForm = ShortVolume, "volume", "data:/var/lib/data", text::parse_volume
);
form!(
    /// When the registry is asked.
    PullPolicyText: PullPolicyForm = PullPolicy, "pull-policy", MISSING, parse_pull_policy
);
form!(
    /// A cron schedule.
    ScheduleText: ScheduleForm = Schedule, "cron", "0 22 * * mon-fri", parse_schedule
);
form!(
    /// A duration in nanoseconds, more than none.
    Length: LengthForm = i64, "length", "4h", parse_length
);
form!(
    /// A time zone.
    ZoneText: ZoneForm = Zone, "time-zone", "Europe/Berlin", parse_zone
);
form!(
    /// An image reference.
    Image: ImageForm = DeclaredImage, "image", "nginx:1.27", parse_image
);

/// An image as written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredImage {
    /// As written.
    pub text: String,
    /// Taken apart.
    pub image: ImageRef,
}

fn parse_swap(text: &str) -> Result<i64, TextError> {
    match text {
        "unlimited" => Ok(-1),
        _ => text::parse_bytes(text),
    }
}

fn parse_schedule(text: &str) -> Result<Schedule, TextError> {
    Schedule::parse(text).map_err(|why| TextError::new(why.to_string()))
}

fn parse_length(text: &str) -> Result<i64, TextError> {
    let nanos = text::parse_duration(text)?;
    if nanos > 0 { Ok(nanos) } else { Err(TextError::new("is no time that something lasts")) }
}

fn parse_zone(text: &str) -> Result<Zone, TextError> {
    let unknown = || TextError::new("is no known time zone, such as Europe/Berlin or UTC");
    Zone::named(text).ok_or_else(unknown)
}

fn parse_image(text: &str) -> Result<DeclaredImage, TextError> {
    let image = text.parse().map_err(|error: ImageRefError| {
        TextError(format!(
            "is no image: {}",
            match error {
                ImageRefError::Empty => "nothing is there",
                ImageRefError::Repository(_) => {
                    "the repository has lowercase letters, digits and separators, its parts are \
                     split by '/'"
                }
                ImageRefError::Registry(_) => "the registry is no host name with a port",
                ImageRefError::Tag(_) => {
                    "the tag has at most 128 letters, digits, '_', '.', '-', and does not begin \
                     with '.' or '-'"
                }
                ImageRefError::Digest(_) => "a digest is sha256: and 64 hex digits",
            }
        ))
    })?;
    Ok(DeclaredImage { text: text.to_owned(), image })
}

/// The pull policy of a service that names none.
pub const MISSING: &str = "missing";

/// The words of `pull_policy`, with what to use instead of those that mean nothing in a swarm.
fn parse_pull_policy(text: &str) -> Result<PullPolicy, TextError> {
    let wrong = |message: &str| Err(TextError(message.to_owned()));
    match text {
        "always" => Ok(PullPolicy::Always),
        MISSING | "if_not_present" => Ok(PullPolicy::OnChange),
        "never" => wrong("can't be had: nodes of a swarm pull what they don't have; write missing"),
        "build" => wrong("can't be had: stacks run images that exist already; write missing"),
        "daily" | "weekly" => wrong("is docker compose's; write always, which follows the tag"),
        _ if text.starts_with("every_") => {
            wrong("is docker compose's; write always, which follows the tag")
        }
        _ => wrong("is no pull policy: write missing or always"),
    }
}

/// Holds a text against a format.
pub type FormatCheck = fn(&str) -> Result<(), FormatError>;

/// The check of a format by name; `None` for formats that mean nothing here.
#[must_use]
pub fn format_check(format: &str) -> Option<FormatCheck> {
    fn fits<F: Form>(text: &str) -> Result<(), FormatError> {
        F::parse(text).map(|_| ())
    }
    Some(match format {
        DurationForm::FORMAT => fits::<DurationForm>,
        BytesForm::FORMAT => fits::<BytesForm>,
        SwapForm::FORMAT => fits::<SwapForm>,
        CpusForm::FORMAT => fits::<CpusForm>,
        ShellWordsForm::FORMAT => fits::<ShellWordsForm>,
        ShortPortsForm::FORMAT => fits::<ShortPortsForm>,
        ShortVolumeForm::FORMAT => fits::<ShortVolumeForm>,
        ImageForm::FORMAT => fits::<ImageForm>,
        PullPolicyForm::FORMAT => fits::<PullPolicyForm>,
        ScheduleForm::FORMAT => fits::<ScheduleForm>,
        LengthForm::FORMAT => fits::<LengthForm>,
        ZoneForm::FORMAT => fits::<ZoneForm>,
        _ => return None,
    })
}

/// Text, or a number that is taken as docker prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScalarText(pub String);

impl<'de> Deserialize<'de> for ScalarText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(PhantomData))
    }
}

struct ScalarVisitor(PhantomData<()>);

impl Visitor<'_> for ScalarVisitor {
    type Value = ScalarText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ScalarText, E> {
        Ok(ScalarText(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<ScalarText, E> {
        Ok(ScalarText(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ScalarText, E> {
        Ok(ScalarText(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<ScalarText, E> {
        Ok(ScalarText(format_float(value)))
    }
}

impl JsonSchema for ScalarText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ScalarText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

/// One text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Words {
    /// One.
    One(String),
    /// Several.
    #[schemars(extend("uniqueItems" = true))]
    Many(Vec<String>),
}

impl Words {
    /// As a list.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word.clone()],
            Self::Many(words) => words.clone(),
        }
    }
}

/// A command line: one text that is split into words like in a shell, or the words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CommandLine {
    /// One text.
    Line(ShellWords),
    /// The words.
    Words(Vec<String>),
}

impl CommandLine {
    /// The words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Line(Text(words)) | Self::Words(words) => words.clone(),
        }
    }
}

/// A mapping of names to values, or a list of `NAME=value`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyValues {
    /// A mapping; a value may be missing.
    Map(BTreeMap<String, Option<ScalarText>>),
    /// A list; `=` may be missing.
    #[schemars(extend("uniqueItems" = true))]
    List(Vec<String>),
}

impl KeyValues {
    /// Names and values; of several entries with one name the last counts.
    #[must_use]
    pub fn pairs(&self) -> BTreeMap<String, Option<String>> {
        match self {
            Self::Map(map) => {
                let value = |value: &Option<ScalarText>| value.as_ref().map(|text| text.0.clone());
                map.iter().map(|(name, text)| (name.clone(), value(text))).collect()
            }
            Self::List(list) => list
                .iter()
                .map(|entry| match entry.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (entry.clone(), None),
                })
                .collect(),
        }
    }

    /// Names and values, where a missing value is empty.
    #[must_use]
    pub fn filled(&self) -> StringMap {
        self.pairs().into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
    }
}

/// Environment variables: a mapping of names to values, which may be booleans, or a list of
/// `NAME=value`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Environment {
    /// A mapping; a value may be missing.
    Map(BTreeMap<String, Option<AnyScalar>>),
    /// A list; `=` may be missing.
    #[schemars(extend("uniqueItems" = true))]
    List(Vec<String>),
}

impl Environment {
    /// Names and values; of several entries with one name the last counts.
    #[must_use]
    pub fn pairs(&self) -> BTreeMap<String, Option<String>> {
        match self {
            Self::Map(map) => {
                let text = |value: &Option<AnyScalar>| value.as_ref().map(AnyScalar::text);
                map.iter().map(|(name, value)| (name.clone(), text(value))).collect()
            }
            Self::List(list) => KeyValues::List(list.clone()).pairs(),
        }
    }
}

/// Text, a number or a boolean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AnyScalar {
    /// Text or a number.
    Text(ScalarText),
    /// `true` or `false`.
    Flag(bool),
}

impl AnyScalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.0.clone(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

//! What is told to people and programs: one picture of a report, and ways to draw it.
//!
//! The picture ([`ReportView`]) is the one JSON contract of the commands and the API. Values that
//! may be secret stand in it as [`Veiled`]: their serialisation is always `(hidden)`, and only
//! text that goes to a terminal asks for more (law 10). Whatever came from outside is made
//! harmless to terminals and browsers where it is drawn.

mod basis;
mod clean;
pub mod compose;
pub mod picture;
pub mod render;
pub mod text;
mod veil;
mod words;
pub mod yaml;

#[cfg(test)]
mod tests;

pub use basis::{BASIS_FORMAT, Basis, SourceBasis, StackBasis};
pub use clean::{clean, clean_json};
pub use picture::{
    BothView, ConditionView, Counts, DriftView, EngineView, ExplainView, FieldView, FollowView,
    HeldRevisionView, HeldView, HistoryView, ImageHistoryView, ImageView, ImagesView, JobView,
    KnownStackView, LogView, MemoryView, NodesView, OperatorView, OutcomeView, PastView, PinView,
    ProblemView, PruneView, RebalancingView, ReportView, RunView, ServiceView, SourceView,
    SpecsView, StackView, StatusView, StepView, SuspensionView, TaskView, WrittenView,
};
pub use veil::{HIDDEN, Reveal, Veil, Veiled};
pub use words::{action as action_words, cause as cause_words};

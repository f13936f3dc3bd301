//! The serialisable picture of a report: the JSON contract.

mod held;
mod problem;
mod report;
mod stack;
mod step;

pub use held::HeldView;
pub use problem::ProblemView;
pub use report::{Counts, EngineView, FORMAT, ReportView, SourceView};
pub use stack::{ConditionView, DriftView, FieldView, OutcomeView, ServiceView, StackView};
pub use step::{StepView, masked};

//! The serialisable picture of a report: the JSON contract.

mod explain;
mod held;
mod history;
mod images;
mod job;
mod log;
mod nodes;
mod problem;
mod rebalancing;
mod remembered;
mod removal;
mod report;
mod stack;
mod status;
mod step;

pub use explain::{BothView, ExplainView, TaskView};
pub use held::HeldView;
pub use history::{HistoryView, PastView, PinView};
pub use images::{
    FollowView, ImageHistoryView, ImageView, ImagesView, PastImagesView, StaysView, TagView,
};
pub use job::{JobView, RunView};
pub use log::LogView;
pub use nodes::NodesView;
pub use problem::ProblemView;
pub use rebalancing::RebalancingView;
pub use remembered::{MemoryView, OperatorView, SpecsView, WrittenView};
pub use removal::{GuardView, LeftView, PruneView, RemovalView};
pub use report::{Counts, EngineView, FORMAT, ReportView, SourceView};
pub use stack::{
    ConditionView, DriftView, FieldView, IgnoredView, OutcomeView, ServiceView, StackView,
};
pub use status::{HeldRevisionView, KnownStackView, StatusView, SuspensionView};
pub use step::{Bodies, StepView, masked, masked_but};
pub(super) use step::{body as step_body, target as step_target};

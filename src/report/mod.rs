//! Reports: the outcome of each manifest, the summary of an operation, and the events that lead to both.
//!
//! Invariant: the outcomes counted sum to `selected`.

mod backup;
mod counts;
mod diagnosis;
mod enforcement;
mod event;
mod exit;
mod outcome;
mod status;
mod stop;
mod summary;

pub use backup::{Backup, Fate};
pub use counts::{Counts, RouteCount, counted, grouped};
pub use diagnosis::Diagnosis;
pub use enforcement::Enforcement;
pub use event::{Event, Sink, Start, Watch};
pub use exit::{ExitCode, ExitTerms};
pub use outcome::{Difference, Outcome, Verified};
pub use status::Status;
pub use stop::{Signal, Stop};
pub use summary::{FieldCount, Summary, SurveyResult};

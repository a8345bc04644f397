//! Reports: the outcome of each manifest, the summary of an operation, and the events that lead to both.
//!
//! Pure data: how it is printed is the business of the sinks.
//!
//! Invariant: the outcomes counted sum to `selected`.

mod counts;
mod diagnosis;
mod enforcement;
mod event;
mod numbers;
mod outcome;
mod status;
mod stop;
mod summary;
mod survey;
mod verified;

pub use counts::{Counts, RouteCount};
pub use diagnosis::Diagnosis;
pub use enforcement::Enforcement;
pub use event::{Event, Head, Sink, Watch};
pub use numbers::{counted, grouped};
pub use outcome::{Difference, Outcome};
pub use status::Status;
pub use stop::{Signal, Stop};
pub use summary::Summary;
pub use survey::{FieldCount, SurveyResult};
pub use verified::Verified;

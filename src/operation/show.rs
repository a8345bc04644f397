//! Shows one manifest at a version: migration on read, from a storage.
//!
//! Reads only, takes no lock.
//!
//! Invariant: the text is the one that a migration would write, byte for byte.

use super::find::visit_only;
use super::frame::Frame;
use super::scope::Scope;
use crate::engine::Plan;
use crate::read::{self, Reading};
use crate::report::{Diagnosis, Stop};
use crate::version::Version;

/// Reads the selected manifest into `buffer`, as it is at `target` or at the latest version of its kind.
///
/// # Errors
/// The target does not exist, the manifest cannot be read, or it would be refused; the code says which.
pub fn show<'b>(
    frame: &Frame<'_>,
    target: Option<&Version>,
    buffer: &'b mut Vec<u8>,
) -> Result<Reading<'b>, Stop> {
    let path = frame.only_manifest()?;
    Plan::new(frame.catalog, target.cloned(), true)?;
    let scope = Scope::of(frame.catalog, &frame.request.selection)?;
    let mut read = Ok(());
    visit_only(frame, &scope, &mut |visit, _| {
        let directory = visit.readable();
        let got = directory.and_then(|directory| {
            let got = directory.read(path.name(), usize::MAX, buffer);
            got.unwrap_or_else(|larger| Err(larger.into()))
        });
        read = got.map(drop);
    })?;
    let stopped = |diagnosis: Diagnosis| Stop::from(diagnosis.at(path.clone()));
    read.map_err(stopped)?;
    let reading = read::of(
        frame.catalog,
        (path.file_name(), buffer),
        target,
        frame.request.now,
    );
    reading.map_err(|refusal| stopped(Diagnosis::from(&refusal)))
}
